"""Which Redis is meant: by a URL, or by what the site's channel layer says."""

import ssl
import sys
import traceback
from types import ModuleType
from typing import Any

import pytest
from channels_redis.utils import create_pool, decode_hosts
from django.core.checks import run_checks
from django.test import override_settings
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection

from ws_service import Topic, publish, topic
from ws_service.conf import InvalidSettings, load_config
from ws_service.errors import BrokerNotConfigured
from ws_service.redis_url import RedisUrl


def problems(**ws_service: Any) -> list[tuple[str | None, str, str]]:
    with override_settings(WS_SERVICE=ws_service):
        return [(m.id, m.msg, m.hint or "") for m in run_checks(tags=["ws_service"])]


MALFORMED = (
    *("redis://:hunter2#hunter2@redis/0", "redis://:hunter2?hunter2@redis/0"),
    *("redis://:hunter2/hunter2@redis/0", "redis://:hunter2[hunter2@redis/0"),
    *("redis://u:hunter2@redis:hunter2/0", "redis://u:hunter2@redis:70000", "redis://redis:0"),
    *("redis://u:hunter2@redis/hunter2", "redis://u:hunter2@redis/-1", "redis://redis/0/1"),
    *("redis://", "redis:///0", "redis://u:hunter2@/0", "redis://u:hunter2@/0?db=1"),
    *(
        "redis://u:hunter2@redis?hunter2=1",
        "redis://redis?foo=1",
        "redis://redis?decode_responses=1",
    ),
    *("redis://redis?db=hunter2", "redis://redis?db=-1", "redis://redis?socket_timeout=hunter2"),
    *("redis://redis?max_connections=many", "redis://redis?socket_keepalive=hunter2"),
    *("redis://redis?ssl_cert_reqs=none", "rediss://redis?ssl_cert_reqs=hunter2"),
    *("unix://run/redis.sock", "unix://", "unix:///?db=1", "unix:///run/redis.sock?db=hunter2"),
    *(f"redis://{'a' * 64}/0", "redis://a..b/0", "redis://a%20b/0", "redis://a%00b/0"),
    *("unix:///run/%00", "redis://\udcff:hunter2@redis/0", "REDIS://redis", "sentinel://redis"),
)


@pytest.mark.promise("bad-settings")
@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_url_is_named_and_not_shown(url: str) -> None:
    """Else a traceback shows it, with a part of the password, or the next commit does."""
    ((id_, message, hint),) = problems(REDIS_URL=url)
    assert id_ == "ws_service.E003"
    assert "WS_SERVICE['REDIS_URL'] is no URL of a Redis: " in message
    assert "hunter2" not in message + hint
    with override_settings(WS_SERVICE={"REDIS_URL": url}), pytest.raises(InvalidSettings) as bad:
        load_config()
    assert "hunter2" not in "".join(traceback.format_exception(bad.value))


@pytest.mark.parametrize(
    "url",
    [
        *(
            "redis://redis",
            "redis://redis:6380/",
            "rediss://u:p%23@redis:6380/3?ssl_cert_reqs=none",
        ),
        "redis://my_redis/0?socket_timeout=15&health_check_interval=10&client_name=site",
        *("redis://[::1]:6379/1", "redis://redis/0?db=4", "unix://u:p@/run/redis.sock?db=3"),
        *("redis://:p@ss@redis", "redis://10.0.0.1/15?protocol=3&retry_on_timeout=True"),
    ],
)
def test_what_is_well_formed_has_nothing_wrong(url: str) -> None:
    """Also with parameters by which other clients of the same URL are told how long to wait."""
    assert problems(REDIS_URL=url) == []


def layered(settings: Any, host: Any) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [host]},
        }
    }


PASSWORD = "a/b#c@d:e%f?g h"
QUOTED = "a%2Fb%23c%40d%3Ae%25f%3Fg%20h"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ({"address": "rediss://:secret@redis:6379/3", "socket_timeout": 15}, None),
        ("redis://redis:6379/1", None),
        (("redis", 6380), "redis://redis:6380/0"),
        (["redis", "6380"], "redis://redis:6380/0"),
        ({"host": "redis", "port": 6380}, "redis://redis:6380/0"),
        ({"host": "::1"}, "redis://[::1]:6379/0"),
        ({"port": 6380, "db": 2}, "redis://localhost:6380/2"),
        (
            {"host": "redis", "port": 6380, "username": "ws", "password": PASSWORD, "db": 2},
            f"redis://ws:{QUOTED}@redis:6380/2",
        ),
        (
            {"address": "redis://redis:6380", "password": PASSWORD, "db": 2},
            f"redis://:{QUOTED}@redis:6380/2",
        ),
        (
            {"address": "redis://u:own@redis/4", "username": "x", "password": "y", "db": 2},
            "redis://u:own@redis:6379/4",
        ),
        ({"address": "redis://redis", "db": 0, "retry_on_timeout": True}, "redis://redis:6379/0"),
        (
            {"address": "rediss://redis/1", "ssl_cert_reqs": None, "ssl_ca_certs": "/ca.pem"},
            "rediss://redis:6379/1?ssl_ca_certs=%2Fca.pem",
        ),
        (
            {"host": "redis", "connection_class": SSLConnection, "ssl_cert_reqs": ssl.CERT_NONE},
            "rediss://redis:6379/0?ssl_cert_reqs=none",
        ),
        (
            {"address": "unix:///run/redis.sock", "password": PASSWORD, "db": 3},
            f"unix://:{QUOTED}@/run/redis.sock?db=3",
        ),
        (
            {"connection_class": UnixDomainSocketConnection, "path": "/run/redis.sock", "db": 3},
            "unix:///run/redis.sock?db=3",
        ),
    ],
)
def test_the_channel_layers_redis_is_the_topics_too(
    settings: Any, host: Any, url: str | None
) -> None:
    """A site that uses Channels has named it already, with its password and its database."""
    layered(settings, host)
    found = load_config().redis_url
    assert found == (url or (host["address"] if isinstance(host, dict) else host))
    # As channels_redis understands it.
    pool = create_pool(decode_hosts([host])[0])
    ours, theirs = [
        {
            name: options.get(name) or default
            for name, default in {"host": "localhost", "port": 6379, "db": 0, "path": ""}.items()
        }
        | {name: options.get(name) or None for name in ("username", "password")}
        for options in (RedisUrl.parse(found).client_options(), pool.connection_kwargs)
    ]
    assert ours | {"port": int(ours["port"])} == theirs | {"port": int(theirs["port"])}


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        ([{"sentinels": [("redis", 26379)], "master_name": "hunter2"}], "'master_name'"),
        ([{"address": "redis://:hunter2#@redis"}], "%23"),
        ([{"address": "redis://redis", "password": b"hunter2"}], "password"),
        ([{"address": b"redis://:hunter2@redis"}], "address"),
        ([{"address": "redis://redis", "db": "hunter2"}], "db"),
        ([{"host": "redis", "credential_provider": object()}], "'credential_provider'"),
        ([{"host": "redis", "path": "/hunter2"}], "path"),
        ([{"host": "redis", "connection_class": object}], "connection_class"),
        ([{"address": "redis://redis", "ssl_cert_reqs": "none"}], "rediss://"),
        (["redis://redis?foo=hunter2"], "parameter"),
        ([b"redis://:hunter2@redis"], "form"),
        ([("redis", "hunter2")], "port"),
        ("redis://:hunter2@redis", "no list"),
    ],
)
def test_a_host_that_no_url_can_say_is_refused(
    settings: Any, monkeypatch: Any, hosts: Any, words: str
) -> None:
    """A password or a database that got lost on the way would be somebody else's data."""
    module = ModuleType("topical_routing")
    module.websocket_urlpatterns = []  # type: ignore[attr-defined]
    module.topics = [topic("a", Topic)]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "topical_routing", module)
    layered(settings, None)
    settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"] = hosts
    (id_, message, hint), *_ = problems(ROUTING="topical_routing")
    assert id_ == "ws_service.E011"
    assert words in message
    assert "REDIS_URL" in hint
    assert "hunter2" not in message + hint
    settings.WS_SERVICE = {"ROUTING": "topical_routing"}
    with pytest.raises(BrokerNotConfigured, match="REDIS_URL") as refused:
        publish("a", 1, on_commit=False)
    assert words in str(refused.value)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))
