"""The one reader of Django settings.

``load_config()`` turns them into a frozen, typed ``ServiceConfig``; everyone else receives
that. ``find_problems()`` lists what is wrong with them, for the system checks.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import isfinite
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ws_service.bind import Bind
from ws_service.errors import InvalidBind
from ws_service.origin_pattern import InvalidOrigin, OriginPattern

_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}")
TOKEN_KEY_LEAST_BYTES = 32
_API_KEY = re.compile(r"[!-~]{16,}")
API_PORT = 8003
_CLIENT_URL = re.compile(r":\d{1,5}|wss?://[^\s?#]+")
# Django accepts these hosts with DEBUG on and ALLOWED_HOSTS empty (HttpRequest.get_host).
_DEBUG_HOSTS = (".localhost", "127.0.0.1", "[::1]")


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


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """What the service needs to know, read once.

    The first block is ``settings.WS_SERVICE``, the second the site's own Django settings.
    """

    routing: str | None
    middleware: tuple[str, ...]
    channel_layer: str
    allowed_origins: tuple[OriginPattern, ...]
    database_threads: int
    ping_interval_s: float
    message_limit_bytes: int
    redis_url: str | None
    key_prefix: str
    client_url: str | None
    send_buffer_limit_bytes: int
    command_limit_bytes: int
    subscription_limit: int
    publication_limit_bytes: int
    publish_timeout_s: float
    presence_lease_s: float
    token_key: str | None = field(repr=False)
    token_key_fallbacks: tuple[str, ...] = field(repr=False)
    token_audience: str
    topics_file: str | None
    api_key: str | None = field(repr=False)
    api_bind: str

    allowed_hosts: tuple[str, ...]
    use_x_forwarded_host: bool
    secure_proxy_ssl_header: tuple[str, str] | None
    session_engine: str
    session_cookie_name: str
    authentication_backends: tuple[str, ...]
    csrf_header: str
    has_users: bool  # django.contrib.auth is installed; otherwise tokens alone say who connects
    secret_keys: tuple[bytes, ...] = field(repr=False)  # for tokens: () where there is a token_key


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the settings: a system check id, what is wrong, what mends it."""

    id: str
    message: str
    hint: str


class InvalidSettings(ImproperlyConfigured):
    """The settings can't be used; ``problems`` has all of them, and so has the text."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        lines = [f"{p.id}: {p.message}\n    {p.hint}" for p in problems]
        super().__init__("The WebSocket service can't start:\n" + "\n".join(lines))


def load_config() -> ServiceConfig:
    """Read the settings.

    Raises InvalidSettings with every problem at once.
    """
    problems = list(find_problems())
    if problems:
        raise InvalidSettings(problems)
    given = {name: option.default for name, option in OPTIONS.items()}
    given |= getattr(django_settings, "WS_SERVICE", {})
    trusted = [*given["ALLOWED_ORIGINS"], *django_settings.CSRF_TRUSTED_ORIGINS]
    hosts = tuple(django_settings.ALLOWED_HOSTS)
    ssl_header = django_settings.SECURE_PROXY_SSL_HEADER
    return ServiceConfig(
        routing=given["ROUTING"],
        middleware=tuple(given["MIDDLEWARE"]),
        channel_layer=given["CHANNEL_LAYER"],
        allowed_origins=tuple(OriginPattern.parse(text) for text in trusted),
        database_threads=given["DATABASE_THREADS"],
        ping_interval_s=given["PING_INTERVAL"],
        message_limit_bytes=given["MAX_MESSAGE_SIZE"],
        redis_url=given["REDIS_URL"] or _redis_url_of_layer(given["CHANNEL_LAYER"]),
        key_prefix=given["PREFIX"],
        client_url=given["CLIENT_URL"],
        send_buffer_limit_bytes=given["SEND_BUFFER_BYTES"],
        command_limit_bytes=given["MAX_COMMAND_SIZE"],
        subscription_limit=given["MAX_SUBSCRIPTIONS"],
        publication_limit_bytes=given["MAX_PUBLICATION_SIZE"],
        publish_timeout_s=given["PUBLISH_TIMEOUT"],
        presence_lease_s=given["PRESENCE_LEASE"],
        token_key=given["TOKEN_KEY"],
        token_key_fallbacks=tuple(given["TOKEN_KEY_FALLBACKS"]),
        token_audience=given["TOKEN_AUDIENCE"],
        topics_file=given["TOPICS"],
        api_key=given["API_KEY"],
        api_bind=given["API_BIND"],
        allowed_hosts=_DEBUG_HOSTS if django_settings.DEBUG and not hosts else hosts,
        use_x_forwarded_host=django_settings.USE_X_FORWARDED_HOST,
        secure_proxy_ssl_header=(ssl_header[0], ssl_header[1]) if ssl_header else None,
        session_engine=django_settings.SESSION_ENGINE,
        session_cookie_name=django_settings.SESSION_COOKIE_NAME,
        authentication_backends=tuple(django_settings.AUTHENTICATION_BACKENDS),
        # As a browser writes what WSGI calls HTTP_X_CSRFTOKEN.
        csrf_header=django_settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-"),
        has_users=_has_users(),
        secret_keys=_secret_keys() if given["TOKEN_KEY"] is None else (),
    )


def _has_users() -> bool:
    return apps.is_installed("django.contrib.auth")


def _secret_keys() -> tuple[bytes, ...]:
    """The site's key and its earlier ones, of which keys for tokens are made; () without one."""
    try:
        keys = (django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS)
    except ImproperlyConfigured:  # Django minds an empty key when it is used
        return ()
    return tuple(key.encode() if isinstance(key, str) else key for key in keys)


def _redis_url_of_layer(alias: str) -> str | None:
    """The Redis that the site has already: the first host of its channel layer, as a URL."""
    hosts = channel_layer_settings().get(alias, {}).get("CONFIG", {}).get("hosts") or []
    host = hosts[0] if hosts else None
    match host:
        case {"address": str(url)} | str(url):
            return url
        case (str(name), int(port)) | {"host": str(name), "port": int(port)}:
            return f"redis://{name}:{port}/0"
        case _:
            return None


def channel_layer_settings() -> Mapping[str, Mapping[str, Any]]:
    """``settings.CHANNEL_LAYERS``, for the checks."""
    return getattr(django_settings, "CHANNEL_LAYERS", {})


def find_problems() -> Iterator[Problem]:
    """Say what is wrong with ``WS_SERVICE`` and the settings it leans on."""
    given = getattr(django_settings, "WS_SERVICE", {})
    if not isinstance(given, dict):
        yield Problem(
            "ws_service.E001",
            f"WS_SERVICE must be a dict, not {type(given).__name__}.",
            'For example WS_SERVICE = {"ROUTING": "mysite.routing"}.',
        )
        return
    yield from _option_problems(given)
    yield from _push_problems(given)
    yield from _token_problems(given)
    yield from _api_problems(given)
    yield from _origin_problems(given)
    yield from _site_problems(given)


def _option_problems(given: dict[str, Any]) -> Iterator[Problem]:
    for name, value in given.items():
        option = OPTIONS.get(name)
        if option is None:
            near = get_close_matches(str(name).upper(), OPTIONS, n=1)
            yield Problem(
                "ws_service.E002",
                f"WS_SERVICE has an unknown key {name!r}.",
                f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(OPTIONS))}.",
            )
        elif trouble := option.problem(value):
            yield Problem(
                "ws_service.E003",
                f"WS_SERVICE[{name!r}] {trouble}.",
                option.hint or f"The default is {option.default!r}.",
            )


def _push_problems(given: dict[str, Any]) -> Iterator[Problem]:
    url = given.get("REDIS_URL")
    if isinstance(url, str) and not url.startswith(_REDIS_SCHEMES):
        # The value is not repeated: it may hold a password.
        yield Problem(
            "ws_service.E003",
            "WS_SERVICE['REDIS_URL'] is no URL of a Redis.",
            f"It starts with {', '.join(_REDIS_SCHEMES)}.",
        )
    prefix = given.get("PREFIX", "")
    if isinstance(prefix, str) and not _PREFIX.fullmatch(prefix) and "PREFIX" in given:
        yield Problem(
            "ws_service.E003",
            f"WS_SERVICE['PREFIX'] is {prefix!r}: letters, digits, '_', '-' and '.', up to 64.",
            "The default is 'ws_service'.",
        )
    client_url = given.get("CLIENT_URL")
    if isinstance(client_url, str) and not _CLIENT_URL.fullmatch(client_url):
        yield Problem(
            "ws_service.E003",
            f"WS_SERVICE['CLIENT_URL'] is {client_url!r}.",
            'None is the page\'s own address, ":8001" its host and that port;'
            ' anything else starts with "ws://" or "wss://".',
        )


def _token_problems(given: dict[str, Any]) -> Iterator[Problem]:
    key = given.get("TOKEN_KEY")
    make_one = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))" makes one.'
    if key is None:
        is_service = given.get("ROUTING") or given.get("TOPICS")
        if is_service and not _has_users():
            yield Problem(
                "ws_service.E012",
                "WS_SERVICE['TOKEN_KEY'] is not set: without django.contrib.auth, tokens alone say"
                " who connects.",
                "Set the key by which they are signed, or start the service with the site's own"
                f" settings. {make_one}",
            )
        return
    fallbacks = given.get("TOKEN_KEY_FALLBACKS", ())
    keys = {"TOKEN_KEY": [key], "TOKEN_KEY_FALLBACKS": fallbacks}
    for name, texts in keys.items():
        for text in filter(lambda each: isinstance(each, str), texts):
            if trouble := _key_trouble(text):
                # The value is not repeated: whoever knows it is anybody.
                yield Problem("ws_service.E012", f"WS_SERVICE[{name!r}] {trouble}.", make_one)


def _key_trouble(key: str) -> str | None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "has no UTF-8 form"
    if size < TOKEN_KEY_LEAST_BYTES:
        return f"has fewer than {TOKEN_KEY_LEAST_BYTES} bytes: it can be guessed"
    if key.lstrip().startswith(("-----BEGIN", "ssh-", "ecdsa-", "{")):
        return "is a key for something else: tokens are signed with a plain secret (HS256)"
    if key.encode() in _secret_keys():
        return "is SECRET_KEY: who issues tokens could then sign sessions as well"
    return None


def _api_problems(given: dict[str, Any]) -> Iterator[Problem]:
    key = given.get("API_KEY")
    if isinstance(key, str) and not _API_KEY.fullmatch(key):
        # The value is not repeated: it is a secret.
        yield Problem(
            "ws_service.E014",
            "WS_SERVICE['API_KEY'] is no key: 16 characters or more, ASCII, without spaces.",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'.",
        )
    try:
        Bind.parse(str(given.get("API_BIND", OPTIONS["API_BIND"].default)), API_PORT)
    except InvalidBind as error:
        yield Problem(
            "ws_service.E014",
            f"WS_SERVICE['API_BIND']: {error}.",
            f"The default is {OPTIONS['API_BIND'].default!r}.",
        )


def _origin_problems(given: dict[str, Any]) -> Iterator[Problem]:
    lists = {
        "WS_SERVICE['ALLOWED_ORIGINS']": given.get("ALLOWED_ORIGINS", ()),
        "CSRF_TRUSTED_ORIGINS": django_settings.CSRF_TRUSTED_ORIGINS,
    }
    for name, origins in lists.items():
        texts = origins if isinstance(origins, list | tuple) else ()
        for text in filter(lambda each: isinstance(each, str), texts):
            try:
                OriginPattern.parse(text)
            except InvalidOrigin as error:
                yield Problem(
                    "ws_service.E004",
                    f"{name} has {text!r}: {error}.",
                    "Write scheme and host as a browser sends them: https://www.example.com,"
                    " https://*.example.com or http://localhost:8000.",
                )


def _site_problems(given: dict[str, Any]) -> Iterator[Problem]:
    layers = channel_layer_settings()
    alias = given.get("CHANNEL_LAYER", OPTIONS["CHANNEL_LAYER"].default)
    if (layers or "CHANNEL_LAYER" in given) and alias not in layers:
        yield Problem(
            "ws_service.E005",
            f"WS_SERVICE['CHANNEL_LAYER'] is {alias!r}, which CHANNEL_LAYERS doesn't have.",
            f"CHANNEL_LAYERS has: {', '.join(sorted(layers)) or 'nothing'}.",
        )
    yield from _import_problems(
        {
            f"CHANNEL_LAYERS[{alias!r}]['BACKEND']": [layer.get("BACKEND", "")]
            for alias, layer in layers.items()
        }
    )
    ssl_header: object = django_settings.SECURE_PROXY_SSL_HEADER
    if ssl_header is not None and not (
        isinstance(ssl_header, list | tuple) and len(ssl_header) == 2
    ):
        yield Problem(
            "ws_service.E010",
            "SECURE_PROXY_SSL_HEADER must be a pair.",
            'Write ("HTTP_X_FORWARDED_PROTO", "https").',
        )
    if _has_users():
        yield from _user_problems()
    if not apps.is_installed("ws_service"):
        yield Problem(
            "ws_service.E006",
            "INSTALLED_APPS lacks 'ws_service': no system checks, no template tags.",
            'Write INSTALLED_APPS += ["ws_service"].',
        )


def _user_problems() -> Iterator[Problem]:
    """What is needed to find the user behind a cookie."""
    yield from _import_problems(
        {
            "SESSION_ENGINE": [f"{django_settings.SESSION_ENGINE}.SessionStore"],
            "AUTHENTICATION_BACKENDS": django_settings.AUTHENTICATION_BACKENDS,
        }
    )
    for app in ("django.contrib.contenttypes", "django.contrib.sessions"):
        if not apps.is_installed(app):
            yield Problem(
                "ws_service.E006",
                f"INSTALLED_APPS lacks {app!r}, by which the service knows who connects.",
                "Start the service with the site's own settings, or add the app.",
            )


def _import_problems(paths: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """What is named by a dotted path and needed for every handshake."""
    for name, texts in paths.items():
        for text in texts:
            try:
                import_string(text)
            except ImportError as error:
                yield Problem(
                    "ws_service.E009",
                    f"{name} can't be imported: {error}.",
                    "Every connection would be refused. Start with the site's own settings.",
                )
