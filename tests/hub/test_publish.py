"""What the service itself publishes, for its clients: with what stands beside the data."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.hub.conftest import TOPIC, Listener, Stage
from tests.waiting import until
from ws_service.broker import doorbell
from ws_service.broker.position import Position
from ws_service.hub.subscription import Subscription
from ws_service.protocol.extra import encode_extra
from ws_service.protocol.lines import Lines
from ws_service.topics import History

HISTORY = History(size=10, ttl=timedelta(minutes=1))
INFO = b'{"user":"42","client":"abc"}'
EXTRA = encode_extra(INFO, {"kind": "note"})


@dataclass
class Reader(Listener):
    """Writes down whole publications."""

    publications: list[dict[str, Any]] = field(default_factory=list)

    def deliver(self, lines: Lines) -> None:
        self.publications += [json.loads(line)["push"]["pub"] for line in lines.text.split("\n")]


async def read(stage: Stage, *, history: History | None = HISTORY) -> Reader:
    reader = Reader()
    subscription = Subscription(TOPIC, reader)
    await stage.hub.subscribe(subscription, lambda _: None, history=history)
    return reader


def expected(data: Any, offset: int) -> dict[str, Any]:
    info = {"user": "42", "client": "abc"}
    return {"data": data, "info": info, "tags": {"kind": "note"}, "offset": offset}


async def test_who_published_stands_in_the_publication(stage: Stage) -> None:
    """A chat shows who has said it; the server says so, not the data."""
    reader = await read(stage)
    first = await stage.hub.publish(TOPIC, b'"a"', history=HISTORY, extra=EXTRA)
    assert first == Position(1, first.epoch)
    await stage.hub.publish(TOPIC, b'"b"', history=HISTORY)
    await until(lambda: len(reader.publications) == 2)
    assert reader.publications == [expected("a", 1), {"data": "b", "offset": 2}]


@pytest.mark.parametrize("size", [1, doorbell.PAYLOAD_LIMIT_BYTES])
async def test_it_is_recovered_and_read_as_it_was_delivered(stage: Stage, size: int) -> None:
    """Who was away sees the same as who was there; also of what is too large for a doorbell."""
    data = "x" * size
    reader = await read(stage)
    at = await stage.hub.publish(TOPIC, b'"%b"' % data.encode(), history=HISTORY, extra=EXTRA)
    await until(lambda: reader.publications == [expected(data, 1)])
    _, found = await stage.hub.history(TOPIC, after=0, limit=10, reverse=False)
    assert [json.loads(each.json) for each in found] == [expected(data, 1)]
    stage.hub._topics[TOPIC].tail.clear()
    _, _, attached = await stage.subscribe(since=Position(0, at.epoch))
    assert attached.recovered is not None
    assert [json.loads(p.json) for p in attached.recovered.publications] == [expected(data, 1)]


async def test_without_history_it_has_no_position(stage: Stage) -> None:
    """A cursor that moves: nobody wants yesterday's."""
    reader = await read(stage, history=None)
    assert await stage.hub.publish(TOPIC, b"7", history=None, extra=EXTRA) == Position(0, "")
    await until(lambda: len(reader.publications) == 1)
    assert reader.publications == [{k: v for k, v in expected(7, 1).items() if k != "offset"}]


async def test_a_repetition_with_the_same_key_is_delivered_once(stage: Stage) -> None:
    """An answer that was lost must not publish twice."""
    reader = await read(stage)
    first = await stage.hub.publish(TOPIC, b"1", history=HISTORY, idempotency_key="k")
    assert await stage.hub.publish(TOPIC, b"1", history=HISTORY, idempotency_key="k") == first
    await stage.hub.publish(TOPIC, b"2", history=HISTORY)
    await until(lambda: len(reader.publications) == 2)
    assert [each["data"] for each in reader.publications] == [1, 2]


async def test_a_process_of_the_version_before_reads_the_data_in_the_stream(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a deployment goes on, both versions serve: nobody may miss a publication."""
    monkeypatch.setattr(doorbell, "VERSION_WITH_EXTRA", b"unheard of")
    reader = await read(stage)
    for number in range(3):
        await stage.hub.publish(TOPIC, b"%d" % number, history=HISTORY, extra=EXTRA)
    await until(lambda: len(reader.publications) == 3)
    assert [each["data"] for each in reader.publications] == [0, 1, 2]
