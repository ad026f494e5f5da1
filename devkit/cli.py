"""The command line of `dev.py`."""

import argparse
from pathlib import Path

from devkit import run
from devkit.terminal import Terminal


def main(arguments: list[str]) -> int:
    """Do what the command line says; gives the exit status."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    terminal = Terminal()
    if options.command is None:
        parser.print_help()
        return 0
    if rest:
        parser.error(f"unrecognised: {' '.join(rest)}")
    wishes = run.Wishes(
        port=options.port, service_port=options.service_port, state=options.state.resolve()
    )
    return run.run(wishes, terminal)


def _parser() -> argparse.ArgumentParser:
    from devkit import checkout

    parser = argparse.ArgumentParser(prog="dev.py", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command")
    start = commands.add_parser("run", allow_abbrev=False)
    start.add_argument("--port", type=int)
    start.add_argument("--service-port", type=int)
    start.add_argument("--state", type=Path, default=checkout.STATE)
    return parser
