"""What a process still has to write of who is present, by plain calls."""

import asyncio

import pytest

from ws_service.broker.presence import State
from ws_service.errors import BrokerUnavailable
from ws_service.hub.ledger import Ledger, Member

KEY = ("chat:7", "a")


async def enter(ledger: Ledger, *, is_tried: bool = True) -> Member:
    info = b'{"user":"1","client":"a"}'
    member = Member(info, True, asyncio.get_running_loop().create_future())
    member.is_tried = is_tried
    ledger.enter(KEY, member)
    return member


def take(ledger: Ledger, *, with_news: bool = True) -> list[State]:
    batch = ledger.take(10, with_news=with_news)
    entries = ledger.entries(batch, with_news=with_news)
    return [entry.state for here in entries.values() for entry in here]


async def test_who_came_and_left_unwritten_is_never_written() -> None:
    """Connections that end at once cost nothing."""
    ledger = Ledger()
    await enter(ledger, is_tried=False)
    ledger.announce(KEY)
    ledger.leave(KEY)
    assert take(ledger) == []


async def test_who_may_have_been_written_is_taken_back() -> None:
    """Redis did not answer; it may have done it all the same."""
    ledger = Ledger()
    member = await enter(ledger)
    written = member.written
    batch = ledger.take(10, with_news=True)
    ledger.put_back(batch)
    member.fail(BrokerUnavailable("away"))
    ledger.leave(KEY)
    assert written is not None
    with pytest.raises(BrokerUnavailable):
        await written
    assert take(ledger) == [State.GONE]


async def test_news_wait_and_who_is_new_does_not() -> None:
    """After an outage nobody hears yet who leaves; a subscription must not wait for that."""
    ledger = Ledger()
    await enter(ledger)
    assert take(ledger, with_news=False) == [State.PRESENT]
    ledger.announce(KEY)
    assert take(ledger, with_news=False) == []
    ledger.write_again()
    assert take(ledger, with_news=False) == [State.PRESENT]
    assert ledger.has_news
    assert take(ledger) == [State.ANNOUNCED]
    ledger.leave(KEY)
    assert take(ledger, with_news=False) == []
    assert take(ledger) == [State.GONE_ANNOUNCED]


async def test_who_left_and_came_again_is_written_as_it_is_now() -> None:
    """A page that leaves a room and comes back in the same moment."""
    ledger = Ledger()
    await enter(ledger)
    ledger.take(10, with_news=True)
    ledger.leave(KEY)
    await enter(ledger, is_tried=False)
    assert take(ledger) == [State.PRESENT]


async def test_who_left_came_again_and_left_is_still_taken_back() -> None:
    """What Redis knows is of the first time."""
    ledger = Ledger()
    await enter(ledger)
    ledger.take(10, with_news=True)
    ledger.leave(KEY)
    await enter(ledger, is_tried=False)
    ledger.leave(KEY)
    assert take(ledger) == [State.GONE]


async def test_everybody_is_written_again_but_who_has_left() -> None:
    """A Redis that came back empty is filled from here."""
    ledger = Ledger()
    await enter(ledger)
    ledger.take(10, with_news=True)
    ledger.write_again()
    assert not ledger.is_written_again
    assert take(ledger, with_news=False) == [State.PRESENT]
    assert ledger.is_written_again
    ledger.write_again()
    ledger.leave(KEY)
    assert take(ledger, with_news=False) == []
