"""Which Redis is meant: by a URL, or by what the site's channel layer says."""

import traceback
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from ws_service.conf import InvalidSettings, load_config


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
