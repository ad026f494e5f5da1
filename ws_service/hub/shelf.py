"""The topics that a process holds: joined when somebody needs them, kept for a while afterwards."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ws_service.broker.link import DoorbellLink
from ws_service.broker.streams import Streams
from ws_service.cancellation import end
from ws_service.errors import BrokerUnavailable, TooManyTopics
from ws_service.hub.group_link import GroupLink
from ws_service.hub.recovery import RECOVERY_LIMIT
from ws_service.hub.tail import Tail, TailMemory
from ws_service.hub.topic import HubTopic, TopicState
from ws_service.hub.wheel import Wheel
from ws_service.topics.history import History

LINGER_S: Final = 30.0
"""How long a topic without subscribers is kept: who reconnects finds its tail."""

LINGERING_LIMIT: Final = 10_000
"""Topics that are kept though nobody is subscribed; the longest idle one goes first."""

TOPICS_LIMIT: Final = 200_000
"""Topics of a process; past it new ones get a temporary error."""

TAILS_LIMIT_BYTES: Final = 67_108_864


class Shelf(Mapping[str, HubTopic]):
    """For one event loop.

    tail_limit_bytes: of one topic's tail.
    on_joined: called when a topic is live, to handle what was held for it.
    on_forgotten: called when one is held no more.
    """

    def __init__(
        self,
        streams: Streams,
        link: DoorbellLink,
        groups: GroupLink,
        wheel: Wheel,
        tail_limit_bytes: int,
        on_joined: Callable[[HubTopic], None],
        on_forgotten: Callable[[HubTopic], None],
    ) -> None:
        self._streams = streams
        self._link = link
        self._groups = groups
        self._wheel = wheel
        self._tail_limit_bytes = tail_limit_bytes
        self._on_joined = on_joined
        self._on_forgotten = on_forgotten
        self._topics: dict[str, HubTopic] = {}
        self._lingering: dict[HubTopic, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.tail_memory = TailMemory()

    def __getitem__(self, name: str) -> HubTopic:
        return self._topics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._topics)

    def __len__(self) -> int:
        return len(self._topics)

    @property
    def in_use(self) -> int:
        """How many somebody is subscribed to."""
        return len(self._topics) - len(self._lingering)

    def take(self, name: str, *, history: History | None, is_cache: bool) -> HubTopic:
        """The topic of this name, which may still be joining. Raises TooManyTopics."""
        topic = self._topics.get(name)
        if topic is None:
            if len(self._topics) >= TOPICS_LIMIT:
                raise TooManyTopics(TOPICS_LIMIT)
            topic = self._join(name, history, is_cache)
        return topic

    def use(self, topic: HubTopic) -> None:
        """Somebody is subscribed to it now."""
        topic.state = TopicState.LIVE
        self._lingering.pop(topic, None)

    def linger_if_idle(self, topic: HubTopic) -> None:
        """Nobody may need it any more: keep it for a while."""
        if topic.state is TopicState.JOINING or topic.subscriptions or topic.waiting:
            return
        topic.state = TopicState.LINGERING
        if topic.linger is not None:
            topic.linger.cancel()
        topic.linger = self._wheel.after(LINGER_S, lambda: self._forget_if_idle(topic))
        self._lingering.pop(topic, None)
        self._lingering[topic] = None
        if len(self._lingering) > LINGERING_LIMIT:
            self._forget_if_idle(next(iter(self._lingering)))

    def forget(self, topic: HubTopic) -> None:
        """Hold it no more; harmless if another one has its name by now."""
        if self._topics.get(topic.name) is topic:
            del self._topics[topic.name]
            topic.tail.retire()
            self._lingering.pop(topic, None)
            if topic.linger is not None:
                topic.linger.cancel()  # the wheel would hold it until then
            self._on_forgotten(topic)
            self._link.unsubscribe(topic.name)
            self._groups.unsubscribe(topic.name)

    def spare_memory(self, topic: HubTopic) -> None:
        """Past the limit, other topics' tails go: they can be read again from the store."""
        if self.tail_memory.used > TAILS_LIMIT_BYTES:
            for other in self._topics.values():
                if other is not topic and not other.waiting:
                    other.tail.clear()

    async def close(self) -> None:
        """End what is still joining."""
        await end(self._tasks)

    def _join(self, name: str, history: History | None, is_cache: bool) -> HubTopic:
        kept = 1 if is_cache else min(RECOVERY_LIMIT, history.size if history else 0)
        tail = Tail(kept, self._tail_limit_bytes, self.tail_memory)
        topic = self._topics[name] = HubTopic(name, history, tail, is_cache)
        topic.joined = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._joining(topic, topic.joined), name="join")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return topic

    async def _joining(self, topic: HubTopic, joined: asyncio.Future[None]) -> None:
        """Listen first, then read where the topic stands: nothing falls between."""
        try:
            await self._link.subscribe(topic.name)
            await self._groups.subscribe(topic.name)
            if topic.has_history:
                topic.rebase(await self._streams.standing(topic.name))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001
            # Whatever it is, a topic that stays half joined would turn everybody away for ever.
            self.forget(topic)
            told = error if isinstance(error, Exception) else BrokerUnavailable("cancelled")
            joined.set_exception(told)
            joined.exception()  # those who wait for it may have gone
        else:
            topic.state = TopicState.LIVE
            topic.joined = None
            joined.set_result(None)
            self._on_joined(topic)
            self.linger_if_idle(topic)

    def _forget_if_idle(self, topic: HubTopic) -> None:
        self._lingering.pop(topic, None)
        if topic.state is TopicState.LINGERING and not topic.waiting:
            self.forget(topic)
