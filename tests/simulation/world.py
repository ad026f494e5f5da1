"""Several service processes, a Redis, a site and clients, in one event loop and no real time."""

import asyncio
import logging
import random
import secrets
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from unittest.mock import patch

from tests.simulation.client import Follower, Judgement, Topic
from tests.simulation.network import Network
from tests.simulation.plan import LENGTH_S, TOPICS, Event, Knobs, Plan
from tests.simulation.redis_server import RedisServer
from tests.simulation.truth import Kept, Truth
from tests.simulation.virtual_time import VirtualLoop
from ws_service.broker.connection import AsyncBroker
from ws_service.broker.keys import Keys
from ws_service.broker.link import PING_INTERVAL_S, DoorbellLink
from ws_service.broker.streams import Streams
from ws_service.errors import BrokerUnavailable
from ws_service.hub.hub import Hub
from ws_service.node import node_id

RECOVERY_LIMIT_BYTES: Final = 1_000_000
SETTLING_LIMIT_S: Final = 60.0
SILENT_S: Final = 2 * PING_INTERVAL_S
PUBLISHING_LIMIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a plan."""

    judgement: Judgement
    published: int

    @property
    def wrong(self) -> list[str]:
        return self.judgement.wrong


def run(plan: Plan) -> Outcome:
    """Let it happen. The same plan has the same outcome, to the letter of its trace."""
    loop = VirtualLoop()
    world = World(plan, loop)
    with _chance_of(plan.seed), _knobs(plan.knobs), _silence():
        try:
            loop.run_until_complete(world.live())
        finally:
            loop.end()
    return Outcome(world.judgement, world.truth.published)


class World:
    """Has a method for each kind of event."""

    def __init__(self, plan: Plan, loop: VirtualLoop) -> None:
        self._plan = plan
        self._loop = loop
        self._chance = Random(f"{plan.seed} world")
        self._network = Network(loop, plan.seed)
        loop.connect = self._network.connect
        self._tasks: list[asyncio.Task[Any]] = []
        loop.set_task_factory(self._make_task)
        self._keys = Keys("simulated")
        self._redis = RedisServer(self._network, loop.time, plan.seed)
        self._redis.bell_fate = self._bell_fate
        kept = {
            topic.name: Kept(
                topic.is_cache,
                min(topic.history.size, plan.knobs.recovery),
                topic.history.ttl.total_seconds(),
            )
            for topic in TOPICS
        }
        self.truth = Truth(self._redis, self._keys, kept, loop.time)
        self.judgement = Judgement()
        self._bells: dict[str, tuple[int, float, float]] = {}
        self._strays: list[tuple[str, str]] = []
        self._redis.on_command = self._stray
        self._to_leave: dict[str, tuple[int, int]] = {}
        self._network.on_connected = self._leave_soon
        self._hubs: list[Hub | None] = [None] * plan.hubs
        self._followers: list[list[Follower]] = [[] for _ in range(plan.clients)]
        self._snapshots: dict[int, Any] = {}
        self._works: set[asyncio.Task[None]] = set()
        self._unsent = 0
        self._numbers = 0
        self._is_over = False

    def _make_task(self, loop: Any, work: Any, **options: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **options)
        if len(self._tasks) > 1_000:
            self._tasks = [each for each in self._tasks if not each.done()]
        self._tasks.append(task)
        task.add_done_callback(self._judge_task)
        return task

    def _judge_task(self, task: asyncio.Task[Any]) -> None:
        """No fault may be more to the service than an outage."""
        work: Any = task.get_coro()
        error = None if task.cancelled() else task.exception()
        is_ours = any(name in work.cr_code.co_filename for name in ("ws_service", "simulation"))
        if error and is_ours and not self._is_over and not isinstance(error, BrokerUnavailable):
            self.judgement.wrong.append(f"{work.__qualname__} ended with {error!r}")

    # --- the run ----------------------------------------------------------------------------

    async def live(self) -> None:
        self._site = Streams(AsyncBroker("redis://site:6379/0"), self._keys)
        for number in range(self._plan.hubs):
            self._start_hub(number)
        self._work(self._watch_links())
        began_s = self._loop.time()
        for number, event in enumerate(self._plan.events):
            if event.kind == "restart_older":
                due_s = began_s + max(0.0, event.at_s - event.words[1])
                self._loop.call_at(due_s, self._take_snapshot, number)
        for number, event in enumerate(self._plan.events):
            await asyncio.sleep(began_s + event.at_s - self._loop.time())
            self._happen(number, event)
        await asyncio.sleep(max(0.0, began_s + LENGTH_S + 5.0 - self._loop.time()))
        await self._settle()
        for follower in self._all_followers():
            follower.judge_the_end()
        self.judgement.wrong += self.truth.doubles
        await self._end_all()

    async def _end_all(self) -> None:
        self._is_over = True
        for work in self._works:
            work.cancel()
        for follower in self._all_followers():
            follower.leave()
        for hub in self._hubs:
            if hub is not None:
                await hub.close()
        await self._site.close()
        await asyncio.sleep(1.0)

    def _happen(self, number: int, event: Event) -> None:
        self._note(str(event))
        self.truth.look()
        if event.kind == "restart_older":
            self._restart(event.words[0], self._snapshots.get(number))
        else:
            getattr(self, event.kind)(*event.words)
        self.truth.look()

    async def _settle(self) -> None:
        """All is well again: whatever doesn't arrive now has been lost."""
        self._note("all is well")
        self._network.slow_down(1.0)
        self._network.unreachable.clear()
        self._bells.clear()
        self._to_leave.clear()
        self._strays.clear()
        await self._until(lambda: self._unsent == 0)
        # What was lost must be found without any help: nobody may publish for days.
        await self._until(lambda: not any(each.is_behind() for each in self._all_followers()))
        for follower in self._all_followers():
            follower.judge_the_calm()
        # Each topic's last epoch is one in which something was published.
        topics = {follower.topic for follower in self._all_followers()}
        for number, topic in enumerate(TOPICS):
            if topic.name in topics:
                self.publish(number, 1)
        await self._until(
            lambda: self._unsent == 0 and all(each.is_at_top() for each in self._all_followers())
        )

    async def _watch_links(self) -> None:
        """A link that is up and hears Redis answer says soon that it is back."""
        silent_since_s: dict[DoorbellLink, float] = {}
        while True:
            await asyncio.sleep(1.0)
            now_s = self._loop.time()
            links = [hub._link for hub in self._hubs if hub is not None and hub._link._must_tell]
            silent_since_s = {link: silent_since_s.get(link, now_s) for link in links}
            for link, since_s in silent_since_s.items():
                if now_s > since_s + SILENT_S and link._heard_s > since_s + PING_INTERVAL_S:
                    self.judgement.wrong.append("a link is up and never says that it is back")
                    return

    async def _until(self, condition: Callable[[], bool]) -> None:
        deadline_s = self._loop.time() + SETTLING_LIMIT_S
        while not condition() and self._loop.time() < deadline_s:  # noqa: ASYNC110 - costs nothing
            await asyncio.sleep(0.1)

    def _all_followers(self) -> Iterator[Follower]:
        for followers in self._followers:
            yield from followers

    def _note(self, what: str) -> None:
        self.judgement.trace.append(f"{self._loop.time():9.4f} {what}")

    def _work(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)

    # --- the site and its visitors ----------------------------------------------------------

    def publish(self, topic: int, many: int) -> None:
        for _ in range(many):
            self._numbers += 1
            self._unsent += 1
            self._work(self._publish(TOPICS[topic], f"p{self._numbers}"))

    async def _publish(self, topic: Topic, uid: str) -> None:
        """Until it is confirmed; a site would do so in a task that is tried again."""
        deadline_s = self._loop.time() + PUBLISHING_LIMIT_S
        while self._loop.time() < deadline_s:
            try:
                await self._site.publish(
                    topic.name,
                    f'"{uid}"'.encode(),
                    history_size=topic.history.size,
                    history_lifetime=topic.history.ttl,
                    extra=b"",
                    idempotency_key=uid,
                )
                break
            except BrokerUnavailable:
                await asyncio.sleep(0.3)
        self._unsent -= 1

    def visit(self, client: int, topics: tuple[int, ...], hub: int) -> None:
        for topic in topics:
            chance = Random(f"{self._plan.seed} {client} {topic}")
            follower = Follower(
                f"c{client}", TOPICS[topic], self.truth, self.judgement, chance, self._loop.time
            )
            self._followers[client].append(follower)
        self._come(client, hub, 0.0)

    def cut_client(self, client: int, away_s: float, hub: int) -> None:
        self._come(client, hub, away_s)

    def reload_client(self, client: int, away_s: float, hub: int) -> None:
        for follower in self._followers[client]:
            follower.leave()
            follower.forget_position()
        self._come(client, hub, away_s)

    def _come(self, client: int, hub: int, after_s: float) -> None:
        """To this process, or the next one that is there."""
        there = [each for each in self._hubs[hub:] + self._hubs[:hub] if each is not None]
        for follower in self._followers[client]:
            if there:
                follower.come(there[0], after_s)
            else:
                follower.leave()
                self._loop.call_later(1.0, self._come, client, hub, 0.0)
                return

    # --- the service ------------------------------------------------------------------------

    def _start_hub(self, number: int) -> None:
        hub = Hub(f"redis://hub{number}:6379/0", self._keys, RECOVERY_LIMIT_BYTES)
        hub.start()
        self._hubs[number] = hub

    def restart_hub(self, number: int, down_s: float) -> None:
        """Killed: it says good-bye to nobody."""
        hub, self._hubs[number] = self._hubs[number], None
        if hub is None:
            return
        host = f"hub{number}"
        self._network.unreachable.add(host)
        for wire in self._network.wires(host):
            wire.cut()
        for client, followers in enumerate(self._followers):
            if any(follower.is_at(hub) for follower in followers):
                self._come(client, number, self._chance.uniform(0.1, 1.0))
        self._work(self._end_hub(hub, number, down_s))

    async def _end_hub(self, hub: Hub, number: int, down_s: float) -> None:
        await hub.close()
        await asyncio.sleep(down_s)
        self._network.unreachable.discard(f"hub{number}")
        self._start_hub(number)

    def forget_tails(self, number: int) -> None:
        """Memory is short: what topics keep is read again from the store."""
        if (hub := self._hubs[number]) is not None:
            for topic in hub._topics.values():
                topic.tail.clear()

    def cancel_stray(self, name: str, place: str) -> None:
        """A library's own cancellation escapes into a task that nobody wants to end: when it next
        waits for Redis there.
        """
        self._strays.append((name, place))

    def _stray(self) -> None:
        """Somebody waits for what Redis has been asked."""
        for stray in self._strays.copy():
            name, place = stray
            for task in self._tasks:
                if task.get_name() == name and not task.done() and _waits_for_redis(task, place):
                    self._strays.remove(stray)
                    self._note(f"a cancellation strays into {name}, {place}")
                    task._fut_waiter.cancel()  # type: ignore[attr-defined]
                    break

    def leave_as_link_returns(self, hub: int, turns: int) -> None:
        """All clients of a process go to the next one, so many turns of the loop after it has a
        new link.
        """
        self._to_leave[f"hub{hub}"] = (hub, turns)
        for wire in self._network.wires(f"hub{hub}"):
            wire.cut()

    def _leave_soon(self, host: str) -> None:
        task = asyncio.current_task()
        if host in self._to_leave and task is not None and task.get_name() == "doorbell link":
            hub, turns = self._to_leave.pop(host)
            self._after_turns(turns, lambda: self._all_leave(hub))

    def _all_leave(self, hub: int) -> None:
        for client, followers in enumerate(self._followers):
            if any(follower.is_at(self._hubs[hub]) for follower in followers):
                self._come(client, (hub + 1) % len(self._hubs), 0.5)

    def _after_turns(self, turns: int, act: Callable[[], None]) -> None:
        if turns == 0:
            act()
        else:
            self._loop.call_soon(self._after_turns, turns - 1, act)

    # --- the network ------------------------------------------------------------------------

    def _wire(self, hub: int, pick: int) -> Any:
        wires = self._network.wires(f"hub{hub}")
        return wires[pick % len(wires)] if wires else None

    def cut_wire(self, hub: int, pick: int) -> None:
        if wire := self._wire(hub, pick):
            wire.cut()

    def silence_wire(self, hub: int, pick: int) -> None:
        """Half open: only time-outs and pings tell."""
        if wire := self._wire(hub, pick):
            wire.is_silent = True

    def hold_up_wire(self, hub: int, pick: int, seconds: float) -> None:
        if wire := self._wire(hub, pick):
            wire.hold_up(seconds)

    def hold_up_hub(self, hub: int, most_s: float) -> None:
        """Each connection by another time: answers overtake each other."""
        for wire in self._network.wires(f"hub{hub}"):
            wire.hold_up(self._chance.uniform(0.0, most_s))

    def cut_off_hub(self, hub: int, seconds: float) -> None:
        host = f"hub{hub}"
        self._network.unreachable.add(host)
        for wire in self._network.wires(host):
            wire.cut()
        self._loop.call_later(seconds, self._network.unreachable.discard, host)

    def slow_network(self, factor: float, seconds: float) -> None:
        self._network.slow_down(factor)
        self._loop.call_later(seconds, self._network.slow_down, 1.0)

    def lose_doorbells(self, hub: int, probability: float, seconds: float) -> None:
        self._bells[f"hub{hub}"] = (0, probability, self._loop.time() + seconds)

    def double_doorbells(self, hub: int, probability: float, seconds: float) -> None:
        self._bells[f"hub{hub}"] = (2, probability, self._loop.time() + seconds)

    def _bell_fate(self, host: str) -> int:
        times, probability, until_s = self._bells.get(host, (1, 0.0, 0.0))
        is_struck = self._loop.time() < until_s and self._chance.random() < probability
        return times if is_struck else 1

    # --- Redis ------------------------------------------------------------------------------

    def _take_snapshot(self, number: int) -> None:
        self._snapshots[number] = self._redis.store.copy()

    def restart_whole(self, down_s: float) -> None:
        self._restart(down_s, None)

    def restart_empty(self, down_s: float) -> None:
        self._restart(down_s, {})

    def _restart(self, down_s: float, data: Any) -> None:
        """data: what the server knows afterwards; ``None`` for all that it knew."""
        self._redis.stop()
        if data is not None:
            self._redis.store.load(data)
        self._loop.call_later(down_s, self._redis.start)

    def attach_replica(self) -> None:
        self._redis.attach_replica()

    def fail_over(self) -> None:
        self._redis.fail_over()

    def flush_all(self) -> None:
        self._redis.store.load({})

    def evict(self, kind: str, topic: int) -> None:
        name = TOPICS[topic].name
        key = getattr(self._keys, kind)(name if kind in ("metadata", "stream") else 0)
        self._redis.store.delete(key.encode())

    def forget_scripts(self) -> None:
        self._redis.forget_scripts()


def _waits_for_redis(task: asyncio.Task[Any], place: str) -> bool:
    waits_for = task._fut_waiter  # type: ignore[attr-defined]
    if waits_for is None or isinstance(waits_for, asyncio.Task):
        return False
    work: Any = task.get_coro()
    is_there = False
    while hasattr(work, "cr_await"):
        is_there = is_there or work.cr_code.co_name == place
        if work.cr_code.co_filename.endswith("asyncio/streams.py"):
            return is_there
        work = work.cr_await
    return False


@contextmanager
def _chance_of(seed: int) -> Iterator[None]:
    """Jitter and names are chosen by the seed as well."""
    node_id()  # chosen once in a process, whatever runs first
    chance, before = Random(f"{seed} names"), random.getstate()
    random.seed(seed)
    with (
        patch.object(secrets, "token_hex", lambda n=16: f"{chance.getrandbits(8 * n):0{2 * n}x}"),
        patch.object(secrets, "token_urlsafe", lambda n=16: f"{chance.getrandbits(8 * n):x}"),
    ):
        try:
            yield
        finally:
            random.setstate(before)


@contextmanager
def _knobs(knobs: Knobs) -> Iterator[None]:
    with ExitStack() as stack:
        for place, value in (
            ("hub.recovery.RECOVERY_LIMIT", knobs.recovery),
            ("hub.shelf.RECOVERY_LIMIT", knobs.recovery),
            ("hub.synchronise.READ_AT_ONCE", knobs.read_at_once),
            ("hub.topic.HELD_LIMIT", knobs.held),
            ("hub.watcher.CHANGES_AT_ONCE", knobs.changes_at_once),
            ("hub.watcher.POSITIONS_AT_ONCE", knobs.positions_at_once),
            ("broker.scripts.CHANGES_KEPT", knobs.changes_kept),
            ("broker.scripts.PAYLOAD_LIMIT_BYTES", knobs.doorbell_bytes),
            ("hub.shelf.TAILS_LIMIT_BYTES", knobs.tails_bytes),
            ("hub.shelf.LINGER_S", knobs.linger_s),
            ("hub.shelf.LINGERING_LIMIT", knobs.lingering),
        ):
            stack.enter_context(patch(f"ws_service.{place}", value))
        yield


@contextmanager
def _silence() -> Iterator[None]:
    """The service logs each fault, as it should; connections that were silent are left open."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            yield
    finally:
        logging.disable(before)
