"""The command ``ws-service``."""

import argparse
import sys

from ws_service import __version__
from ws_service.cli import serve


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="ws-service", description="Real-time push beside an existing Django site."
    )
    parser.add_argument("--version", action="version", version=f"ws-service {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    serve.add_parser(commands)
    args = parser.parse_args(arguments)
    return int(args.run(args))


if __name__ == "__main__":
    sys.exit(main())
