"""The client by which this process publishes."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.signals import setting_changed

from ws_service.broker.connection import BlockingBroker, database_of
from ws_service.broker.keys import Keys
from ws_service.conf import load_config
from ws_service.errors import BrokerNotConfigured


@dataclass(frozen=True, slots=True)
class Publisher:
    """What publishing needs to know, read once."""

    broker: BlockingBroker
    keys: Keys
    payload_limit_bytes: int


@cache
def publisher() -> Publisher:
    """The process's publisher. Forked workers and threads may share it.

    Raises BrokerNotConfigured, InvalidSettings.
    """
    config = load_config()
    if config.redis_url is None:
        raise BrokerNotConfigured
    return Publisher(
        BlockingBroker(config.redis_url, config.publish_timeout_s),
        Keys(config.key_prefix, database_of(config.redis_url)),
        config.publication_limit_bytes,
    )


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting in ("WS_SERVICE", "CHANNEL_LAYERS"):
        publisher.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ws_service.publishing")
