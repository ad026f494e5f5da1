"""All topics of the process: each publication comes in once and goes out to everybody."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.doorbell import Doorbell, MemberEvent, UnreadableDoorbell
from ws_service.broker.keys import Keys
from ws_service.broker.link import DoorbellLink
from ws_service.broker.position import Lineage, Position
from ws_service.broker.streams import Streams
from ws_service.cancellation import end
from ws_service.errors import Unrecoverable
from ws_service.hub.control import Control
from ws_service.hub.echo import Echo
from ws_service.hub.group_link import GroupLink, LiveGroups
from ws_service.hub.lease import LEASE_S, Lease
from ws_service.hub.members import Members
from ws_service.hub.reaper import Reaper
from ws_service.hub.recovery import RECOVERY_LIMIT, Recovered, Recovery
from ws_service.hub.renewal import Renewal
from ws_service.hub.sequencer import Verdict, judge
from ws_service.hub.shelf import Shelf
from ws_service.hub.subscription import Subscriber, Subscription
from ws_service.hub.synchronise import Synchroniser
from ws_service.hub.tail import Encoded
from ws_service.hub.topic import HubTopic
from ws_service.hub.topic_table import TopicTableKeeper
from ws_service.hub.watcher import Watcher
from ws_service.hub.waves import Waves
from ws_service.hub.wheel import Wheel
from ws_service.metrics import count
from ws_service.topics.control import CONTROL_TOPIC
from ws_service.topics.history import History

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attached:
    """How a subscription begins.

    position: where the topic stood at that moment.
    recovered: everything since the position that was asked for; None if there is a gap, or if
        none was asked for.
    """

    position: Position
    recovered: Recovered | None


class Hub:
    """Topics and their subscriptions, in one event loop. Every method is called in that loop.

    url: the Redis. keys: the deployment's names in it.
    recovery_limit_bytes: of one recovery; more is a gap.
    live_groups: of the channel layer, under topics whose events only pass through.
    lease_s: how long this process's clients count as present after its death.
    node_info: JSON that this process says of itself, asked at each renewal of the lease.
    on_control: gets the JSON of each control message, once and in order; without it the control
        topic isn't held.
    topic_table: what ``compiled()`` made of the site's topics, for publishers without its code.
    """

    def __init__(
        self,
        url: str,
        keys: Keys,
        recovery_limit_bytes: int,
        live_groups: LiveGroups | None = None,
        lease_s: float = LEASE_S,
        node_info: Callable[[], bytes] = lambda: b"{}",
        on_control: Callable[[bytes], None] | None = None,
        topic_table: bytes | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._link = DoorbellLink(url, keys, self.ring, self._on_restored, self._on_lost)
        broker = AsyncBroker(url, on_moved=self._link.reconnect)
        self._streams = Streams(broker, keys)
        self.echo = Echo(broker, keys, self._link)
        self._groups = GroupLink(live_groups, self.ring)
        self._recovery_limit_bytes = recovery_limit_bytes
        self.wheel = Wheel(self._loop)
        self._topics = Shelf(
            self._streams,
            self._link,
            self._groups,
            self.wheel,
            recovery_limit_bytes,
            on_joined=self._replay,
            on_forgotten=self._on_forgotten,
        )
        self._dirty: dict[HubTopic, None] = {}
        self._waves = Waves(self._loop)
        self._synchroniser = Synchroniser(
            self._streams,
            on_advanced=self._flush_soon,
            on_stranded=self._waves.tell,
            on_done=self._replay,
        )
        self._recovery = Recovery(self._streams, self._synchroniser)
        self._watcher = Watcher(self._streams, self._topics, self._synchroniser)
        self._renewal = Renewal(self._streams, self._topics, self._synchroniser)
        self._lease = Lease(broker, keys, lease_s, node_info)
        self._reaper = Reaper(broker, keys, self._lease)
        self.members = Members(broker, keys, self._lease, self._reaper)
        self._lease.on_renewed = self._reaper.on_renewed
        self._lease.on_replaced = self.members.write_again
        self._control = on_control and Control(self._streams, self.subscribe, on_control)
        self._table_keeper = topic_table and TopicTableKeeper(broker, keys, topic_table)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def topics_in_use(self) -> int:
        """Topics that a client is subscribed to."""
        return self._topics.in_use - (CONTROL_TOPIC in self._topics)

    def start(self) -> None:
        self._link.start()
        self._keep(asyncio.create_task(self._watcher.run(), name="change watcher"))
        self._keep(asyncio.create_task(self._renewal.run(), name="renewal"))
        if self._control is not None:
            self._keep(asyncio.create_task(self._control.run(), name="control"))
        if self._table_keeper:
            self._keep(asyncio.create_task(self._table_keeper.run(), name="topic table"))
        self._keep(asyncio.create_task(self._lease.run(), name="lease"))
        self._keep(asyncio.create_task(self._reaper.run(), name="reaper"))
        self._keep(asyncio.create_task(self.members.run(), name="members"))

    async def close(self) -> None:
        """Give back who is present, and let go of Redis."""
        await self.members.close()
        await self._link.close()
        await self._groups.close()
        await end(self._tasks)
        await self._topics.close()
        await self._synchroniser.close()
        await self._recovery.close()
        await self._streams.close()

    # --- subscriptions -------------------------------------------------------------------

    async def subscribe(
        self,
        subscription: Subscription,
        answer: Callable[[Attached], None],
        *,
        history: History | None,
        since: Position | None = None,
        must_recover: bool = False,
        is_cache: bool = False,
    ) -> None:
        """Attach a subscription, after recovering from ``since`` where that is asked for.

        history: of the topic; None for one without positions. What it keeps no longer is not
            recovered, in any process.
        is_cache: of a topic of which only the latest publication counts: it alone is recovered.
        answer: called in the very step in which it is attached, so that what it writes stands
            before all publications that follow.

        Raises BrokerUnavailable, TooManyTopics, and Unrecoverable if it ``must_recover`` and can't;
        nothing is attached then.
        """
        topic = self._topics.take(subscription.channel, history=history, is_cache=is_cache)
        topic.waiting += 1
        try:
            if topic.joined is not None:
                await asyncio.shield(topic.joined)
            recovered = None
            if since is not None and topic.has_history:
                recovered = await self._recover(topic, since, subscription.subscriber)
            if must_recover and recovered is None:
                raise Unrecoverable(f"nothing is left from {since} on")
            topic.attach(subscription)
            self._topics.use(topic)
            try:
                answer(Attached(topic.position, recovered))
            except BaseException:
                topic.detach(subscription)
                raise
        finally:
            topic.waiting -= 1
            self._topics.linger_if_idle(topic)

    async def _recover(
        self, topic: HubTopic, since: Position, subscriber: Subscriber
    ) -> Recovered | None:
        """Everything since a position, when the client has room for it: who comes back to many
        topics at once is no slow client.
        """
        while True:
            recovered = await self._recovery.since(topic, since)
            self._topics.spare_memory(topic)
            if recovered is None or subscriber.has_room(recovered.size):
                return recovered
            if not await subscriber.wait_for_room():
                return None

    def unsubscribe(self, subscription: Subscription) -> None:
        """Detach a subscription; harmless if it isn't attached."""
        topic = self._topics.get(subscription.channel)
        if topic is not None:
            topic.detach(subscription)
            self._topics.linger_if_idle(topic)

    async def publish(
        self,
        name: str,
        payload: bytes,
        *,
        history: History | None,
        extra: bytes = b"",
        idempotency_key: str | None = None,
    ) -> Position:
        """Publish from within the service, for a client; subscribers get it as they get all else.

        payload: JSON on one line. extra: what stands beside it, as ``encode_extra`` made it.
        history: of the topic; None keeps nothing, and the position says nothing then.
        Raises BrokerUnavailable; it may have been published all the same.
        """
        return await self._streams.publish(
            name,
            payload,
            history_size=history.size if history else 0,
            history_lifetime=history.ttl if history else timedelta(0),
            extra=extra,
            idempotency_key=idempotency_key,
        )

    async def history(
        self, name: str, *, after: int, limit: int, reverse: bool
    ) -> tuple[Lineage, Sequence[Encoded]]:
        """Where a topic stands, and publications of its stream; as many as a recovery may carry,
        at least one: who wants more asks again from there. Raises BrokerUnavailable.
        """
        part = await self._streams.read(name, after, min(limit, RECOVERY_LIMIT), reverse=reverse)
        found: list[Encoded] = []
        size = 0
        for each in part.publications:
            encoded = Encoded.of(each.offset, each.payload, each.extra)
            size += len(encoded.json)
            if found and size > self._recovery_limit_bytes:
                break
            found.append(encoded)
        return part.lineage, found

    # --- publications --------------------------------------------------------------------

    def ring(self, name: str, message: bytes) -> None:
        """A doorbell has come."""
        topic = self._topics.get(name)
        if topic is None:
            if name == self.echo.topic:
                self.echo.hear(message)
            return
        try:
            parsed = MemberEvent.parse(message) or Doorbell.parse(message)
        except UnreadableDoorbell:
            # Of a newer version, perhaps: the store tells.
            if topic.has_history:
                self._synchroniser.request(topic)
            return
        self._take(topic, parsed)

    def _take(self, topic: HubTopic, message: Doorbell | MemberEvent) -> None:
        """In the order in which they came, after what the store has."""
        if topic.is_held:
            topic.hold(message)
        elif isinstance(message, Doorbell):
            self._handle(topic, message)
        elif topic.tell(message):
            self._flush_soon(topic)

    def _handle(self, topic: HubTopic, doorbell: Doorbell) -> None:
        count("ws_service_doorbells_total")
        if doorbell.offset == 0 or not topic.has_history:
            if doorbell.payload is not None:
                topic.pass_on(doorbell.payload, doorbell.extra)
                self._flush_soon(topic)
            return
        verdict = judge(topic.position, doorbell)
        if verdict is Verdict.DELIVER and doorbell.payload is not None:
            topic.advance(doorbell.offset, doorbell.payload, doorbell.extra)
            self._topics.spare_memory(topic)
            self._flush_soon(topic)
        elif verdict is Verdict.DROP:
            count("ws_service_duplicates_dropped_total")
        else:
            self._synchroniser.start(topic)

    def _replay(self, topic: HubTopic) -> None:
        """Handle what was held, until something has to be looked up again."""
        held, must_look = topic.release()
        for message in held:
            self._take(topic, message)
        if must_look and not topic.is_held and topic.has_history:
            self._synchroniser.start(topic)

    def _flush_soon(self, topic: HubTopic) -> None:
        """What comes within one turn of the loop leaves together."""
        if not self._dirty:
            self._loop.call_soon(self._flush)
        self._dirty[topic] = None

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, {}
        for topic in dirty:
            try:
                topic.flush()
            except Exception:  # one topic's trouble must not be the others'
                logger.exception("Topic %r could not be given to its subscribers", topic.name)

    def _on_forgotten(self, topic: HubTopic) -> None:
        self._synchroniser.doubtful.pop(topic, None)

    def _on_lost(self) -> None:
        self._lease.suspect()

    def _on_restored(self) -> None:
        self._groups.rejoin()
        self._lease.renew_now()
        self._watcher.check_all_soon()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
