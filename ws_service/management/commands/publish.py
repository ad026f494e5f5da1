"""``manage.py publish orders:42 '{"status": "paid"}'``."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from io import StringIO
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ws_service.chunks import in_chunks
from ws_service.errors import WsServiceError
from ws_service.publishing import publish, publish_many

LINES_TOGETHER: Final = 500
"""Lines that are read and checked before they are published."""

_STDIN: Final = "-"
_EPILOG: Final = """\
manage.py publish orders:42 '{"status": "paid"}'
manage.py publish --lines sensors:7 - < readings.jsonl
"""


class Command(BaseCommand):
    """Publishes at once, and says where the topic stands then."""

    help = "Publish JSON to a topic, and print its position: <offset>:<epoch>."

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, epilog=_EPILOG, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("topic", help="its name, as in orders:42")
        parser.add_argument("data", help='JSON; a text is \'"paid"\'; "-" reads standard input')
        parser.add_argument(
            "--lines", action="store_true", help="each line of the data is a publication of its own"
        )
        parser.add_argument(
            "--idempotency-key",
            metavar="KEY",
            help="what was published with it in the last 5 minutes isn't published again;"
            " with --lines each line has its own: KEY:1, KEY:2, …",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        topic, key = options["topic"], options["idempotency_key"]
        source = sys.stdin if options["data"] == _STDIN else StringIO(options["data"])
        try:
            if options["lines"]:
                return _publish_lines(topic, source, key)
            data = _json_of(source.read())
            position = publish(topic, data, idempotency_key=key, on_commit=False)
        except (WsServiceError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        return str(position) if position and position.offset else "published"


def _publish_lines(topic: str, lines: Iterable[str], key: str | None) -> str:
    """Raises CommandError for a line that is no JSON: those of earlier chunks are published."""
    count, last = 0, None
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    for together in in_chunks(numbered, LINES_TOGETHER):
        publications = [
            (topic, _json_of(line, f"line {number}: "), f"{key}:{number}")
            if key
            else (topic, _json_of(line, f"line {number}: "))
            for number, line in together
        ]
        positions = publish_many(publications, on_commit=False) or []
        count, last = count + len(positions), positions[-1]
    return f"{count} published" + (f", the last at {last}" if last and last.offset else "")


def _json_of(text: str, where: str = "") -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(
            f"{where}{text.strip()[:60]!r} is no JSON: {error}. A text is written '\"paid\"'."
        ) from error
