"""System checks: wrong settings are named before anything starts."""

from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004

from ws_service.conf import channel_layer_settings, find_problems

TAG = "ws_service"
# BZPOPMIN of the core layer blocks this long (channels_redis.core, brpop_timeout).
_CORE_LAYER_BLOCKS_S = 5


@register(TAG)
def check_settings(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """``WS_SERVICE`` and what it leans on (``E001`` to ``E006``)."""
    return [Error(p.message, hint=p.hint, id=p.id) for p in find_problems()]


@register(TAG)
def check_layer_timeouts(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """redis-py 8 gives up on a reply after 5 s, the core layer waits 5 s for one (``W001``)."""
    if int(metadata.version("redis").split(".")[0]) < 8:
        return []
    return [
        Warning(
            f"CHANNEL_LAYERS[{alias!r}] blocks {_CORE_LAYER_BLOCKS_S} s in Redis, as long as"
            " redis-py waits for a reply: idle WebSockets will be closed with 1011.",
            hint='Give it a longer time-out: "hosts": [{"address": …, "socket_timeout": 15}].',
            id="ws_service.W001",
        )
        for alias in _layers_that_time_out()
    ]


def _layers_that_time_out() -> Iterator[str]:
    for alias, layer in channel_layer_settings().items():
        if layer.get("BACKEND") != "channels_redis.core.RedisChannelLayer":
            continue
        hosts = layer.get("CONFIG", {}).get("hosts") or [None]
        for host in hosts:
            timeout_s = host.get("socket_timeout", 5) if isinstance(host, dict) else 5
            if timeout_s is not None and timeout_s <= _CORE_LAYER_BLOCKS_S:
                yield alias
                break
