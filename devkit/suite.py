"""`python3 dev.py test`: every check of the project, in the order of how fast they say no.

Without `--all`: no root, any laptop; tests that the machine can't run skip themselves and are
listed. With `--all` nothing may be left out, and the tests run on each supported Python found.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from devkit import checkout, client_sdk, interpreters, older_sdks, report, step, virtualenv
from devkit.containers import engine, images, recipe
from devkit.containers.meanwhile import ImagesMeanwhile
from devkit.interpreters import Interpreter
from devkit.interruption import Interruption
from devkit.report import Report
from devkit.step import Outcome
from devkit.terminal import Terminal
from devkit.virtualenv import VirtualEnvironment

_LINT_TIMEOUT_S = 600.0
_PYTEST_TIMEOUT_S = 1500.0
# A browser says nothing more on a second Python; nor do long runs and these tools themselves.
_ONE_PYTHON_IS_ENOUGH = "not browser and not once"
# Tests with server processes take most of the time: on the first Python and on the newest one.
_TWO_PYTHONS_ARE_ENOUGH = f"{_ONE_PYTHON_IS_ENOUGH} and not servers"
# Most tests wait for processes most of the time. A choice of one's own runs one after the other:
# pytest then says how many tests it has left out.
_SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")
# These run inside a Docker engine of their own, as a step of their own.
_CONTAINERS = "tests/deploy/containers"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asked for."""

    everything: bool = False
    python: str | None = None
    pytest_arguments: tuple[str, ...] = ()
    state: Path = checkout.STATE

    @property
    def logs(self) -> Path:
        """Where the output of the steps goes."""
        return self.state / "logs"


@dataclass(slots=True)
class _Results:
    outcomes: list[Outcome] = field(default_factory=list)
    reports: list[tuple[str, Report]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def lint(
    venv: VirtualEnvironment,
    terminal: Terminal,
    interruption: Interruption,
    *,
    logs: Path = checkout.STATE / "logs",
) -> list[Outcome]:
    """Run what reads the code without running it; every step, also after a failure."""
    commands: dict[str, Sequence[str | Path]] = {
        "ruff check": [venv.python, "-m", "ruff", "check", "."],
        "ruff format": [venv.python, "-m", "ruff", "format", "--check", "."],
        "mypy": [venv.python, "-m", "mypy"],
        "lint-imports": [venv.script("lint-imports")],
    }
    return [
        step.take(name, argv, terminal, interruption, timeout_s=_LINT_TIMEOUT_S, logs=logs)
        for name, argv in commands.items()
    ]


def test(wishes: Wishes, terminal: Terminal, interruption: Interruption) -> int:
    """Run the checks and the tests; gives the exit status.

    Raises:
        Failure: an environment can't be made, or an SDK not fetched.
        Interrupted: somebody asked for the end meanwhile.
    """
    started_at_s = time.monotonic()
    results = _Results()
    with contextlib.ExitStack() as meanwhile:
        building = None
        if wishes.everything:
            recipe.check()
            building = meanwhile.enter_context(ImagesMeanwhile(wishes.logs))
        venv = environment_for(wishes.python)
        _checks(venv, wishes, results, terminal, interruption)
        if building:
            _other_pythons(venv, wishes, results, terminal, interruption)
            built = [building.outcome(terminal, interruption)]
            _containers(venv, wishes, results, built, terminal, interruption)
        else:
            results.remarks.append("other Pythons: dev.py test --all runs those that it finds")
    if not wishes.everything and not wishes.pytest_arguments:
        results.remarks.append(f"{_CONTAINERS}: dev.py containers builds images and runs them")
    return _summary(results, wishes, terminal, time.monotonic() - started_at_s)


def _checks(
    venv: VirtualEnvironment,
    wishes: Wishes,
    results: _Results,
    terminal: Terminal,
    interruption: Interruption,
) -> None:
    """Make the environment, read the code, run the tests."""
    venv.ensure(virtualenv.TEST, terminal, interruption)
    client_sdk.ensure(venv.python, terminal, interruption)
    older_sdks.ensure(venv.python, terminal, interruption)
    if wishes.everything or not wishes.pytest_arguments:
        results.outcomes += lint(venv, terminal, interruption, logs=wishes.logs)
    else:
        results.remarks.append("ruff, mypy, lint-imports: you asked for certain tests only")
    _pytest(venv, wishes, results, terminal, interruption)


def containers(wishes: Wishes, terminal: Terminal, interruption: Interruption) -> int:
    """Build the images and run the tests of what is started from them; gives the exit status.

    Raises:
        Failure: this machine can't, or an environment can't be made.
        Interrupted: somebody asked for the end meanwhile.
    """
    started_at_s = time.monotonic()
    venv = environment_for(None)
    venv.ensure(virtualenv.TEST, terminal, interruption)
    client_sdk.ensure(venv.python, terminal, interruption)
    results = _Results()
    built = images.build(terminal, interruption)
    _containers(venv, wishes, results, built, terminal, interruption)
    return _summary(results, wishes, terminal, time.monotonic() - started_at_s)


def environment_for(python: str | None) -> VirtualEnvironment:
    """Give `.venv`, or `.venv-3.12` when another Python than `.venv`'s was asked for.

    Raises:
        Failure: `python` doesn't run or isn't supported.
    """
    main = VirtualEnvironment(checkout.ROOT / ".venv")
    return main if python is None else _beside(main, interpreters.named(python))


def _beside(main: VirtualEnvironment, interpreter: Interpreter) -> VirtualEnvironment:
    if interpreter.series == main.series:
        return main
    folder = checkout.ROOT / f".venv-{interpreter.series}"
    return VirtualEnvironment(folder, interpreter=interpreter.path)


def _other_pythons(
    main: VirtualEnvironment,
    wishes: Wishes,
    results: _Results,
    terminal: Terminal,
    interruption: Interruption,
) -> None:
    found, missing = interpreters.find(besides=main.series)
    if missing:
        results.remarks.append(f"Python {', '.join(missing)}: not on this machine")
    dot_venv = VirtualEnvironment(checkout.ROOT / ".venv")
    for interpreter in found:
        venv = _beside(dot_venv, interpreter)
        venv.ensure(virtualenv.TEST, terminal, interruption)
        is_newest = interpreter is found[-1]
        selection = _ONE_PYTHON_IS_ENOUGH if is_newest else _TWO_PYTHONS_ARE_ENOUGH
        _pytest(venv, wishes, results, terminal, interruption, selection=selection)


def _containers(
    venv: VirtualEnvironment,
    wishes: Wishes,
    results: _Results,
    built: Sequence[Outcome],
    terminal: Terminal,
    interruption: Interruption,
) -> None:
    """If all images are there, run what is tested with them."""
    prepared = [*built, *engine.fetch_compose(terminal, interruption)]
    results.outcomes += prepared
    if not all(outcome.is_good for outcome in prepared):
        results.remarks.append(f"{_CONTAINERS}: an image is missing")
        return
    arguments = () if wishes.everything else wishes.pytest_arguments
    if not any(argument.startswith("tests/") for argument in arguments):
        arguments = (_CONTAINERS, *arguments)
    run = _Run("pytest in containers", arguments, engine.inside, engine.environment())
    _take(venv, run, wishes, results, terminal, interruption)


def _pytest(
    venv: VirtualEnvironment,
    wishes: Wishes,
    results: _Results,
    terminal: Terminal,
    interruption: Interruption,
    *,
    selection: str = "",
) -> None:
    """Run the tests; `selection`: which of them, on a Python that is not the first."""
    is_whole = bool(selection or not wishes.pytest_arguments)
    arguments = (
        *(["-m", selection] if selection else []),
        *([*_SIDE_BY_SIDE, f"--ignore={_CONTAINERS}"] if is_whole else []),
        *wishes.pytest_arguments,
    )
    run = _Run(f"pytest on {venv.series}", arguments, may_deselect=bool(selection))
    seen = _take(venv, run, wishes, results, terminal, interruption)
    if selection:
        results.remarks.append(f"{run.name}: tests that say nothing more there ({selection})")
    elif not wishes.everything:
        results.remarks += seen.reasons()


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of pytest; `around` gives the command line that starts it where it should run."""

    name: str
    arguments: tuple[str, ...]
    around: Callable[[Sequence[str | Path]], Sequence[str | Path]] = tuple
    env: Mapping[str, str] = field(default_factory=dict)
    may_deselect: bool = False


def _take(
    venv: VirtualEnvironment,
    run: _Run,
    wishes: Wishes,
    results: _Results,
    terminal: Terminal,
    interruption: Interruption,
) -> Report:
    junit_file = wishes.logs / f"{run.name.replace(' ', '-')}.xml"
    junit_file.unlink(missing_ok=True)
    argv: list[str | Path] = [
        *(venv.python, "-m", "pytest", f"--junitxml={junit_file}"),
        *(["--color=yes"] if terminal.has_colour else []),
        *run.arguments,
    ]
    outcome = step.take(
        run.name,
        run.around(argv),
        terminal,
        interruption,
        timeout_s=_PYTEST_TIMEOUT_S,
        logs=wishes.logs,
        streams=terminal.is_interactive,
        extra_env={**run.env, **({"WS_SERVICE_TEST_ALL": "1"} if wishes.everything else {})},
    )
    seen = report.read(junit_file, outcome.output)
    if wishes.everything:
        outcome = replace(outcome, problems=seen.complaints(may_deselect=run.may_deselect))
    results.outcomes.append(outcome)
    results.reports.append((run.name, seen))
    return seen


def _summary(results: _Results, wishes: Wishes, terminal: Terminal, took_s: float) -> int:
    terminal.line()
    for outcome in results.outcomes:
        terminal.line(outcome.row(terminal))
        for problem in outcome.problems:
            terminal.line(f"    {problem}")
    terminal.line(f"  {'in all':<28} {took_s:7.1f} s")
    if results.remarks:
        terminal.line("Left out:")
        for remark in results.remarks:
            terminal.line(f"  {remark}")
    is_good = all(outcome.is_good for outcome in results.outcomes)
    if not is_good:
        failed = ", ".join(outcome.name for outcome in results.outcomes if not outcome.is_good)
        terminal.problem(f"failed: {failed}; the whole output is in {checkout.brief(wishes.logs)}/")
    # Last, and as pytest wrote them: machines look for "N passed" there.
    for _, seen in reversed(results.reports):
        terminal.line(seen.closing_line)
    return 0 if is_good else 1
