"""What shall happen in a simulated run: everything in it follows from one seed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

from tests.simulation.client import Topic
from ws_service.topics.history import History

NEAR_A_MOMENT: Final = 0.6
LENGTH_S: Final = 16.0

TOPICS: Final = (
    Topic("deep:1", History(1_000, timedelta(minutes=10))),
    Topic("deep:2", History(1_000, timedelta(minutes=10))),
    Topic("short:1", History(3, timedelta(minutes=10))),
    Topic("brief:1", History(100, timedelta(seconds=4))),
    Topic("brief:2", History(5, timedelta(seconds=25))),
    Topic("cache:1", History(1, timedelta(minutes=10)), is_cache=True),
    Topic("cache:2", History(1, timedelta(seconds=6)), is_cache=True),
)

STRAYED: Final = (
    ("change watcher", "_watch"),
    ("change watcher", "_check_all"),
    ("change watcher", "_again"),
    ("synchronise", "_read"),
    ("read back", "_fill"),
    ("join", "_joining"),
    ("doorbell link", "_hear"),
    ("lease", "_renew"),
    ("reaper", "_sweep"),
    ("members", "_round"),
)
"""Tasks, and what they do while a library's cancellation strays into them."""


@dataclass(frozen=True, slots=True)
class Event:
    """kind: a method of ``World``. words: its arguments."""

    at_s: float
    kind: str
    words: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.at_s:7.3f} {self.kind}{self.words}"


@dataclass(frozen=True, slots=True)
class Knobs:
    """Limits that the service has anyway, so small that they are met."""

    recovery: int
    read_at_once: int
    held: int
    changes_at_once: int
    changes_kept: int
    positions_at_once: int
    tails_bytes: int
    doorbell_bytes: int
    linger_s: float
    lingering: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. ``seed`` decides what isn't written here: how long things take on the wire."""

    seed: int
    hubs: int
    clients: int
    knobs: Knobs
    events: tuple[Event, ...]

    @classmethod
    def of(cls, seed: int, *kinds: str) -> "Plan":
        """kinds: of the faults; some, chosen by the seed, if none is named."""
        chance = Random(seed)
        hubs, clients = chance.choice((1, 2, 2, 3)), chance.randint(2, 5)
        knobs = Knobs(
            recovery=chance.choice((300, 300, 12)),
            read_at_once=chance.choice((300, 300, 3)),
            held=chance.choice((1_024, 1_024, 2)),
            changes_at_once=chance.choice((1_000, 1_000, 2)),
            changes_kept=chance.choice((65_536, 65_536, 3)),
            positions_at_once=chance.choice((200, 2)),
            tails_bytes=chance.choice((67_108_864, 67_108_864, 400)),
            doorbell_bytes=chance.choice((16_384, 16_384, 4)),
            linger_s=chance.choice((30.0, 2.0)),
            lingering=chance.choice((10_000, 0)),
        )
        draw = _Draw(chance, hubs, clients, kinds)
        return cls(seed, hubs, clients, knobs, tuple(sorted(draw.events(), key=lambda e: e.at_s)))


class _Draw:
    """Draws events. A run has a few kinds of faults, often, not all of them, now and then."""

    def __init__(self, chance: Random, hubs: int, clients: int, kinds: tuple[str, ...]) -> None:
        self._chance = chance
        self._kinds = kinds
        # What breaks a promise is hardly ever one fault, but some at the same moment.
        self._moments = [chance.uniform(1.0, LENGTH_S) for _ in range(chance.randint(1, 3))]
        self._hubs = hubs
        self._clients = clients

    def events(self) -> list[Event]:
        chance = self._chance
        topics = chance.sample(range(len(TOPICS)), chance.randint(2, 4))
        made = [self._publish(topics) for _ in range(chance.randint(5, 60))]
        kinds = self._kinds or chance.sample(list(_FAULTS), chance.randint(3, 8))
        made += [
            Event(0.0, "visit", (client, tuple(topics), chance.randrange(self._hubs)))
            for client in range(self._clients)
        ]
        for kind in kinds:
            often, words = _FAULTS[kind]
            many = chance.randint(1, often)
            made += [Event(self._time(), kind, words(self, topics)) for _ in range(many)]
        many = chance.randint(2, 25)
        return made + [Event(self._time(), "cut_client", self.a_cut()) for _ in range(many)]

    def _time(self) -> float:
        chance = self._chance
        if chance.random() < NEAR_A_MOMENT:
            at_s = chance.choice(self._moments) + chance.gauss(0.0, chance.choice((0.02, 0.3, 1.0)))
        else:
            at_s = chance.uniform(1.0, LENGTH_S)
        return round(min(max(at_s, 0.5), LENGTH_S), 3)

    def _publish(self, topics: list[int]) -> Event:
        chance = self._chance
        many = chance.choice((1, 1, 1, 2, 3, 5, 8))
        topic = chance.choice(topics[: chance.randint(1, len(topics))])
        return Event(self._time(), "publish", (topic, many))

    def a_cut(self) -> tuple[Any, ...]:
        away_s = self._chance.choice((0.0, 0.05, 0.3, 1.0, 3.0, 7.0))
        return self._chance.randrange(self._clients), away_s, self._chance.randrange(self._hubs)

    def hub(self) -> int:
        return self._chance.randrange(self._hubs)

    def turns(self) -> int:
        return self._chance.choice((0, 1, 2, 2, 3, 5))

    def pick(self) -> int:
        return self._chance.randrange(1_000)

    def seconds(self, least: float, most: float) -> float:
        return round(self._chance.uniform(least, most), 2)

    def one_of(self, topics: list[int]) -> int:
        return self._chance.choice(topics)

    def stray(self) -> tuple[str, str]:
        return self._chance.choice(STRAYED)

    def key(self) -> str:
        return self._chance.choice(
            ("metadata", "stream", "changes", "change_number", "data_name", "leases")
        )

    def probability(self) -> float:
        return self._chance.choice((0.1, 0.4, 1.0))


# How often at most in one run, and what it is told.
_FAULTS: Final[dict[str, tuple[int, Callable[[_Draw, list[int]], tuple[Any, ...]]]]] = {
    "reload_client": (8, lambda d, _: d.a_cut()),
    "cut_wire": (8, lambda d, _: (d.hub(), d.pick())),
    "silence_wire": (3, lambda d, _: (d.hub(), d.pick())),
    "hold_up_wire": (8, lambda d, _: (d.hub(), d.pick(), d.seconds(0.05, 2.5))),
    "hold_up_hub": (6, lambda d, _: (d.hub(), d.seconds(0.05, 1.9))),
    "cut_off_hub": (2, lambda d, _: (d.hub(), d.seconds(0.1, 6.0))),
    "slow_network": (2, lambda d, _: (d.seconds(2.0, 40.0), d.seconds(0.5, 5.0))),
    "lose_doorbells": (4, lambda d, _: (d.hub(), d.probability(), d.seconds(0.2, 4.0))),
    "double_doorbells": (4, lambda d, _: (d.hub(), d.probability(), d.seconds(0.2, 4.0))),
    "restart_whole": (3, lambda d, _: (d.seconds(0.0, 3.0),)),
    "restart_older": (3, lambda d, _: (d.seconds(0.0, 3.0), d.seconds(0.1, 5.0))),
    "restart_empty": (1, lambda d, _: (d.seconds(0.0, 3.0),)),
    "fail_over": (3, lambda *_: ()),
    "attach_replica": (2, lambda *_: ()),
    "flush_all": (2, lambda *_: ()),
    "evict": (6, lambda d, topics: (d.key(), d.one_of(topics))),
    "forget_scripts": (3, lambda *_: ()),
    "restart_hub": (3, lambda d, _: (d.hub(), d.seconds(0.1, 3.0))),
    "leave_as_link_returns": (6, lambda d, _: (d.hub(), d.turns())),
    "forget_tails": (4, lambda d, _: (d.hub(),)),
    "cancel_stray": (12, lambda d, _: d.stray()),
}
