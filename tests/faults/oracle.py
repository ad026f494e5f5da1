"""Knows what every client must have seen, and says what was wrong with what it saw.

It knows from the publishers' answers which publication has which position, and from the epochs
how the stream went on after each restart of Redis. It assumes what the tests keep to: no snapshot
is older than the restart before, and every epoch gets confirmed publications.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from tests.conformance.event_log import Event

RECOVERY_LIMIT = 300
"""More publications than this are never recovered, whatever the history holds."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A publisher's answer. Times are of the monotonic clock, in seconds, around the call."""

    topic: str
    uid: str
    offset: int
    epoch: str
    begun_at: float
    answered_at: float


@dataclass(frozen=True, slots=True)
class At:
    """A position that a client holds."""

    offset: int
    epoch: str


@dataclass(slots=True)
class Epoch:
    """The publications that were made in one epoch of a topic."""

    name: str
    begun_at: float
    uids: dict[int, str] = field(default_factory=dict)

    @property
    def start(self) -> int:
        return min(self.uids)


class Stream:
    """A topic's true history."""

    def __init__(
        self, confirmations: Sequence[Confirmation], history_size: int, restarts: Sequence[float]
    ) -> None:
        self._restarts = restarts
        self._size = min(history_size, RECOVERY_LIMIT)
        self._confirmations = sorted(confirmations, key=lambda each: each.answered_at)
        self._offsets = {each.uid: each.offset for each in confirmations}
        self._places: dict[str, list[At]] = defaultdict(list)
        for each in self._confirmations:
            self._places[each.uid].append(At(each.offset, each.epoch))
        epochs: dict[str, Epoch] = {}
        for each in self._confirmations:
            epoch = epochs.setdefault(each.epoch, Epoch(each.epoch, each.answered_at))
            epoch.uids[each.offset] = each.uid
        self.epochs = list(epochs.values())
        self._number = {epoch.name: number for number, epoch in enumerate(self.epochs)}

    @property
    def top(self) -> At:
        last = self.epochs[-1]
        return At(max(last.uids), last.name)

    def uid_at(self, epoch: str, offset: int) -> str | None:
        """The publication that has this offset for whoever is in this epoch."""
        for number in range(self._number.get(epoch, -1), -1, -1):
            if offset >= self.epochs[number].start:
                return self.epochs[number].uids.get(offset)
        return None

    def covers(self, at: At, epoch: str) -> bool:
        """Whether a position is a point in the history that this epoch goes on with."""
        if at.epoch == epoch or at.epoch not in self._number or epoch not in self._number:
            return at.epoch == epoch
        later = self.epochs[self._number[at.epoch] + 1 : self._number[epoch] + 1]
        return all(at.offset < each.start for each in later)

    def is_taken_back(self, at: At, time: float = inf) -> bool:
        """Whether Redis has restarted before this time, and went on from before this position."""
        if at.epoch not in self._number:
            return False
        return any(
            at.offset >= epoch.start and self._restarted_before(epoch) <= time
            for epoch in self.epochs[self._number[at.epoch] + 1 :]
        )

    def may_have_been(self, uid: str, at: At) -> bool:
        """Whether it was published there and nobody knows but who heard it.

        Redis ended before it could answer, took it back, and got it again from its publisher;
        hardly ever at the very offset that it had before. A client doesn't publish it again.
        """
        again = self._offsets.get(uid, at.offset) != at.offset
        return self.is_taken_back(at) and (again or is_of_a_client(uid))

    def places(self, uid: str) -> list[tuple[int, int]]:
        """Where a publication stands that counts: number of the epoch, offset; in their order."""
        standing = [at for at in self._places.get(uid, []) if not self.is_taken_back(at)]
        return sorted((self._number[at.epoch], at.offset) for at in standing or self._places[uid])

    @property
    def doubles(self) -> list[str]:
        """What stands there more than once, and counts each time."""
        counting = {
            uid: [at for at in places if not self.is_taken_back(at)]
            for uid, places in self._places.items()
        }
        return [uid for uid, places in counting.items() if len(set(map(str, places))) > 1]

    def _restarted_before(self, epoch: Epoch) -> float:
        """When the Redis ended that an epoch's own Redis has followed."""
        return max((time for time in self._restarts if time < epoch.begun_at), default=inf)

    def is_out_of_reach(self, at: At, epoch: str, time: float) -> bool:
        """Whether what came after a position may have left the history at this time."""
        top = max(
            (e.offset for e in self._confirmations if e.epoch == epoch and e.begun_at <= time),
            default=0,
        )
        return top - at.offset > self._size


def kind_of(topic: str) -> str:
    """The beginning of a topic's name, which says how much it keeps."""
    return "#" if topic.startswith("#") else topic.split(":")[0]


def is_of_a_client(uid: str) -> bool:
    """Whether a client has published it: nobody repeats it, nobody knows where it stands."""
    return uid.startswith("client ")


@dataclass(slots=True)
class Verdict:
    """What the clients saw, judged. ``wrong`` has a sentence for each thing that was wrong."""

    wrong: list[str] = field(default_factory=list)
    delivered: int = 0
    recovered: int = 0
    gaps_announced: int = 0
    gaps_unavoidable: int = 0
    confirmed_to_clients: int = 0


class Oracle:
    """Judges the logs of clients.

    history_sizes: what each topic keeps, by the beginning of its name.
    restarts: when a Redis was ended; the times are of the clock that all others are of.
    """

    def __init__(
        self,
        confirmations: Iterable[Confirmation],
        history_sizes: Mapping[str, int],
        restarts: Sequence[float],
    ) -> None:
        by_topic: dict[str, list[Confirmation]] = defaultdict(list)
        for each in confirmations:
            by_topic[each.topic].append(each)
        self.streams = {
            topic: Stream(each, history_sizes[kind_of(topic)], restarts)
            for topic, each in by_topic.items()
        }

    def judge(self, events: Iterable[Event], verdict: Verdict, *, name: str = "") -> None:
        """Judge all clients of one log, and add to the verdict."""
        logs: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in events:
            if event["type"] in ("subscribed", "publication") and event.get("channel"):
                logs[event["client"], event["channel"]].append(event)
        for (client, channel), log in logs.items():
            _Judge(self.streams[channel], f"{name}{client} in {channel}", verdict).judge(log)

    def judge_clients_own(
        self, events: Iterable[Event], losses: Sequence[tuple[float, float]], verdict: Verdict
    ) -> None:
        """Judge what clients have published: once, and what was confirmed in their own order.

        losses: between which times Redis has lost what it had confirmed.
        """
        logs: dict[tuple[str, str], list[str]] = defaultdict(list)
        for event in events:
            if event["type"] != "confirmed":
                continue
            verdict.confirmed_to_clients += 1
            stream, uid = self.streams[event["channel"]], event["uid"]
            if stream.places(uid):
                logs[uid.rpartition("-")[0], event["channel"]].append(uid)
            elif not any(begin <= event["at"] <= end for begin, end in losses):
                verdict.wrong.append(f"{uid} was confirmed, and is not in {event['channel']}")
        for (_, topic), uids in logs.items():
            stream = self.streams[topic]
            uids.sort(key=lambda uid: int(uid.rpartition("-")[2]))
            for earlier, later in pairwise(uids):
                if stream.places(earlier)[0] >= stream.places(later)[0]:
                    verdict.wrong.append(f"out of order in {topic}: {later} before {earlier}")

    @property
    def doubles(self) -> list[str]:
        return [uid for stream in self.streams.values() for uid in stream.doubles]


class _Judge:
    """Follows one client through its subscription."""

    def __init__(self, stream: Stream, who: str, verdict: Verdict) -> None:
        self._stream = stream
        self._who = who
        self._verdict = verdict
        self._at: At | None = None
        self._seen: set[str] = set()

    def judge(self, log: Sequence[Event]) -> None:
        for event in log:
            if event["type"] == "subscribed":
                self._subscribed(event)
            else:
                self._publication(event)
        if self._at != self._stream.top:
            self._say(f"lost at the end: it is at {self._at}, the topic at {self._stream.top}")

    def _subscribed(self, event: Event) -> None:
        position = event["streamPosition"]
        to = At(position["offset"], position["epoch"])
        if self._at is None:
            self._at = to
            return
        if not event["wasRecovering"]:
            self._say(f"a silent gap: subscribed at {to} without recovery, after {self._at}")
        elif event["recovered"]:
            self._verdict.recovered += 1
            if to.offset != self._at.offset:
                self._say(f"recovered from {to.offset}, but it was at {self._at.offset}")
            if not self._stream.covers(self._at, to.epoch):
                self._say(f"a silent gap: recovered to {to} from {self._at}, which was taken back")
        else:
            self._gap(self._at, to, event["at"])
        self._at = to

    def _gap(self, at: At, to: At, time: float) -> None:
        self._verdict.gaps_announced += 1
        if (
            not self._stream.covers(at, to.epoch)
            or self._stream.is_taken_back(at, time)
            or self._stream.is_out_of_reach(at, to.epoch, time)
        ):
            self._verdict.gaps_unavoidable += 1
        else:
            self._say(f"a gap that was none was announced: from {at} to {to}")
        # What was taken back may be published again by whoever got no answer.
        self._seen.clear()

    def _publication(self, event: Event) -> None:
        offset, uid = event["offset"], event["data"]["uid"]
        if self._at is None:
            self._say(f"publication {offset} before the subscription")
            return
        self._verdict.delivered += 1
        epoch = self._at.epoch
        if uid in self._seen or offset <= self._at.offset:
            self._say(f"duplicated or out of order: {uid} at {offset}, after {self._at}")
        elif offset != self._at.offset + 1:
            self._say(f"lost: {offset} came after {self._at}")
        truth = self._stream.uid_at(epoch, offset)
        if truth is not None and truth != uid:
            self._say(f"{uid} at {offset} in {epoch}, where {truth} was published")
        elif truth is None and not self._stream.may_have_been(uid, At(offset, epoch)):
            self._say(f"{uid} at {offset} in {epoch}, where nothing was published")
        self._seen.add(uid)
        self._at = At(max(offset, self._at.offset), epoch)

    def _say(self, sentence: str) -> None:
        self._verdict.wrong.append(f"{self._who}: {sentence}")
