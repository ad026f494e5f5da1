"""Knows what clients have published, from the store itself: they aren't told where it stands."""

import json
import time
from collections.abc import Sequence
from typing import Any

from ws_service.broker.position import Lineage, Position
from ws_service.publishing.broker import publisher

AT_ONCE = 1_000


class Recorder:
    """Reads streams again and again, as far as they have moved.

    looked_at: when it looked before, on the monotonic clock: what it finds now is younger.
    """

    def __init__(self, topics: Sequence[str]) -> None:
        self.looked_at = time.monotonic()
        self._at = {topic: Position(0, "") for topic in topics}
        self._told: set[tuple[str, Position]] = set()
        self._found: list[dict[str, Any]] = []

    def read(self) -> list[dict[str, Any]]:
        """What clients have published since; each once.

        Raises BrokerUnavailable; what was found until then is given the next time.
        """
        for topic in self._at:
            self._found += self._read(topic)
        found, self._found = self._found, []
        return found

    def _read(self, topic: str) -> list[dict[str, Any]]:
        at = self._at[topic]
        part = publisher().read(topic, at.offset, AT_ONCE)
        if not part.lineage.covers(at):  # taken back: what is kept may all be new
            part = publisher().read(topic, 0, AT_ONCE)
        found = []
        for each in part.publications:
            place = Position(each.offset, epoch_of(each.offset, part.lineage))
            if b'"info"' in each.extra and (topic, place) not in self._told:
                self._told.add((topic, place))
                uid = json.loads(each.payload)["uid"]
                found.append(
                    {"topic": topic, "uid": uid, "offset": place.offset, "epoch": place.epoch}
                )
        self._at[topic] = part.lineage.top
        return found


def epoch_of(offset: int, lineage: Lineage) -> str:
    """The epoch in which an offset was given; earlier ones are listed from the newest on."""
    for name, top in reversed(lineage.earlier.items()):
        if offset <= top:
            return name
    return lineage.top.epoch
