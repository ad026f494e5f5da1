"""A service, its Redis, its clients and its publishers, and everything that can go wrong."""

import json
import queue
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import websockets.exceptions

from devkit import checkout
from devkit.redis_server import RedisServer
from tests.conformance import sdk_process
from tests.conformance.conftest import SERVERS
from tests.conformance.publisher import SETTINGS, Publisher
from tests.conformance.sdk_process import Sdk, SdkProcess, Subscriber
from tests.faults import redis_restart
from tests.faults.link import Link
from tests.faults.oracle import Confirmation, Oracle, Verdict, is_of_a_client
from tests.live import ANSWER_LIMIT_S, Service, Site, wait_until

HISTORY_SIZES = {"deep": 1_000, "shallow": 5, "#": 1_000, "team": 100}
USERS = ("Ada", "Grace", "")
"""Whose clients they are, in turns; "" is nobody's. Each user has an own topic, and a team's."""
PRESENCE_LEASE_S = 3.0
KEPT = checkout.STATE / "storms"
TALKING_EVERY_MS = 400
_LOSS_SLACK_S = 2.0
_HUSH_LIMIT_S = 20.0
_WAIT_LIMIT_S = 30.0
_HALF_OPEN_S = 1.5
_TICK_S = 0.01
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall happen. Everything random in it follows from the seed.

    publications: at least so many, by all publishers together.
    publications_per_s: of all publishers together.
    cuts: of client connections.
    faults: how often each of the larger faults happens, by the name of a method of `Storm`.
    server: what runs the service, by its name in `tests.conformance.conftest.SERVERS`.
    services: processes of it, on which clients come in turns.
    doorbells: probabilities, for `tests.sites.push_site.doorbells`.
    sabotage: the mechanism to switch off in the service.
    linger_s: how long a service keeps a topic without subscribers.
    busy: processes that do nothing but take a core's time meanwhile.
    settling_limit_s: how long to wait at the end for what has not arrived.
    """

    seed: int
    publications: int
    publications_per_s: float
    cuts: int
    faults: dict[str, int]
    topics: tuple[str, ...]
    server: str = "daphne"
    services: int = 1
    doorbells: str = "drop=0.04 duplicate=0.06 delay=0.06"
    sabotage: str = ""
    publishers: int = 3
    javascript_clients: int = 8
    python_clients: int = 2
    topics_of_each: int = 5
    settling_limit_s: float = 30.0
    busy: int = 0
    linger_s: float = 30.0

    @property
    def talk(self) -> list[str]:
        """Topics to which clients publish as well; what is kept there must outlast a look at it."""
        return [topic for topic in self.topics if topic.startswith("deep:")]


@dataclass(slots=True)
class Outcome:
    """What came of it.

    counters: of the service's processes together.
    done: how often each fault happened.
    kept: where everything is that may tell what went wrong.
    """

    verdict: Verdict
    publications: int = 0
    counters: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    kept: Path | None = None

    def __str__(self) -> str:
        lines = [
            f"{self.publications} publications, {self.verdict.delivered} delivered",
            f"{self.verdict.recovered} recoveries",
            f"gaps: {self.verdict.gaps_announced} announced",
            f"gaps: {self.verdict.gaps_unavoidable} unavoidable",
            f"{self.verdict.confirmed_to_clients} publications of clients confirmed to them",
            f"faults: {dict(self.done)}",
            f"counters: {dict(sorted(self.counters.items()))}",
            f"wrong: {len(self.verdict.wrong)}",
            *self.verdict.wrong[:20],
            *([f"logs, events and hubs are in {self.kept}"] if self.kept else []),
        ]
        return "\n".join(lines)


class Storm:
    """Runs a plan once."""

    def __init__(self, plan: Plan, site: Site, sdk_package: Path, folder: Path) -> None:
        self.plan = plan
        self._chance = random.Random(plan.seed)
        self._site = site
        self._package = sdk_package
        self._folder = folder
        self._stack = ExitStack()
        self._confirmations: list[Confirmation] = []
        self._running = 0
        self._restarts: list[float] = []
        self._losses: list[tuple[float, float]] = []
        self._brokers: list[Link] = []
        self._services: list[Service] = []
        self._sdks: list[Sdk] = []
        self._clients: list[tuple[Sdk, str]] = []
        self._subscriptions: list[tuple[Sdk, str, str]] = []
        self._own_topics: list[tuple[Sdk, str, str]] = []
        self.outcome = Outcome(Verdict())

    def __enter__(self) -> Self:
        with self._stack:
            self._start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        enter = self._stack.enter_context
        self._redis = enter(RedisServer().start(self._folder / "redis"))
        for _ in range(self.plan.busy):
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            self._stack.callback(busy.wait)
            self._stack.callback(busy.kill)
        # Publishers reach Redis directly: the links are the services' own.
        environment = self._site.environment(SETTINGS) | {"REDIS_URL": self._redis.url}
        for number in range(self.plan.services):
            broker = enter(Link(self._redis.port))
            self._brokers.append(broker)
            self._services.append(self._start_service(number, broker))
        self._front = enter(Link(*(service.port for service in self._services)))
        self._publishers = [
            enter(Publisher(environment, self._folder / f"publisher-{number}.log"))
            for number in range(self.plan.publishers)
        ]
        self._recorder = enter(Publisher(environment, self._folder / "recorder.log"))
        argvs = {
            "javascript": sdk_process.javascript(self._package),
            "python": sdk_process.python(),
        }
        self._sdks = [
            enter(SdkProcess(name, argv, self._folder / f"{name}.log"))
            for name, argv in argvs.items()
        ]

    def _start_service(self, number: int, broker: Link) -> Service:
        service = Service(
            self._site,
            self._folder / f"service-{number}.log",
            SERVERS[self.plan.server],
            settings=SETTINGS,
            environment={
                "REDIS_URL": self._redis.url,
                "BROKER_URL": f"redis://127.0.0.1:{broker.port}/0",
                "DOORBELL_FAULTS": f"seed={self.plan.seed + number} {self.plan.doorbells}",
                "SABOTAGE": self.plan.sabotage,
                "PING_INTERVAL": "1",
                "LINGER": str(self.plan.linger_s),
                "PRESENCE_LEASE": str(PRESENCE_LEASE_S),
            },
        )
        self._stack.callback(service.stop)
        return service.start()

    # --- The run ---------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Subscribe, publish through all faults, wait until all is quiet, judge."""
        self._connect()
        self._subscribe()
        self._publish()
        self._do_faults()
        self._end_publishing()
        self._settle()
        for service in self._services:
            self._add_counters(service)
        self._judge()
        return self.outcome

    def _connect(self) -> None:
        """Some with a token, by which the service knows their own topic."""
        url = f"ws://127.0.0.1:{self._front.port}/connection/websocket"
        self._site_process = self._publishers[0]
        numbers = (self.plan.javascript_clients, self.plan.python_clients)
        for sdk, number in zip(self._sdks, numbers, strict=True):
            for n in range(number):
                client, user = f"c{n}", USERS[n % len(USERS)]
                self._clients.append((sdk, client))
                if not user:
                    sdk.connect(client, url)
                    continue
                sdk.connect(client, url, tokens=[self._site_process.token(user)])
                for topic in (f"#{self._site_process.user(user)}", f"team:{user[0]}"):
                    self._own_topics.append((sdk, client, topic))
        self._topics = [*self.plan.topics, *sorted({topic for *_, topic in self._own_topics})]

    def _subscribe(self) -> None:
        subscribers = [Subscriber(*own) for own in self._own_topics]
        for sdk, client in self._clients:
            for topic in self._chance.sample(self.plan.topics, self.plan.topics_of_each):
                self._subscriptions.append((sdk, client, topic))
                subscribers.append(sdk.subscribe(client, topic))
        for subscriber in subscribers:
            subscriber.wait_for("subscribed")

    def _publish(self) -> None:
        every_s = self.plan.publishers / self.plan.publications_per_s
        for number, publisher in enumerate(self._publishers):
            publisher.tell(
                do="run",
                name=f"p{number}",
                topics=self._topics,
                count=self.plan.publications // self.plan.publishers + 1,
                every_s=every_s,
                seed=self.plan.seed + number,
            )
            self._running += 1
        self._recorder.tell(do="record", topics=self.plan.talk, every_s=_LOOK_EVERY_S)
        for sdk, client in self._clients:
            topics = self._chance.sample(self.plan.talk, 2)
            name = f"client {sdk.name} {client}"
            sdk.tell("chat", client, name=name, channels=topics, everyMs=TALKING_EVERY_MS)

    def _do_faults(self) -> None:
        """Spread the faults over the time that publishing takes, in a random order."""
        length_s = self.plan.publications / self.plan.publications_per_s
        faults = [name for name, times in self.plan.faults.items() for _ in range(times)]
        self._chance.shuffle(faults)
        schedule = [(length_s * (n + 1) / (len(faults) + 1), f) for n, f in enumerate(faults)]
        times = sorted(self._chance.uniform(0, length_s) for _ in range(self.plan.cuts))
        schedule = sorted([*schedule, *((time_s, "cut_a_client") for time_s in times)])
        started = time.monotonic()
        for due_s, name in schedule:
            self._wait_for(lambda due_s=due_s: time.monotonic() - started >= due_s, length_s * 2)
            getattr(self, name)()
            self.outcome.done[name] += 1

    def _end_publishing(self) -> None:
        for publisher in self._publishers:
            publisher.tell(do="stop")
        length_s = self.plan.publications / self.plan.publications_per_s
        self._wait_for(lambda: self._running == 0, length_s + _WAIT_LIMIT_S)
        for sdk, client in self._clients:
            sdk.tell("hush", client)
        for sdk in self._sdks:
            own = [client for each, client in self._clients if each is sdk]
            sdk.log.wait(
                lambda sdk=sdk, own=own: all(sdk.log.of(each, None, "hushed") for each in own),
                "the silence of all clients",
                _HUSH_LIMIT_S,
            )
        # Each topic's last epoch is one in which something was published.
        for topic in self._topics:
            answer = self._site_process.publish(topic, {"uid": f"the end of {topic}"})
            self._confirmations.append(Confirmation(**answer))
        self._recorder.tell(do="stop")
        self._running += 1
        self._wait_for(lambda: self._running == 0, _WAIT_LIMIT_S)
        self.outcome.publications = len(self._confirmations)

    def _settle(self) -> None:
        """Wait until nothing is on its way any more; what is missing then is lost."""
        oracle = Oracle(self._confirmations, HISTORY_SIZES, self._restarts)
        deadline = time.monotonic() + self.plan.settling_limit_s
        while time.monotonic() < deadline and not (
            self._is_settled(oracle) and self._wrong_presence() == []
        ):
            time.sleep(0.2)
        if not self._is_settled(oracle):
            for service in self._services:
                self._keep_hubs(service)

    def _is_settled(self, oracle: Oracle) -> bool:
        last: dict[tuple[str, str, str], int] = {}
        for sdk in self._sdks:
            for event in sdk.log.all():
                match event:
                    case {"type": "publication", "offset": offset} | {
                        "type": "subscribed",
                        "streamPosition": {"offset": offset},
                    }:
                        last[sdk.name, event["client"], event["channel"]] = offset
        return all(
            last[sdk.name, client, topic] == oracle.streams[topic].top.offset
            for sdk, client, topic in self._subscriptions + self._own_topics
        )

    def _wrong_presence(self) -> list[str]:
        """What the site is told of who is there, where that isn't so."""
        ids = {
            (sdk, client): sdk.log.of(client, None, "connected")[-1]["id"]
            for sdk, client in self._clients
        }
        wrong = []
        for topic in self.plan.talk:
            own = {ids[sdk, client] for sdk, client, other in self._subscriptions if other == topic}
            told = set(self._site_process.ask("presence", topic=topic)["clients"])
            if told != own:
                wrong.append(
                    f"presence in {topic}: {len(told - own)} who left, {len(own - told)} missing"
                )
        return wrong

    def _judge(self) -> None:
        oracle = Oracle(self._confirmations, HISTORY_SIZES, self._restarts)
        verdict = self.outcome.verdict
        for sdk in self._sdks:
            events = sdk.log.all()
            oracle.judge(events, verdict, name=f"{sdk.name} ")
            oracle.judge_clients_own(events, self._losses, verdict)
            for event in events:
                if event["type"] in ("disconnected", "unsubscribed") and event.get("code", 1):
                    verdict.wrong.append(f"{sdk.name}: ended for good: {event}")
        verdict.wrong += [f"published twice: {each}" for each in oracle.doubles]
        verdict.wrong += self._wrong_presence()
        if verdict.wrong:
            self._keep_what_was_seen()

    def _keep_what_was_seen(self) -> None:
        """With the logs of all processes, for whoever has to find out: a folder that stays."""
        for sdk in self._sdks:
            lines = [json.dumps(event) for event in sdk.log.all()]
            (self._folder / f"{sdk.name}.events").write_text("\n".join(lines))
        lines = [json.dumps(asdict(each)) for each in self._confirmations]
        (self._folder / "confirmations").write_text("\n".join(lines))
        kept = KEPT / f"storm-{self.plan.seed}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self._folder, kept, ignore=shutil.ignore_patterns("*.sock", "redis"))
        self.outcome.kept = kept

    def _keep_hubs(self, service: Service) -> None:
        """What a process holds, while it still does: a client was left behind."""
        with suppress(OSError, TimeoutError, websockets.exceptions.WebSocketException):
            with service.connect("/ws/hubs/") as socket:
                text = socket.recv(ANSWER_LIMIT_S)
            path = self._folder / f"hubs-of-{self._services.index(service)}.json"
            path.write_text(json.dumps(json.loads(text), indent=1))

    # --- The faults ------------------------------------------------------------------------

    def cut_a_client(self) -> None:
        """A reset; if nobody is connected at the moment, as soon as somebody is."""
        self._wait_for(lambda: self._front.cut_one(self._chance), ANSWER_LIMIT_S)

    def half_open_a_client(self) -> None:
        """A phone that vanished: only pings tell."""
        self._wait_for(lambda: self._front.half_open_one(self._chance), ANSWER_LIMIT_S)

    def resubscribe(self) -> None:
        """A page that closes a panel and opens it again: both commands may be in one frame."""
        sdk, client, topic = self._chance.choice(self._subscriptions)
        sdk.tell("unsubscribe", client, channel=topic)
        sdk.tell("subscribe", client, channel=topic)

    def restart_service(self) -> None:
        """A deployment."""
        service = self._chance.choice(self._services)
        self._add_counters(service)
        service.stop()
        service.start()

    def kill_service(self) -> None:
        service = self._chance.choice(self._services)
        self._add_counters(service)
        service.child.kill()
        service.start()

    def cut_broker(self) -> None:
        self._chance.choice(self._brokers).cut()

    def half_open_broker(self) -> None:
        """What the service's connections carry meanwhile is swallowed, and they stay open."""
        broker = self._chance.choice(self._brokers)
        broker.half_open()
        self._wait(_HALF_OPEN_S)
        broker.mend()

    def restart_redis(self) -> None:
        self._wait_for_a_settled_epoch()
        self._note_restart()
        redis_restart.whole(self._redis)

    def restart_redis_stale(self) -> None:
        self._wait_for_a_settled_epoch()

        def meanwhile() -> None:
            self._wait_for_publications(3)
            self._note_restart()

        begin = time.monotonic()
        redis_restart.stale(self._redis, meanwhile)
        self._losses.append((begin, time.monotonic() + _LOSS_SLACK_S))

    def restart_redis_empty(self) -> None:
        self._wait_for_a_settled_epoch()
        self._note_restart()
        # What was confirmed just before may be lost before anybody but its client knew.
        begin = time.monotonic() - _LOSS_SLACK_S
        redis_restart.empty(self._redis)
        self._losses.append((begin, time.monotonic() + _LOSS_SLACK_S))

    def _note_restart(self) -> None:
        self._restarts.append(time.monotonic())

    # --- Waiting ---------------------------------------------------------------------------

    def _wait_for_a_settled_epoch(self) -> None:
        """The oracle wants confirmed publications of every topic in each epoch."""
        self._wait_for_publications(2, since=self._restarts[-1] if self._restarts else 0.0)

    def _wait_for_publications(self, number: int, since: float | None = None) -> None:
        """Wait until each topic has so many that were begun later than `since` (now)."""
        begun_at = time.monotonic() if since is None else since

        def are_there() -> bool:
            counts = Counter(
                c.topic
                for c in self._confirmations
                if c.begun_at > begun_at and not is_of_a_client(c.uid)
            )
            return all(counts[topic] >= number for topic in self._topics)

        self._wait_for(are_there, _WAIT_LIMIT_S)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._wait_for(lambda: time.monotonic() >= until, seconds * 2)

    def _wait_for(self, condition: Callable[[], bool], limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            self._read_confirmations()
            assert time.monotonic() < deadline, f"waited {limit_s:.0f} s in vain"
            time.sleep(_TICK_S)

    def _read_confirmations(self) -> None:
        for publisher in (*self._publishers, self._recorder):
            while True:
                try:
                    answer = publisher.answers.get_nowait()
                except queue.Empty:
                    break
                if "done" in answer:
                    self._running -= 1
                else:
                    self._confirmations.append(Confirmation(**answer))

    def _add_counters(self, service: Service) -> None:
        """Read what a service's process counted; it forgets with its end."""

        def read() -> bool:
            try:
                with service.connect("/ws/counters/") as socket:
                    self.outcome.counters.update(json.loads(socket.recv(ANSWER_LIMIT_S)))
            except (OSError, TimeoutError, websockets.exceptions.WebSocketException):
                return False
            return True

        wait_until(read)
