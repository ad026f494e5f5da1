"""The command line of `dev.py`."""

import argparse
import functools
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from devkit import (
    addresses,
    bench,
    checkout,
    cleanup,
    client_sdk,
    requirements,
    run,
    screenshot,
    step,
    suite,
    virtualenv,
)
from devkit.command_lock import CommandLock
from devkit.containers import images
from devkit.failure import Failure
from devkit.interruption import Interrupted, Interruption
from devkit.step import Outcome
from devkit.terminal import Terminal
from devkit.virtualenv import VirtualEnvironment

_TOOL_TIMEOUT_S = 600.0
_SIMULATION_TIMEOUT_S = 24 * 3600.0
_EPILOG = """\
Everything is made inside the checkout, in .venv and .dev. Make has the same commands:
make run, make test, make lint, …
"""

_Work = Callable[[VirtualEnvironment, Terminal, Interruption], list[Outcome]]


def main(arguments: list[str]) -> int:
    """Do what the command line says; gives the exit status."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    if rest and not options.takes_more:
        parser.error(f"{options.command} does not know {' '.join(rest)}")
    terminal = Terminal()
    try:
        status: int = options.act(options, rest, terminal)
    except Interrupted as interrupted:
        terminal.line()
        terminal.line("Stopped.")
        return 128 + interrupted.signum
    except PermissionError as error:
        terminal.problem(f"{error.filename or 'something'} is not for this user: {error.strerror}")
        return 1
    except Failure as failure:
        terminal.problem(failure.message)
        terminal.excerpt(failure.log_tail)
        return 1
    return status


def _run(options: argparse.Namespace, _: list[str], terminal: Terminal) -> int:
    wishes = run.Wishes(options.port, options.service_port, options.state.resolve())
    return run.run(wishes, terminal)


def _test(options: argparse.Namespace, rest: list[str], terminal: Terminal) -> int:
    wishes = suite.Wishes(options.all, options.python, tuple(rest), options.state.resolve())
    with Interruption() as interruption, CommandLock("test", wishes.state):
        return suite.test(wishes, terminal, interruption)


def _containers(options: argparse.Namespace, rest: list[str], terminal: Terminal) -> int:
    wishes = suite.Wishes(pytest_arguments=tuple(rest))
    with Interruption() as interruption, CommandLock("containers", wishes.state):
        return suite.containers(wishes, terminal, interruption)


def _images(_options: argparse.Namespace, _: list[str], terminal: Terminal) -> int:
    with Interruption() as interruption, CommandLock("containers", checkout.STATE):
        outcomes = images.build(terminal, interruption)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _lint(_options: argparse.Namespace, _: list[str], terminal: Terminal) -> int:
    return _work(suite.lint, terminal)


def _format(_options: argparse.Namespace, _: list[str], terminal: Terminal) -> int:
    return _work(_ruff_format, terminal)


def _lock(options: argparse.Namespace, _: list[str], terminal: Terminal) -> int:
    return _work(
        lambda venv, terminal, interruption: requirements.lock(
            venv, terminal, interruption, upgrade=options.upgrade
        ),
        terminal,
    )


def _sdk(_options: argparse.Namespace, _: list[str], terminal: Terminal) -> int:
    with Interruption() as interruption:
        python: str | Path = sys.executable
        # Debian's own has no pip. Only where there is none: the rest of the environment is large.
        if importlib.util.find_spec("pip") is None:
            venv = VirtualEnvironment(checkout.ROOT / ".venv")
            venv.ensure(virtualenv.RUN, terminal, interruption)
            python = venv.python
        client_sdk.ensure(python, terminal, interruption)
    return 0


def _screenshot(_options: argparse.Namespace, _: list[str], terminal: Terminal) -> int:
    with CommandLock("screenshot", screenshot.STATE):
        return _work(screenshot.take, terminal)


def _bench(options: argparse.Namespace, rest: list[str], terminal: Terminal) -> int:
    if unknown := bench.unknown(options.names):
        raise Failure(f"there is no benchmark {unknown}: {', '.join(bench.NAMES)}")
    with CommandLock("bench", bench.STATE):
        return _work(functools.partial(bench.measure, options.names, rest), terminal)


def _simulate(_options: argparse.Namespace, rest: list[str], terminal: Terminal) -> int:
    return _work(functools.partial(_simulated, rest), terminal)


def _simulated(
    arguments: list[str], venv: VirtualEnvironment, terminal: Terminal, interruption: Interruption
) -> list[Outcome]:
    argv: list[str | Path] = [venv.python, "-m", "tests.simulation", *arguments]
    limit_s = _SIMULATION_TIMEOUT_S
    return [step.take("simulate", argv, terminal, interruption, timeout_s=limit_s, streams=True)]


def _clean(_options: argparse.Namespace, _: list[str], terminal: Terminal) -> int:
    return cleanup.clean(terminal)


def _ruff_format(
    venv: VirtualEnvironment, terminal: Terminal, interruption: Interruption
) -> list[Outcome]:
    commands: dict[str, list[str | Path]] = {
        "ruff check --fix": [venv.python, "-m", "ruff", "check", "--fix-only", "."],
        "ruff format": [venv.python, "-m", "ruff", "format", "."],
    }
    return [
        step.take(name, argv, terminal, interruption, timeout_s=_TOOL_TIMEOUT_S)
        for name, argv in commands.items()
    ]


def _work(work: _Work, terminal: Terminal) -> int:
    """Do `work` in the environment of the tests, which has every tool."""
    with Interruption() as interruption:
        venv = VirtualEnvironment(checkout.ROOT / ".venv")
        venv.ensure(virtualenv.TEST, terminal, interruption)
        outcomes = work(venv, terminal, interruption)
    for outcome in outcomes:
        terminal.line(outcome.row(terminal))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py", epilog=_EPILOG, allow_abbrev=False, description="What a clone can do."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def add(
        name: str, act: Callable[..., int], text: str, *, takes_more: bool = False
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.set_defaults(act=act, takes_more=takes_more)
        return command

    def add_state(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "--state", type=Path, default=checkout.STATE, help="folder for data and logs (.dev)"
        )

    command = add("run", _run, "start the example site, the service beside it, and Redis")
    command.epilog = run.__doc__.partition("\n\n")[2] if run.__doc__ else None
    command.add_argument(
        "--port", type=int, help=f"of the site; {addresses.SITE_PORT} or the next free one"
    )
    command.add_argument(
        "--service-port", type=int, help=f"{addresses.SERVICE_PORT} or the next free one"
    )
    add_state(command)
    command = add(
        "test", _test, "all checks, and the tests; more arguments go to pytest", takes_more=True
    )
    command.add_argument(
        "--all", action="store_true", help="leave nothing out, and use every Python found"
    )
    command.add_argument("--python", metavar="PATH", help="the interpreter to test with")
    add_state(command)
    add("lint", _lint, "ruff, mypy and lint-imports")
    add("format", _format, "let ruff format and mend the code")
    command = add("lock", _lock, "make requirements/*.txt anew from the *.in beside them")
    command.add_argument("--upgrade", action="store_true", help="take the newest versions")
    add("sdk", _sdk, "fetch the browser SDK, which the wheel and the image need")
    command = add(
        "bench",
        _bench,
        "measure beside Channels' tutorial; more arguments go to the benchmark",
        takes_more=True,
    )
    command.add_argument(
        "names", nargs="*", metavar="name", help=f"{', '.join(bench.NAMES)}; all without one"
    )
    add(
        "simulate",
        _simulate,
        "thousands of simulated faults against the delivery contract; --seeds, --first, --seed",
        takes_more=True,
    )
    add("images", _images, "build the two images without a Docker engine; say size and time")
    add(
        "containers",
        _containers,
        "build the images and test what runs from them; more arguments go to pytest",
        takes_more=True,
    )
    add("screenshot", _screenshot, "take pictures of the example site's pages")
    add("clean", _clean, "remove .dev, .venv and caches")
    return parser
