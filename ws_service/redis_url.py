"""A Redis by its URL: ``redis://user:password@host:6379/0``, ``rediss://…``, ``unix:///path?db=0``.

It is read here, and not by redis-py, which takes what can't be meant: a database that is no number
is 0, no host is this machine, and a parameter that it doesn't know fails when somebody connects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from ws_service.errors import InvalidRedisUrl

DEFAULT_PORT: Final = 6379
SCHEMES: Final = ("redis", "rediss", "unix")

TLS_OPTIONS: Final = {
    *("ssl_ca_certs", "ssl_ca_data", "ssl_certfile", "ssl_ciphers", "ssl_keyfile"),
    *("ssl_cert_reqs", "ssl_check_hostname"),
}
"""Those that every redis-py from 6 on takes, blocking and asynchronous."""


_NUMBERS: Final = {
    *("socket_timeout", "socket_connect_timeout", "socket_read_size", "timeout"),
    *("health_check_interval", "max_connections", "protocol"),
}
_BOOLEANS: Final = {"socket_keepalive", "retry_on_timeout", "ssl_check_hostname"}
NOT_OURS: Final = _NUMBERS | {"socket_keepalive", "retry_on_timeout", "client_name"}
"""How some client waits, not where a Redis is: taken, because others read the same URL, and left
aside. The limits of this package are its own.
"""

_KNOWN: Final = TLS_OPTIONS | NOT_OURS | {"db", "username", "password"}
_TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("1", "t", "true", "y", "yes"), True),
    **dict.fromkeys(("0", "f", "false", "n", "no"), False),
}
_CERT_REQS: Final = ("none", "optional", "required")
_ESCAPES: Final = "write / ? # [ ] @ : % in a password as %2F %3F %23 %5B %5D %40 %3A %25"


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """Where a Redis is, and who asks it.

    host: ``""`` for a unix socket. path: of a unix socket, else ``""``.
    tls: redis-py's ``ssl_…`` options, for ``rediss`` only.
    names_database: False where database 0 is only what is meant by none.
    """

    scheme: str
    host: str = ""
    port: int = DEFAULT_PORT
    path: str = ""
    database: int = 0
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    tls: Mapping[str, str | bool] = field(default_factory=dict, repr=False)
    names_database: bool = field(default=True, compare=False)

    @classmethod
    def parse(cls, url: str) -> "RedisUrl":
        """Raises InvalidRedisUrl; its text has nothing of the URL, which may hold a password."""
        if not url.startswith(tuple(f"{scheme}://" for scheme in SCHEMES)):
            raise InvalidRedisUrl("it starts with redis://, rediss:// or unix://")
        if "#" in url:
            raise InvalidRedisUrl(f"it has a '#'; {_ESCAPES}")
        try:
            url.encode()
            parts = urlsplit(url)
            port = DEFAULT_PORT if parts.port is None else parts.port
        except ValueError:
            # From None: the library's own text shows a part of the password.
            raise InvalidRedisUrl(f"its port can't be read; {_ESCAPES}") from None
        options = _options(parts)
        database = _database(parts, options)
        return cls(
            scheme=parts.scheme,
            host=_host(parts),
            port=_port(port),
            path=_path(parts),
            database=int(database or 0),
            username=unquote(parts.username or "") or options.get("username", ""),
            password=unquote(parts.password or "") or options.get("password", ""),
            tls=_tls(parts.scheme, options),
            names_database=bool(database),
        )

    @property
    def address(self) -> str:
        """Host, port and database, for a log: no user, no password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = self.path if self.scheme == "unix" else f"{host}:{self.port}"
        return f"{self.scheme}://{place}/{self.database}"

    def text(self) -> str:
        """The URL itself, with the password."""
        user = quote(self.username, safe="")
        if self.password:
            user += f":{quote(self.password, safe='')}"
        host = f"[{self.host}]" if ":" in self.host else quote(self.host)
        place = f"{user}@" if user else ""
        options = {name: _as_text(value) for name, value in self.tls.items()}
        if self.scheme == "unix":
            place += quote(self.path)
            options["db"] = str(self.database)
        else:
            place += f"{host}:{self.port}/{self.database}"
        return f"{self.scheme}://{place}" + (f"?{urlencode(options)}" if options else "")

    def client_options(self) -> dict[str, Any]:
        """For redis-py's connections, blocking and asynchronous."""
        place: dict[str, Any] = {"host": self.host, "port": self.port}
        if self.scheme == "unix":
            place = {"path": self.path}
        return {
            **place,
            "db": self.database,
            "username": self.username or None,
            "password": self.password or None,
            **self.tls,
        }


def _options(parts: SplitResult) -> dict[str, str]:
    options = dict(reversed(parse_qsl(parts.query, keep_blank_values=True)))
    for name, value in options.items():
        if name not in _KNOWN:
            # The name is not repeated: behind a '?' in a password it is a part of that.
            near = get_close_matches(name, _KNOWN, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; {_ESCAPES}"
            raise InvalidRedisUrl(f"it has a parameter that is unknown{hint}")
        if name in _NUMBERS and not _is_number(value):
            raise InvalidRedisUrl(f"its parameter {name} is no number")
        if name in _BOOLEANS and value.lower() not in _TRUTHS:
            raise InvalidRedisUrl(f"its parameter {name} is neither true nor false")
    return options


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _host(parts: SplitResult) -> str:
    host = unquote(parts.hostname or "")
    if parts.scheme == "unix":
        if host:
            raise InvalidRedisUrl("its path begins with '/', as in unix:///run/redis.sock")
        return ""
    if not host:
        raise InvalidRedisUrl(f"it names no host; {_ESCAPES}")
    try:
        is_name = ":" in host or bool(host.encode("idna"))
    except UnicodeError:
        is_name = False
    if not is_name or not host.isprintable() or " " in host:
        raise InvalidRedisUrl(f"its host can't be one; {_ESCAPES}")
    return host


def _port(port: int) -> int:
    if port == 0:
        raise InvalidRedisUrl("its port is 0; ports are 1 to 65535")
    return port


def _path(parts: SplitResult) -> str:
    path = unquote(parts.path)
    if parts.scheme != "unix":
        return ""
    if path in ("", "/") or "\0" in path:
        raise InvalidRedisUrl("it names no socket, as unix:///run/redis.sock does")
    return path


def _database(parts: SplitResult, options: Mapping[str, str]) -> str:
    text = options.get("db", "")
    if not text and parts.scheme != "unix":
        text = unquote(parts.path).removeprefix("/").removesuffix("/")
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRedisUrl(f"its database is no number; {_ESCAPES}")
    return text


def _tls(scheme: str, options: Mapping[str, str]) -> dict[str, str | bool]:
    found: dict[str, str | bool] = {n: v for n, v in options.items() if n in TLS_OPTIONS and v}
    if found and scheme != "rediss":
        raise InvalidRedisUrl("its ssl_… parameters mean something in rediss:// only")
    if found.get("ssl_cert_reqs", "none") not in _CERT_REQS:
        raise InvalidRedisUrl(f"its parameter ssl_cert_reqs is one of {', '.join(_CERT_REQS)}")
    if "ssl_check_hostname" in found:
        found["ssl_check_hostname"] = _TRUTHS[str(found["ssl_check_hostname"]).lower()]
    return found


def _as_text(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value
