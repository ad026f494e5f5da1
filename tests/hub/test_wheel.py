"""All timers of a process, and nothing of those that nobody waits for any more."""

import asyncio
from collections.abc import Callable

from tests.waiting import until
from ws_service.hub.wheel import TICK_S, Timer, Wheel

YEAR_S = 365 * 24 * 3600.0


def nothing() -> None:
    """What is due."""


def kept(wheel: Wheel) -> int:
    return sum(map(len, wheel._due.values()))


async def test_a_cancelled_timer_leaves_nothing_however_far_it_was() -> None:
    """A token lives for years, and each refresh takes another timer."""
    wheel = Wheel(asyncio.get_running_loop())
    for delay_s in (0.0, 1.0, 30.0, YEAR_S):
        timers = [wheel.after(delay_s, nothing) for _ in range(50)]
        assert kept(wheel) == 50
        for timer in timers:
            timer.cancel()
            timer.cancel()
        assert not wheel._due


async def test_others_of_the_same_tick_stay() -> None:
    """One connection's end must not stop the pings of all."""
    wheel = Wheel(asyncio.get_running_loop())
    fired: list[int] = []
    first, _, last = (wheel.after(0.0, lambda n=n: fired.append(n)) for n in range(3))
    first.cancel()
    last.cancel()
    await until(lambda: fired == [1])
    assert not wheel._due


async def test_a_timer_that_another_one_of_its_tick_cancels_does_not_fire() -> None:
    """A connection that ends at a ping has no pong to wait for."""
    wheel = Wheel(asyncio.get_running_loop())
    fired: list[str] = []
    timers: dict[str, Timer] = {}

    def fire(name: str, *, cancels: str) -> Callable[[], None]:
        def callback() -> None:
            fired.append(name)
            timers[cancels].cancel()

        return callback

    timers["self"] = wheel.after(0.0, fire("self", cancels="self"))
    timers["early"] = wheel.after(0.0, fire("early", cancels="late"))
    timers["late"] = wheel.after(0.0, fire("late", cancels="early"))
    wheel.after(0.0, lambda: fired.append("end"))
    await until(lambda: "end" in fired)
    assert fired == ["self", "early", "end"]
    assert not wheel._due


async def test_a_timer_that_comes_while_others_fire_is_due_later() -> None:
    """A ping sets the next one; and a wheel on which nothing is left stands still."""
    wheel = Wheel(asyncio.get_running_loop())
    fired: list[float] = []
    loop = asyncio.get_running_loop()

    def again() -> None:
        fired.append(loop.time())
        if len(fired) < 2:
            wheel.after(0.0, again)

    wheel.after(0.0, again)
    await until(lambda: len(fired) == 2)
    assert fired[1] - fired[0] > TICK_S / 2
    await until(lambda: wheel._turning is None)
