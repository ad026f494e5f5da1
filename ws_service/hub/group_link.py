"""Hears what the site sends to groups of its channel layer, for the topics over them."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from channels.layers import get_channel_layer

from ws_service.broker.doorbell import VERSION
from ws_service.cancellation import end, is_ending, pause, pause_until
from ws_service.errors import BrokerUnavailable
from ws_service.metrics import count
from ws_service.outage import in_words, is_outage
from ws_service.quiet import Quiet

logger = logging.getLogger(__name__)

JOIN_LIMIT_S: Final = 3.0
LEAVE_LIMIT_S: Final = 2.0
CANCEL_INTERVAL_S: Final = 0.5
REJOIN_INTERVAL_S: Final = 60.0
"""Groups of the core layer are keys that expire, and that a Redis may lose."""

EVENTS_A_TURN: Final = 128
"""Events that are handled before the event loop gets its turn."""

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """A group under a topic.

    payload_of: the JSON that subscribers get of an event, None for nothing. It may raise.
    """

    name: str
    payload_of: Callable[[dict[str, Any]], bytes | None]


@dataclass(frozen=True, slots=True)
class LiveGroups:
    """layer: an alias of ``CHANNEL_LAYERS``. find: the group under a topic, if there is one."""

    layer: str
    find: Callable[[str], LiveGroup | None]


class _Member:
    """A channel of this process in one group: events don't say to which group they were sent."""

    __slots__ = ("channel", "group", "is_joined", "is_receiving", "task")

    def __init__(self, group: LiveGroup) -> None:
        self.group = group
        self.channel: str | None = None
        self.is_joined = asyncio.Event()
        self.is_receiving = False
        self.task: asyncio.Task[None] | None = None


class GroupLink:
    """Joins the group under each topic that is held, and turns its events into doorbells.

    It promises no more than the layer: an event may be lost, none is kept. A layer that fails is
    asked again, with pauses, for as long as the topic is held.

    groups: None where no topic stands over a group; then all this does nothing.
    on_doorbell: called in the event loop with a topic and a doorbell without a position.
    """

    def __init__(
        self, groups: LiveGroups | None, on_doorbell: Callable[[str, bytes], None]
    ) -> None:
        self._groups = groups
        self._on_doorbell = on_doorbell
        self._members: dict[str, _Member] = {}
        self._leaving: dict[str, set[asyncio.Task[None]]] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._making = asyncio.Lock()
        self._next_try_s = 0.0
        self._quiet = Quiet()

    async def close(self) -> None:
        """Leave all groups."""
        for topic in list(self._members):
            self.unsubscribe(topic)
        if self._keeper is not None:
            await end([self._keeper])
        leaving = [task for tasks in self._leaving.values() for task in tasks]
        await asyncio.gather(*leaving, return_exceptions=True)

    async def subscribe(self, topic: str) -> None:
        """Returns when the layer has taken a member into the topic's group, if it has one.

        Raises BrokerUnavailable when that takes too long; it is still wanted then.
        """
        group = self._groups.find(topic) if self._groups else None
        if group is None:
            return
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_joined(), name="groups, staying in")
        member = self._members.get(topic)
        if member is None:
            member = self._members[topic] = _Member(group)
            predecessors = frozenset(self._leaving.get(topic, ()))
            serving = self._serve(topic, member, predecessors)
            member.task = asyncio.create_task(serving, name="group")
        try:
            async with asyncio.timeout(JOIN_LIMIT_S):
                await member.is_joined.wait()
        except TimeoutError as error:
            raise BrokerUnavailable("the channel layer took nobody into a group in time") from error

    def unsubscribe(self, topic: str) -> None:
        """Leave the topic's group."""
        member = self._members.pop(topic, None)
        if member is not None and member.task is not None:
            leaving = asyncio.create_task(_end(member, member.task), name="group, leaving")
            self._leaving.setdefault(topic, set()).add(leaving)
            leaving.add_done_callback(lambda task: self._has_left(topic, task))

    def rejoin(self) -> None:
        """Redis was away: whatever it knew of groups may be gone."""
        self._wake.set()

    def _has_left(self, topic: str, task: asyncio.Task[None]) -> None:
        self._leaving[topic].discard(task)
        if not self._leaving[topic]:
            del self._leaving[topic]

    async def _serve(
        self, topic: str, member: _Member, predecessors: frozenset[asyncio.Task[None]]
    ) -> None:
        """Be a member until it is cancelled."""
        if predecessors:
            # The pub/sub layer mixes up one who joins a group with the last one who leaves it.
            await asyncio.wait(predecessors)
        loop = asyncio.get_running_loop()
        layer = self._layer()
        pause_s = _FIRST_PAUSE_S
        try:
            while True:
                started_s = loop.time()
                try:
                    async with asyncio.timeout(JOIN_LIMIT_S):
                        channel = member.channel or await self._new_channel(layer)
                        member.channel = channel
                        await layer.group_add(member.group.name, channel)
                    member.is_joined.set()
                    member.is_receiving = True
                    await self._receive(layer, topic, member.group, channel)
                except (Exception, asyncio.CancelledError) as error:
                    if is_ending():
                        raise
                    self._complain(error)
                    if isinstance(error, asyncio.CancelledError):
                        await self._give_up_channel(layer, member)
                member.is_receiving = False
                if loop.time() - started_s > _LONGEST_PAUSE_S:
                    pause_s = _FIRST_PAUSE_S
                await pause(pause_s * random.uniform(0.5, 1.0))  # noqa: S311
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
        finally:
            was_receiving, member.is_receiving = member.is_receiving, False
            if member.channel is not None:
                await self._leave(layer, member.group, member.channel, was_receiving)

    async def _receive(self, layer: Any, topic: str, group: LiveGroup, channel: str) -> None:
        handled = 0
        while True:
            event = await layer.receive(channel)
            self._pass_on(topic, group, event)
            handled += 1
            if handled % EVENTS_A_TURN == 0:
                # Receiving what is there already doesn't suspend; others need the loop too.
                await asyncio.sleep(0)

    def _pass_on(self, topic: str, group: LiveGroup, event: dict[str, Any]) -> None:
        try:
            payload = group.payload_of(event)
        except Exception:
            count("ws_service_events_failed_total")
            logger.exception("An event of group %r does not reach topic %r", group.name, topic)
            return
        if payload is not None:
            self._on_doorbell(topic, b"%b 0 - %b" % (VERSION, payload))

    async def _leave(self, layer: Any, group: LiveGroup, channel: str, was_receiving: bool) -> None:
        with suppress(Exception):  # Redis is away, perhaps: the membership expires there
            async with asyncio.timeout(LEAVE_LIMIT_S):
                if not was_receiving:
                    await _give_back(layer, channel)
                await layer.group_discard(group.name, channel)

    async def _give_up_channel(self, layer: Any, member: _Member) -> None:
        """A layer takes a channel back when a receive() is cancelled, whoever has done that."""
        channel, member.channel = member.channel, None
        if channel is not None:
            await self._leave(layer, member.group, channel, was_receiving=True)

    async def _new_channel(self, layer: Any) -> str:
        """One attempt at a time: the pub/sub layer keeps a channel also when it could not make it,
        so attempts are rare while Redis is away.
        """
        loop = asyncio.get_running_loop()
        async with self._making:
            await asyncio.sleep(max(0.0, self._next_try_s - loop.time()))
            try:
                channel = await layer.new_channel()
            except BaseException:
                self._next_try_s = loop.time() + _LONGEST_PAUSE_S
                raise
            return str(channel)

    async def _keep_joined(self) -> None:
        """Join again and again what is joined: harmless where nothing was lost."""
        layer = self._layer()
        expiry_s = getattr(layer, "group_expiry", None) or 2 * REJOIN_INTERVAL_S
        interval_s = pause_s = min(REJOIN_INTERVAL_S, expiry_s / 2)
        while True:
            await pause_until(self._wake, pause_s)
            pause_s = interval_s
            for topic, member in list(self._members.items()):
                try:
                    async with asyncio.timeout(JOIN_LIMIT_S):
                        await self._join_again(layer, topic, member)
                except (Exception, asyncio.CancelledError) as error:
                    if is_ending():
                        raise
                    self._complain(error)
                    pause_s = _LONGEST_PAUSE_S
                    break

    async def _join_again(self, layer: Any, topic: str, member: _Member) -> None:
        if self._members.get(topic) is not member or member.channel is None:
            return
        await layer.group_add(member.group.name, member.channel)
        if self._members.get(topic) is not member:  # it has left meanwhile, perhaps before
            await layer.group_discard(member.group.name, member.channel)

    def _layer(self) -> Any:
        assert self._groups is not None  # noqa: S101 - subscribe() found a group in them
        return get_channel_layer(self._groups.layer)

    def _complain(self, error: BaseException) -> None:
        """At most one line a minute, whatever number of groups there is."""
        now_s = asyncio.get_running_loop().time()
        if self._quiet.may_say("channel layer", now_s):
            trace = None if is_outage(error) else error
            logger.warning(
                "The channel layer failed a topic over a group; events may be lost: %s",
                in_words(error),
                exc_info=trace,
            )


async def _end(member: _Member, task: asyncio.Task[None]) -> None:
    """Cancel until it is heard: ``wait_for()`` of Python 3.11, in redis-py, may lose one."""
    task.cancel()
    while not task.done():
        await asyncio.wait((task,), timeout=CANCEL_INTERVAL_S)
        if member.is_receiving:
            task.cancel()


async def _give_back(layer: Any, channel: str) -> None:
    """A layer takes a channel back when a receive() is cancelled; there is no other way."""
    receiving = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
