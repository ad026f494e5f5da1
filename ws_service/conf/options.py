"""The keys of ``settings.WS_SERVICE``: types, defaults, bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

_MOST: Final = 2**31 - 1  # more seconds than timers and sockets take


@dataclass(frozen=True, slots=True)
class Option:
    """One key of ``WS_SERVICE``: its type, its default, its bound where it is a number."""

    type: type | tuple[type, ...]
    default: Any
    least: float | None = None
    hint: str = ""

    def problem(self, value: object) -> str | None:
        if isinstance(value, float) and not isfinite(value):
            return f"must be a number, not {value}"
        if isinstance(value, bool) or not isinstance(value, self.type):
            names = [
                "None" if t is type(None) else t.__name__
                for t in (self.type if isinstance(self.type, tuple) else (self.type,))
            ]
            return f"must be {' or '.join(names)}, not {type(value).__name__}"
        if isinstance(value, list | tuple) and not all(isinstance(each, str) for each in value):
            return "must hold strings only"
        if isinstance(value, int | float) and value > _MOST:
            return f"must be {_MOST} or less"
        if self.least is not None and isinstance(value, int | float) and value < self.least:
            return f"must be {self.least:g} or more, not {value:g}"
        return None


OPTIONS: Mapping[str, Option] = {
    "ROUTING": Option((str, type(None)), None),
    "MIDDLEWARE": Option((list, tuple), (), hint='Write ["mysite.middleware.Tenants"].'),
    "CHANNEL_LAYER": Option(str, "default"),
    "ALLOWED_ORIGINS": Option((list, tuple), (), hint='Write ["https://www.example.com"].'),
    "DATABASE_THREADS": Option(int, 4, least=1),
    "PING_INTERVAL": Option((int, float), 25, least=1),
    "MAX_MESSAGE_SIZE": Option(int, 1_048_576, least=1_024),
    "REDIS_URL": Option((str, type(None)), None, hint='Write "redis://redis:6379/0".'),
    "PREFIX": Option(str, "ws_service"),
    "CLIENT_URL": Option(
        (str, type(None)), None, hint='None, ":8001" or "wss://live.example.com".'
    ),
    "SEND_BUFFER_BYTES": Option(int, 1_048_576, least=65_536),
    "MAX_COMMAND_SIZE": Option(int, 65_536, least=1_024),
    "MAX_SUBSCRIPTIONS": Option(int, 128, least=1),
    "MAX_PUBLICATION_SIZE": Option(int, 65_536, least=64),
    "PUBLISH_TIMEOUT": Option((int, float), 2, least=0.1),
    "PRESENCE_LEASE": Option((int, float), 15, least=2),
    "TOKEN_KEY": Option((str, type(None)), None, hint="Write 32 random characters or more."),
    "TOKEN_KEY_FALLBACKS": Option((list, tuple), (), hint="Earlier TOKEN_KEYs, each a str."),
    "TOKEN_AUDIENCE": Option(str, "ws_service"),
    "TOPICS": Option((str, type(None)), None, hint='Write "/etc/ws-service/topics.toml".'),
    "API_KEY": Option((str, type(None)), None, hint="Write 16 random characters or more."),
    "API_BIND": Option(str, "127.0.0.1:8003"),
}
