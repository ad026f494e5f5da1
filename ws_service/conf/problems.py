"""What is wrong with the settings, in words that mend it; for the system checks and the start."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from inspect import signature
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from ws_service.bind import Bind
from ws_service.conf.django_settings import ill_typed_settings
from ws_service.conf.dotted_path import trouble_with
from ws_service.conf.options import OPTIONS
from ws_service.conf.site import channel_layer_settings, has_users, secret_keys
from ws_service.errors import InvalidBind, InvalidRedisUrl
from ws_service.origin_pattern import InvalidOrigin, OriginPattern
from ws_service.redis_url import RedisUrl

TOKEN_KEY_LEAST_BYTES = 32
API_PORT = 8003

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_API_KEY = re.compile(r"[!-~]{16,}")
_MAKE_A_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))" makes one.'
_CLIENT_URL = re.compile(r":\d{1,5}|wss?://[^\s?#]+")


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
    ill_typed = [Problem("ws_service.E016", *each) for each in ill_typed_settings()]
    yield from ill_typed
    if ill_typed:
        return  # what follows reads them
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
    try:
        if isinstance(url, str):
            RedisUrl.parse(url)
    except InvalidRedisUrl as error:
        yield Problem(
            "ws_service.E003",
            f"WS_SERVICE['REDIS_URL'] is no URL of a Redis: {error}.",
            'Write "redis://user:password@host:6379/0", "rediss://…" or'
            ' "unix:///run/redis.sock?db=0".',
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
    key, fallbacks = given.get("TOKEN_KEY"), given.get("TOKEN_KEY_FALLBACKS", ())
    if given.get("TOKEN_AUDIENCE") == "":
        yield Problem(
            "ws_service.E012",
            "WS_SERVICE['TOKEN_AUDIENCE'] is empty: no token could be for it.",
            f"The default is {OPTIONS['TOKEN_AUDIENCE'].default!r}.",
        )
    if key is None:
        is_service = given.get("ROUTING") or given.get("TOPICS")
        if is_service and not has_users():
            yield Problem(
                "ws_service.E012",
                "WS_SERVICE['TOKEN_KEY'] is not set: without django.contrib.auth, tokens alone say"
                " who connects.",
                "Set the key by which they are signed, or start the service with the site's own"
                f" settings. {_MAKE_A_KEY}",
            )
        elif fallbacks:
            yield Problem(
                "ws_service.E012",
                "WS_SERVICE['TOKEN_KEY_FALLBACKS'] has keys, and without a TOKEN_KEY none of them"
                " counts.",
                "Set TOKEN_KEY, or leave them out: SECRET_KEY_FALLBACKS are SECRET_KEY's.",
            )
        return
    keys = {"TOKEN_KEY": [key], "TOKEN_KEY_FALLBACKS": fallbacks}
    for name, texts in keys.items():
        for text in filter(lambda each: isinstance(each, str), texts):
            if trouble := _key_trouble(text):
                # The value is not repeated: whoever knows it is anybody.
                yield Problem("ws_service.E012", f"WS_SERVICE[{name!r}] {trouble}.", _MAKE_A_KEY)


def _key_trouble(key: str) -> str | None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "has no UTF-8 form"
    if not key.strip():
        return "is empty"
    if size < TOKEN_KEY_LEAST_BYTES:
        return f"has fewer than {TOKEN_KEY_LEAST_BYTES} bytes: it can be guessed"
    if key.lstrip().startswith(("-----BEGIN", "ssh-", "ecdsa-", "{")):
        return "is a key for something else: tokens are signed with a plain secret (HS256)"
    if key.encode() in secret_keys():
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
        texts = origins if isinstance(origins, list | tuple | set | frozenset) else ()
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
    for each, layer in layers.items():
        yield from _path_problems(
            f"CHANNEL_LAYERS[{each!r}]['BACKEND']", layer["BACKEND"], partial(_takes, layer)
        )
    ssl_header: object = django_settings.SECURE_PROXY_SSL_HEADER
    if ssl_header is not None and not (
        isinstance(ssl_header, list | tuple)
        and len(ssl_header) == 2
        and all(isinstance(each, str) for each in ssl_header)
    ):
        yield Problem(
            "ws_service.E010",
            "SECURE_PROXY_SSL_HEADER must be a pair of strings.",
            'Write ("HTTP_X_FORWARDED_PROTO", "https").',
        )
    yield from _secret_key_problems()
    if has_users():
        yield from _user_problems()
    if not apps.is_installed("ws_service"):
        yield Problem(
            "ws_service.E006",
            "INSTALLED_APPS lacks 'ws_service': no system checks, no template tags.",
            'Write INSTALLED_APPS += ["ws_service"].',
        )


def _takes(layer: Mapping[str, Any], backend: Callable[..., object]) -> None:
    """Raises TypeError for a CONFIG that the back end doesn't take."""
    signature(backend).bind(**layer.get("CONFIG", {}))


def _secret_key_problems() -> Iterator[Problem]:
    """What everybody could sign sessions with. A service that has no users needs no key."""
    keys = secret_keys()
    if any(not isinstance(key, bytes) for key in keys):
        yield Problem(
            "ws_service.E015",
            "SECRET_KEY and each of SECRET_KEY_FALLBACKS must be a str.",
            f"Give the service the key that the site's pages have. {_MAKE_A_KEY}",
        )
        return
    key, *fallbacks = keys or (b"",)
    # Nothing at all is no key; nothing but spaces is one that everybody knows.
    if not key.strip() and (key or has_users()):
        yield Problem(
            "ws_service.E015",
            f"SECRET_KEY {'has only spaces' if key else 'is empty'}: sessions are signed with it.",
            f"Give the service the key that the site's pages have. {_MAKE_A_KEY}",
        )
    if not all(each.strip() for each in fallbacks):
        yield Problem(
            "ws_service.E015",
            "SECRET_KEY_FALLBACKS has an empty key: anybody can sign sessions with it.",
            "Leave it out. An empty variable that is split at commas gives one:"
            " [key for key in keys if key.strip()].",
        )


def _user_problems() -> Iterator[Problem]:
    """What is needed to find the user behind a cookie."""
    store = f"{django_settings.SESSION_ENGINE}.SessionStore"
    yield from _path_problems("SESSION_ENGINE", store, lambda engine: engine())
    if not django_settings.AUTHENTICATION_BACKENDS:
        yield Problem(
            "ws_service.E009",
            "AUTHENTICATION_BACKENDS is empty: nobody could be found behind a session.",
            "Start the service with the site's own settings.",
        )
    for path in django_settings.AUTHENTICATION_BACKENDS:
        yield from _path_problems("AUTHENTICATION_BACKENDS", path, lambda backend: backend())
    for app in ("django.contrib.contenttypes", "django.contrib.sessions"):
        if not apps.is_installed(app):
            yield Problem(
                "ws_service.E006",
                f"INSTALLED_APPS lacks {app!r}, by which the service knows who connects.",
                "Start the service with the site's own settings, or add the app.",
            )


def _path_problems(name: str, path: str, use: Callable[[Any], object]) -> Iterator[Problem]:
    """What is named by a dotted path and needed for every handshake."""
    if trouble := trouble_with(path, use):
        yield Problem(
            "ws_service.E009",
            f"{name} {trouble}.",
            "Every connection would be refused. Start with the site's own settings.",
        )
