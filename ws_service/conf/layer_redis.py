"""The Redis that a channel layer names, for the topics of a site that names no other.

channels_redis takes several forms (``decode_hosts()`` and ``create_pool()`` in its ``utils``). Each
becomes a URL that means the same server, database and user, or is refused: a password or a database
that got lost on the way would be another deployment's data.
"""

import ssl
from collections.abc import Mapping
from typing import Any, Final

from ws_service.errors import InvalidRedisUrl
from ws_service.redis_url import DEFAULT_PORT, NOT_OURS, TLS_OPTIONS, RedisUrl

_CONNECTIONS: Final = "redis.asyncio.connection."
_SCHEMES: Final = {
    f"{_CONNECTIONS}Connection": "redis",
    f"{_CONNECTIONS}SSLConnection": "rediss",
    f"{_CONNECTIONS}UnixDomainSocketConnection": "unix",
}
"""By the name of the class: a web worker that publishes nothing doesn't load redis-py."""

_PLACE: Final = {
    *("address", "host", "port", "path", "db", "username", "password", "connection_class"),
}
_LEFT_ASIDE: Final = NOT_OURS | {
    *("socket_keepalive_options", "socket_type", "retry", "retry_on_error", "encoding"),
    *("encoding_errors", "decode_responses", "lib_name", "lib_version", "driver_info"),
    *("parser_class", "encoder_class", "legacy_responses"),
}
"""How the layer's own clients behave, not where its Redis is."""


def redis_url_of(layer: Mapping[str, Any]) -> str | None:
    """The first host of a channel layer as a URL; None where it names no hosts.

    Raises InvalidRedisUrl; its text has nothing of the host's values.
    """
    hosts = layer.get("CONFIG", {}).get("hosts")
    if not hosts:
        return None
    if not isinstance(hosts, list | tuple):
        raise InvalidRedisUrl("its hosts are no list")
    match hosts[0]:
        case str(url):
            RedisUrl.parse(url)
            return url
        case dict(entry):
            return _url_of(dict(entry))
        case [host, port, *_]:
            return _url_of({"host": host, "port": port})
    raise InvalidRedisUrl("its first host has a form that is unknown")


def _url_of(entry: dict[Any, Any]) -> str:
    if unknown := sorted(
        map(repr, entry.keys() - _PLACE - TLS_OPTIONS - _LEFT_ASIDE - {"address"})
    ):
        raise InvalidRedisUrl(f"its first host has {', '.join(unknown)}, which no URL can say")
    address = entry.pop("address", None)
    said = {name: value for name, value in entry.items() if name not in _LEFT_ASIDE}
    if address is None:
        return _made_of(said).text()
    if not isinstance(address, str):
        raise InvalidRedisUrl("the address of its first host is no text")
    parsed = RedisUrl.parse(address)
    # What the URL says counts more, as it does for redis-py.
    beside = {name: value for name, value in said.items() if name not in ("host", "port", "path")}
    return _made_of({**beside, **_said_by(parsed, address)}).text() if beside else address


def _said_by(url: RedisUrl, address: str) -> dict[str, Any]:
    said: dict[str, Any] = {"username": url.username, "password": url.password}
    said = {name: value for name, value in said.items() if value}
    if url.scheme == "unix":
        said |= {"path": url.path}
    else:
        said |= {"host": url.host, "port": url.port}
    if url.scheme != "redis":
        said["scheme"] = url.scheme
    if url.names_database:
        said["db"] = url.database
    return {**said, **url.tls}


def _made_of(said: Mapping[str, Any]) -> RedisUrl:
    """As redis-py's connections understand it; what they would not take is refused."""
    scheme = said.get("scheme") or _scheme_of(said.get("connection_class"))
    tls = {name: _tls_value(name, said[name]) for name in sorted(TLS_OPTIONS & said.keys())}
    made = RedisUrl(
        scheme=scheme,
        host="" if scheme == "unix" else _text(said, "host", "localhost"),
        port=_number(said, "port", DEFAULT_PORT),
        path=_text(said, "path", ""),
        database=_number(said, "db", 0),
        username=_text(said, "username", ""),
        password=_text(said, "password", ""),
        tls={name: value for name, value in tls.items() if value is not None},
    )
    if made.path and scheme != "unix":
        raise InvalidRedisUrl("its first host has a path, and no connection_class for a socket")
    return RedisUrl.parse(made.text())


def _scheme_of(connection_class: Any) -> str:
    if connection_class is None:
        return "redis"
    module, name = (getattr(connection_class, each, "") for each in ("__module__", "__qualname__"))
    scheme = _SCHEMES.get(f"{module}.{name}")
    if scheme is None:
        raise InvalidRedisUrl("its first host has a connection_class that no URL can say")
    return scheme


def _text(said: Mapping[str, Any], name: str, default: str) -> str:
    value = said.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise InvalidRedisUrl(f"the {name} of its first host is no text")
    return value


def _number(said: Mapping[str, Any], name: str, default: int) -> int:
    value = said.get(name)
    if value is None:
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise InvalidRedisUrl(f"the {name} of its first host is no number") from None


def _tls_value(name: str, value: Any) -> str | bool | None:
    if isinstance(value, ssl.VerifyMode):
        return value.name.removeprefix("CERT_").lower()
    if value is None or isinstance(value, str | bool):
        return value
    raise InvalidRedisUrl(f"the {name} of its first host is no text")
