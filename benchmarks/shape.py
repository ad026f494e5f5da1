"""Who is subscribed to what in one service process, and what each of them must get."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.crowd import Arrival, check_order
from benchmarks.dialect import WrongContent


@dataclass(frozen=True, slots=True)
class Shape:
    """Who is subscribed to what, and how often is published."""

    name: str
    connections: int
    topics_each: int
    is_shared: bool
    publications: int
    interval_s: float

    @property
    def subscriptions(self) -> int:
        return self.connections * self.topics_each

    def topics_of(self, connection: int) -> list[str]:
        first = 0 if self.is_shared else connection * self.topics_each
        return [f"room:{number}" for number in range(first + 1, first + 1 + self.topics_each)]

    def targets(self) -> list[str]:
        """The topics that are published to, in turn; spread over the connections."""
        own = [self.topics_of(connection) for connection in range(self.connections)]
        if self.is_shared:
            return own[0]
        every = [topic for number in range(self.topics_each) for topic in (c[number] for c in own)]
        return every[: self.publications]

    @property
    def deliveries(self) -> int:
        return self.publications * (self.connections if self.is_shared else 1)

    def check(self, connection: int, arrivals: Sequence[Arrival]) -> None:
        """Raises WrongContent unless a connection got its topics' publications, each in order."""
        targets = self.targets()
        own = set(self.topics_of(connection))
        wanted: dict[str, list[int]] = {}
        for number in range(self.publications):
            if (topic := targets[number % len(targets)]) in own:
                wanted.setdefault(topic, []).append(number)
        came: dict[str, list[Arrival]] = {topic: [] for topic in wanted}
        for arrival in arrivals:
            if arrival.delivery.topic not in came:
                raise WrongContent(f"a publication of {arrival.delivery.topic!r} came uncalled")
            came[arrival.delivery.topic].append(arrival)
        for topic, numbers in wanted.items():
            check_order(came[topic], numbers)


MANY = Shape("many", 100, 100, False, publications=2000, interval_s=0.005)
WIDE = Shape("wide", 5000, 1, True, publications=20, interval_s=0.5)
