"""The topics that the service has written into Redis, for publishers without its code."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from ws_service.broker.connection import BlockingBroker
from ws_service.broker.keys import Keys
from ws_service.broker.scripts import Call
from ws_service.broker.topic_table import read_table_call, write_table_call
from ws_service.conf import ServiceConfig
from ws_service.errors import BrokerUnavailable, InvalidTopicName, UnknownTopic, UnreadableTopics
from ws_service.redis_url import RedisUrl
from ws_service.topics.compiled import compiled, topics_of
from ws_service.topics.names import check_name
from ws_service.topics.table import Match, TopicTable, load_topics

KEPT_S: Final = 30.0
"""How long a table is used before it is read again."""

LOOKED_AGAIN_S: Final = 1.0
"""How long a topic that is not in it counts as unknown, and Redis as away."""

_MISSING: Final = (
    "; no service has written its topics into this Redis yet. Start it, or name the topics in these"
    " settings too: WS_SERVICE['ROUTING'] or ['TOPICS']"
)


def write_topics(config: ServiceConfig, time_limit_s: float) -> None:
    """Write the topics that the settings name, once; nothing where there are none.

    Raises BrokerUnavailable, InvalidRouting.
    """
    topics = load_topics(config.routing, config.topics_file)
    if topics and config.redis_url is not None:
        call = write_table_call(_keys(config, config.redis_url), compiled(topics))
        _run(config.redis_url, time_limit_s, call)


def _keys(config: ServiceConfig, url: str) -> Keys:
    return Keys(config.key_prefix, RedisUrl.parse(url).database)


def _run(url: str, time_limit_s: float, call: Call) -> Any:
    """Over a connection of its own: the next time is half a minute away."""
    broker = BlockingBroker(url, time_limit_s)
    try:
        return broker.run(call)
    finally:
        broker.close()


class WrittenTopics(TopicTable):
    """What the service says that there is. Safe for threads.

    read: gives what is written, None for nothing; raises BrokerUnavailable. While it does, the
    last table is used.
    """

    def __init__(
        self, read: Callable[[], bytes | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(())
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._table: TopicTable | None = None
        self._trouble: BrokerUnavailable | UnreadableTopics | None = None
        self._asked_s = float("-inf")

    @classmethod
    def from_config(cls, config: ServiceConfig, url: str) -> "WrittenTopics":
        """Those of one deployment. url: its Redis."""
        call = read_table_call(_keys(config, url))
        return cls(lambda: _run(url, config.publish_timeout_s, call))

    def match(self, name: str) -> Match:
        """Raises UnknownTopic, InvalidTopicName; BrokerUnavailable, UnreadableTopics if nothing
        that was written has been read yet.
        """
        name = check_name(name)
        try:
            return self._now(name, KEPT_S).match(name)
        except UnknownTopic:
            return self._now(name, LOOKED_AGAIN_S).match(name)

    def reverse(self, route_name: str, kwargs: Mapping[str, Any]) -> str:
        """Raises InvalidTopicName, and what ``match()`` raises."""
        try:
            return self._now(route_name, KEPT_S).reverse(route_name, kwargs)
        except InvalidTopicName:
            return self._now(route_name, LOOKED_AGAIN_S).reverse(route_name, kwargs)

    def _now(self, name: str, age_limit_s: float) -> TopicTable:
        with self._lock:
            if self._trouble is not None:
                age_limit_s = LOOKED_AGAIN_S
            if self._clock() - self._asked_s >= age_limit_s:
                self._ask()
            if self._table is not None:
                return self._table
            if self._trouble is not None:
                raise self._trouble
        raise UnknownTopic(name, _MISSING)

    def _ask(self) -> None:
        try:
            data = self._read()
            # Nothing there: Redis was emptied, and the service will write it again.
            self._table = self._table if data is None else topics_of(data)
            self._trouble = None
        except (BrokerUnavailable, UnreadableTopics) as error:
            self._trouble = error
        self._asked_s = self._clock()
