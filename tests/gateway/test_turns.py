"""A fair share for each connection."""

import asyncio

from ws_service.gateway.turns import Turns


async def test_an_owner_has_so_many_turns_at_once_and_the_rest_waits_in_line() -> None:
    """One client that asks for much must not stop the others."""
    turns = Turns(2)
    order: list[int] = []

    async def take(number: int) -> None:
        await turns.take("greedy")
        order.append(number)

    tasks = [asyncio.create_task(take(number)) for number in range(5)]
    await asyncio.sleep(0)
    assert order == [0, 1]
    await asyncio.wait_for(turns.take("modest"), 1)
    for expected in range(2, 5):
        turns.give_back("greedy")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order[-1] == expected
    await asyncio.gather(*tasks)


async def test_who_stops_waiting_takes_nothing() -> None:
    """Neither while waiting, nor in the moment in which its turn comes."""
    turns = Turns(1)
    await turns.take("a")
    early = asyncio.create_task(turns.take("a"))
    late = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.gather(early, return_exceptions=True)
    turns.give_back("a")  # goes to `late`, which is cancelled before it knows
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    await asyncio.wait_for(turns.take("a"), 1)


async def test_who_has_given_up_is_forgotten_while_others_keep_their_turns() -> None:
    """A function that hangs may do so for hours, and is asked a hundred times a second."""
    turns = Turns(1)
    await turns.take("a")
    waiting = [asyncio.create_task(turns.take("a")) for _ in range(100)]
    await asyncio.sleep(0)
    for task in waiting[:50] + waiting[51:]:
        task.cancel()
    await asyncio.gather(*waiting[:50], *waiting[51:], return_exceptions=True)
    assert len(turns._waiting["a"]) == 1
    turns.give_back("a")
    await asyncio.wait_for(waiting[50], 1)
    assert not turns._waiting


async def test_nothing_is_remembered_of_who_has_no_turn() -> None:
    """Connections come and go."""
    turns = Turns(1)
    for owner in range(100):
        await turns.take(owner)
        waiting = asyncio.create_task(turns.take(owner))
        await asyncio.sleep(0)
        turns.give_back(owner)
        await waiting
        turns.give_back(owner)
    assert not turns._taken
    assert not turns._waiting
