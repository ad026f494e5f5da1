"""A way to serve WebSockets: how the server is started and what its clients speak."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.dialect import Centrifuge, Dialect, TutorialChat

ROOT = Path(__file__).resolve().parent.parent
TEXTBOOK = ROOT / "benchmarks" / "textbook"
OURS: Mapping[str, str] = {"DJANGO_SETTINGS_MODULE": "benchmarks.site.settings"}


@dataclass(frozen=True, slots=True)
class Contestant:
    """One server process, and the process that publishes to it.

    argv: the interpreter's arguments; ``{port}`` becomes the port.
    publisher: the module that publishes.
    target: the group or topic that clients of the fan-out share.
    """

    name: str
    title: str
    dialect: Dialect
    argv: Sequence[str]
    publisher: str
    target: str
    folder: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, port: int) -> list[str]:
        return [sys.executable, *(part.replace("{port}", str(port)) for part in self.argv)]


def _textbook(layer: str) -> Contestant:
    return Contestant(
        name=f"textbook-{layer}",
        title=f"Daphne, Channels consumer, {layer} layer",
        dialect=TutorialChat(),
        argv=("-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "mysite.asgi:application"),
        publisher="benchmarks.publishers.group",
        target="chat_lobby",
        folder=TEXTBOOK,
        environment={"DJANGO_SETTINGS_MODULE": "mysite.settings", "CHANNEL_LAYER": layer},
    )


def _ours(server: str, title: str, argv: Sequence[str]) -> Contestant:
    return Contestant(
        name=f"ours-{server}",
        title=title,
        dialect=Centrifuge(),
        argv=argv,
        publisher="benchmarks.publishers.topic",
        target="room:1",
        environment=OURS,
    )


CORE = _textbook("core")
PUBSUB = _textbook("pubsub")
DAPHNE = _ours(
    "daphne",
    "this service, ws-service serve (Daphne)",
    ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
)
UVICORN = _ours(
    "uvicorn",
    "this service, Uvicorn",
    (
        *("-m", "uvicorn", "benchmarks.site.asgi:application"),
        *("--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning"),
    ),
)
ALL: Sequence[Contestant] = (CORE, PUBSUB, DAPHNE, UVICORN)
