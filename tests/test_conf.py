import sys
from types import ModuleType
from typing import Any

import pytest
from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.checks import run_checks
from django.test import override_settings
from django.urls import path

from ws_service import History, Topic, topic
from ws_service.conf import InvalidSettings, load_config

CORE = "channels_redis.core.RedisChannelLayer"
LONG_KEY = "thirty-two bytes or more of a key for tests"


def problems(**ws_service: Any) -> list[tuple[str | None, str, str | None]]:
    with override_settings(WS_SERVICE=ws_service):
        return [(m.id, m.msg, m.hint) for m in run_checks(tags=["ws_service"])]


def test_the_settings_of_this_repository_are_right() -> None:
    """The checks can also be silent."""
    assert run_checks(tags=["ws_service"]) == []


def test_every_option_reaches_the_config() -> None:
    """No setting that does nothing."""
    with override_settings(
        WS_SERVICE={
            "ROUTING": "a.routing",
            "MIDDLEWARE": ["a.Middleware"],
            "CHANNEL_LAYER": "default",
            "ALLOWED_ORIGINS": ["https://a.example"],
            "DATABASE_THREADS": 7,
            "PING_INTERVAL": 11,
            "MAX_MESSAGE_SIZE": 4096,
            "REDIS_URL": "redis://elsewhere:6379/3",
            "PREFIX": "shop",
            "CLIENT_URL": ":8001",
            "SEND_BUFFER_BYTES": 70_000,
            "MAX_COMMAND_SIZE": 2048,
            "MAX_SUBSCRIPTIONS": 9,
            "MAX_PUBLICATION_SIZE": 512,
            "PUBLISH_TIMEOUT": 0.5,
            "PRESENCE_LEASE": 30,
            "TOKEN_KEY": LONG_KEY,
            "TOKEN_KEY_FALLBACKS": [LONG_KEY[::-1]],
            "TOKEN_AUDIENCE": "live",
            "TOPICS": "/etc/topics.toml",
        }
    ):
        config = load_config()
    assert config.routing == "a.routing"
    assert config.middleware == ("a.Middleware",)
    assert [pattern.origin.host for pattern in config.allowed_origins] == ["a.example"]
    assert config.database_threads == 7
    assert config.ping_interval_s == 11
    assert config.message_limit_bytes == 4096
    assert config.redis_url == "redis://elsewhere:6379/3"
    assert config.key_prefix == "shop"
    assert config.client_url == ":8001"
    assert config.send_buffer_limit_bytes == 70_000
    assert config.command_limit_bytes == 2048
    assert config.subscription_limit == 9
    assert config.publication_limit_bytes == 512
    assert config.presence_lease_s == 30
    assert config.token_key == LONG_KEY
    assert config.token_key_fallbacks == (LONG_KEY[::-1],)
    assert config.token_audience == "live"
    assert config.topics_file == "/etc/topics.toml"
    assert LONG_KEY not in repr(config)
    assert config.publish_timeout_s == 0.5


@override_settings(CSRF_TRUSTED_ORIGINS=["https://*.example.com"])
def test_djangos_trusted_origins_count() -> None:
    """What the site trusts with forms it trusts with sockets."""
    assert load_config().allowed_origins[0].matches_subdomains


@override_settings(DEBUG=True, ALLOWED_HOSTS=[])
def test_debug_without_hosts_means_this_machine() -> None:
    """As Django's development server does."""
    assert "127.0.0.1" in load_config().allowed_hosts


@override_settings(WS_SERVICE=["ROUTING"])
def test_a_list_instead_of_a_dict() -> None:
    """E001"""
    assert [message.id for message in run_checks(tags=["ws_service"])] == ["ws_service.E001"]


@pytest.mark.parametrize(
    ("given", "id_", "words"),
    [
        ({"ROUTNG": "x"}, "ws_service.E002", "Did you mean 'ROUTING'?"),
        ({"COLOUR": "x"}, "ws_service.E002", "Known: "),
        ({"ROUTING": 3}, "ws_service.E003", "must be str or None, not int"),
        ({"DATABASE_THREADS": True}, "ws_service.E003", "must be int, not bool"),
        ({"DATABASE_THREADS": 0}, "ws_service.E003", "must be 1 or more"),
        ({"ALLOWED_ORIGINS": "https://a"}, "ws_service.E003", "must be list or tuple, not str"),
        ({"ALLOWED_ORIGINS": ["*"]}, "ws_service.E004", "any site could then act"),
        ({"ALLOWED_ORIGINS": ["a.example"]}, "ws_service.E004", "has a scheme"),
        ({"ALLOWED_ORIGINS": [1]}, "ws_service.E003", "must hold strings only"),
        ({"MIDDLEWARE": [1]}, "ws_service.E003", "must hold strings only"),
        ({"PING_INTERVAL": float("nan")}, "ws_service.E003", "must be a number"),
        ({"PING_INTERVAL": 10**400}, "ws_service.E003", "must be 2147483647 or less"),
        ({"PUBLISH_TIMEOUT": 1e12}, "ws_service.E003", "must be 2147483647 or less"),
        ({"CHANNEL_LAYER": "other"}, "ws_service.E005", "CHANNEL_LAYERS has: default"),
        ({"REDIS_URL": "redis:6379"}, "ws_service.E003", "it starts with redis://"),
        ({"PREFIX": "a b"}, "ws_service.E003", "letters, digits"),
        ({"PREFIX": ""}, "ws_service.E003", "letters, digits"),
        ({"CLIENT_URL": "https://a.example"}, "ws_service.E003", 'starts with "ws://"'),
        ({"CLIENT_URL": "8001"}, "ws_service.E003", '":8001" its host and that port'),
    ],
)
@pytest.mark.promise("bad-settings")
def test_a_wrong_setting_is_named_with_what_mends_it(
    given: dict[str, Any], id_: str, words: str
) -> None:
    """Before anything starts, not at the first connection."""
    found = problems(**given)
    assert [problem[0] for problem in found] == [id_]
    assert words in f"{found[0][1]} {found[0][2]}"


@pytest.mark.parametrize(
    ("given", "id_", "words"),
    [
        ({"ROUTING": "nowhere"}, "ws_service.E007", "No module named 'nowhere'"),
        ({"ROUTING": "asgi_routing"}, "ws_service.E007", "can't be imported"),
        ({"MIDDLEWARE": ["nowhere.Middleware"]}, "ws_service.E008", "No module named"),
        ({"MIDDLEWARE": ["ws_service.Middleware"]}, "ws_service.E008", "does not define"),
        ({"MIDDLEWARE": ["ws_service.errors"]}, "ws_service.E008", "which can't be called"),
    ],
)
def test_what_can_not_be_imported_is_named(given: dict[str, Any], id_: str, words: str) -> None:
    """``manage.py check`` in the site's own CI finds it."""
    found = problems(**given)
    assert [problem[0] for problem in found] == [id_]
    assert words in found[0][1]


@pytest.mark.promise("bad-settings")
@pytest.mark.parametrize(
    ("name", "value", "id_", "words"),
    [
        ("SESSION_ENGINE", "django.contrib.sessions.backends.bd", "E009", "SESSION_ENGINE"),
        ("AUTHENTICATION_BACKENDS", ["nowhere.Backend"], "E009", "No module named 'nowhere'"),
        ("CHANNEL_LAYERS", {"default": {"BACKEND": "nowhere.Layer"}}, "E009", "['BACKEND']"),
        ("CSRF_TRUSTED_ORIGINS", ["https://a.example/"], "E004", "CSRF_TRUSTED_ORIGINS has"),
        ("SECURE_PROXY_SSL_HEADER", "X-Forwarded-Proto", "E010", "must be a pair"),
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", True), "E010", "of strings"),
        ("AUTHENTICATION_BACKENDS", [], "E009", "is empty"),
        ("SESSION_ENGINE", "tests.sites.faulty_store", "E009", "can't be used: no place"),
        ("CHANNEL_LAYERS", {"default": {"BACKEND": "ws_service.errors"}}, "E009", "be used"),
        (
            "CHANNEL_LAYERS",
            {"default": {"BACKEND": CORE, "CONFIG": {"hots": []}}},
            "E009",
            "'hots'",
        ),
        ("CHANNEL_LAYERS", ["redis://localhost"], "E016", "must be a dict, not list"),
        ("CHANNEL_LAYERS", {"default": CORE}, "E016", "['default'] must be a dict"),
        ("CHANNEL_LAYERS", {"default": {}}, "E016", "['BACKEND'] must be a dotted path"),
        ("CHANNEL_LAYERS", {"default": {"BACKEND": CORE, "CONFIG": []}}, "E016", "['CONFIG']"),
        ("CSRF_TRUSTED_ORIGINS", "https://a.example", "E016", "must be a list, not str"),
        ("CSRF_TRUSTED_ORIGINS", [None], "E016", "must hold strings only"),
        ("AUTHENTICATION_BACKENDS", "a.Backend", "E016", "must be a list, not str"),
        ("ALLOWED_HOSTS", [1], "E016", "must hold strings only"),
        ("SESSION_COOKIE_NAME", "", "E016", "must be a str that is not empty"),
        ("CSRF_HEADER_NAME", None, "E016", "must be a str that is not empty"),
    ],
)
def test_a_django_setting_that_would_refuse_everybody_is_named(
    settings: Any, name: str, value: Any, id_: str, words: str
) -> None:
    """A service that starts, passes its liveness probe and refuses every handshake."""
    setattr(settings, name, value)
    (message,) = run_checks(tags=["ws_service"])
    assert message.id == f"ws_service.{id_}"
    assert words in message.msg
    assert message.hint
    with pytest.raises(InvalidSettings):
        load_config()


def test_a_session_store_that_is_away_stops_no_start(settings: Any) -> None:
    """It is asked at each handshake, and may be back by then."""
    settings.SESSION_ENGINE = "tests.sites.store_away"
    assert run_checks(tags=["ws_service"]) == []


def test_missing_apps_are_named(settings: Any) -> None:
    """E006: without sessions no cookie has a name."""
    settings.INSTALLED_APPS = ["channels", "example.accounts", "django.contrib.auth"]
    ids = [message.id for message in run_checks(tags=["ws_service"])]
    assert ids == ["ws_service.E006"] * 3


def test_without_users_tokens_say_who_connects(settings: Any) -> None:
    """E012: a gateway has no database of users, and then it needs the key."""
    settings.INSTALLED_APPS = ["channels", "ws_service"]
    (message,) = run_checks(tags=["ws_service"])
    assert message.id == "ws_service.E012"
    assert "TOKEN_KEY" in message.msg
    settings.WS_SERVICE = settings.WS_SERVICE | {"TOKEN_KEY": LONG_KEY}
    assert run_checks(tags=["ws_service"]) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"TOKEN_KEY": ""}, "is empty"),
        ({"TOKEN_KEY": " " * 40}, "is empty"),
        ({"TOKEN_KEY": "short"}, "fewer than 32 bytes"),
        ({"TOKEN_KEY": LONG_KEY, "TOKEN_KEY_FALLBACKS": ["short"]}, "fewer than 32 bytes"),
        ({"TOKEN_KEY": "this very site signs its sessions with it"}, "is SECRET_KEY"),
        ({"TOKEN_KEY": "-----BEGIN PUBLIC KEY-----" + "A" * 99}, "plain secret"),
        ({"TOKEN_KEY": '{"kty":"oct","k":"' + "A" * 99}, "plain secret"),
    ],
)
def test_a_key_that_anybody_could_sign_with_is_refused(
    settings: Any, options: dict[str, Any], words: str
) -> None:
    """E012: whoever has the key is anybody. It is never repeated in the message."""
    settings.SECRET_KEY = "this very site signs its sessions with it"
    ((id_, text, hint),) = problems(**options)
    assert id_ == "ws_service.E012"
    assert words in text
    assert "token_urlsafe" in str(hint)
    assert "short" not in text


@pytest.mark.promise("bad-settings")
@pytest.mark.parametrize(
    ("secret_key", "fallbacks", "words"),
    [
        ("", [], "SECRET_KEY is empty"),
        (None, [], "SECRET_KEY is empty"),
        (" \n", [], "SECRET_KEY has only spaces"),
        (b"", [], "SECRET_KEY is empty"),
        (12345, [], "must be a str"),
        (LONG_KEY, [""], "SECRET_KEY_FALLBACKS has an empty key"),
        (LONG_KEY, [LONG_KEY[::-1], " "], "SECRET_KEY_FALLBACKS has an empty key"),
        (LONG_KEY, [None], "must be a str"),
    ],
)
def test_a_secret_key_that_everybody_knows_is_named(
    settings: Any, secret_key: Any, fallbacks: list[Any], words: str
) -> None:
    """E015: whoever knows the key signs sessions and tokens; with none, every cookie fails."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = secret_key, fallbacks
    (message,) = run_checks(tags=["ws_service"])
    assert message.id == "ws_service.E015"
    assert words in message.msg
    assert message.hint
    with pytest.raises(InvalidSettings, match="E015"):
        load_config()


@pytest.mark.parametrize(("secret_key", "ids"), [("", []), (" ", ["ws_service.E015"])])
def test_without_users_no_secret_key_is_needed(
    settings: Any, secret_key: str, ids: list[str]
) -> None:
    """A gateway has none. One of spaces is no key there either: tokens would be made of it."""
    settings.INSTALLED_APPS = ["channels", "ws_service"]
    settings.WS_SERVICE = settings.WS_SERVICE | {"TOKEN_KEY": LONG_KEY}
    settings.SECRET_KEY = secret_key
    assert [message.id for message in run_checks(tags=["ws_service"])] == ids


def test_an_empty_audience_is_named() -> None:
    """E012: no token could be for it."""
    ((id_, text, _),) = problems(TOKEN_AUDIENCE="")
    assert id_ == "ws_service.E012"
    assert "TOKEN_AUDIENCE" in text


def test_fallbacks_of_a_token_key_that_is_not_set_are_named() -> None:
    """E012: they were honoured as long as there was a key of their own."""
    ((id_, text, _),) = problems(TOKEN_KEY_FALLBACKS=[LONG_KEY])
    assert id_ == "ws_service.E012"
    assert "TOKEN_KEY_FALLBACKS" in text
    assert LONG_KEY not in text


@pytest.mark.parametrize(
    ("hosts", "warns"),
    [
        (["redis://localhost"], True),
        (None, True),
        ([{"address": "redis://localhost"}], True),
        ([{"address": "redis://localhost", "socket_timeout": 5}], True),
        ([{"address": "redis://localhost", "socket_timeout": 15}], False),
        ([{"address": "redis://localhost", "socket_timeout": None}], False),
    ],
)
def test_the_core_layers_time_out_is_checked(settings: Any, hosts: Any, warns: bool) -> None:
    """redis-py 8's default closes idle sockets with 1011; nothing says why."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": hosts} if hosts else {},
        }
    }
    ids = [message.id for message in run_checks(tags=["ws_service"])]
    assert ids == (["ws_service.W001"] if warns else [])


def test_demonstrations_in_production_are_a_warning(settings: Any) -> None:
    """Somebody opted in; somebody else should know."""
    settings.DEBUG = False
    settings.DEMO_CONSUMERS = True
    assert "consumers.W001" in [message.id for message in run_checks()]
    settings.DEMO_CONSUMERS = False
    assert "consumers.W001" not in [message.id for message in run_checks()]


def test_channels_own_authentication_in_the_routing_is_named(monkeypatch: Any) -> None:
    """It stays from before, does the work twice, and flushes sessions."""
    module = ModuleType("old_site_routing")
    module.websocket_urlpatterns = [  # type: ignore[attr-defined]
        path("free/", AsyncWebsocketConsumer.as_asgi()),
        path("old/", AuthMiddlewareStack(AsyncWebsocketConsumer.as_asgi())),
    ]
    monkeypatch.setitem(sys.modules, "old_site_routing", module)
    ((id_, message, _),) = problems(ROUTING="old_site_routing")
    assert id_ == "ws_service.W003"
    assert "'old/'" in message


class Open(Topic):
    async def can_subscribe(self) -> bool:
        return True


class Long(Open):
    history = History(size=1_000)


class Misspelt(Open):
    can_suscribe = True
    presense = True


class Heir(Misspelt):
    """Has its mistakes from another class of the site."""


class Latest(Open):
    history = History(size=1_000)
    recovery = "cache"


class Given(Topic):
    @classmethod
    def at_connect(cls, user: Any) -> Any:
        return [{}]


@pytest.mark.parametrize(
    ("topics", "redis_url", "id_", "words"),
    [
        ([topic("a", Open)], None, "E011", "no Redis"),
        ([topic("a", Topic)], "redis://localhost", "W005", "nobody may subscribe"),
        ([topic("a", Long)], "redis://localhost", "W004", "told of a gap"),
        (topic("a", Open), "redis://localhost", "E007", "must be a list"),
        ([Topic], "redis://localhost", "E007", "write topic("),
        ([topic("a", Open, name="x")] * 2, "redis://localhost", "E007", "named 'x'"),
    ],
)
def test_topics_that_can_not_work_are_named(
    monkeypatch: Any, topics: Any, redis_url: str | None, id_: str, words: str
) -> None:
    """Before somebody publishes in production and nobody listens."""
    module = ModuleType("topical_routing")
    module.websocket_urlpatterns = []  # type: ignore[attr-defined]
    module.topics = topics  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "topical_routing", module)
    ((found, message, _),) = problems(ROUTING="topical_routing", REDIS_URL=redis_url)
    assert found == f"ws_service.{id_}"
    assert words in message


@pytest.mark.parametrize(
    ("topic_class", "warnings"),
    [
        (Misspelt, {"can_suscribe": "can_subscribe", "presense": "presence"}),
        (Heir, {"can_suscribe": "can_subscribe", "presense": "presence"}),
        (Latest, {}),
        (Given, {}),
    ],
)
def test_a_misspelt_policy_or_option_is_named(
    monkeypatch: Any, topic_class: type[Topic], warnings: dict[str, str]
) -> None:
    """W006: otherwise it is silently the default. What can be meant is left alone."""
    module = ModuleType("topical_routing")
    module.topics = [topic("a", topic_class)]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "topical_routing", module)
    found = problems(ROUTING="topical_routing", REDIS_URL="redis://localhost")
    assert {id_ for id_, _, _ in found} <= {"ws_service.W006"}
    assert len(found) == len(warnings)
    for (_, message, hint), (name, meant) in zip(found, warnings.items(), strict=True):
        assert repr(name) in message
        assert repr(meant) in str(hint)
