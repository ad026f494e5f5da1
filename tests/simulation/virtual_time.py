"""An event loop whose clock jumps: nothing is waited for, so hours pass in seconds.

Only timers and callbacks exist in it. Connections go through a network of the simulation's own.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

START_S: Final = 1_000.0
RESOLUTION_S: Final = 1e-6
TURNS_OF_AN_END: Final = 20


class NothingHappens(Exception):
    """Everybody waits, and nobody is due: in real time this would hang for ever."""


class TurnsWithoutTime(Exception):
    """The loop turns and turns, and no time passes."""


class VirtualLoop(asyncio.BaseEventLoop):
    """The order of everything follows from what the program does: a run repeats itself.

    connect: makes a transport for a protocol, a host and a port, as ``create_connection`` does.
    """

    def __init__(self, turns_limit: int = 200_000) -> None:
        super().__init__()
        self._now_s = START_S
        self._turns = 0
        self._turns_limit = turns_limit
        self._clock_resolution = RESOLUTION_S
        self._selector = _Jump(self)
        self.connect: Callable[[asyncio.Protocol, str, int], asyncio.Transport] | None = None

    def time(self) -> float:
        return self._now_s

    def jump(self, timeout_s: float | None) -> None:
        """What a real loop would wait, passes."""
        if timeout_s is None:
            raise NothingHappens
        if timeout_s > 0:
            self._now_s += timeout_s
            self._turns = 0
            return
        self._turns += 1
        if self._turns > self._turns_limit:
            raise TurnsWithoutTime

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        host: str,
        port: int,
        **_: Any,
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Raises OSError where nobody listens."""
        assert self.connect is not None, "this loop has no network"
        protocol = protocol_factory()
        transport = self.connect(protocol, host, port)
        await asyncio.sleep(0)
        return transport, protocol

    def end(self) -> None:
        """Whatever still runs is stopped, wherever it stands; the loop is closed."""
        self.set_exception_handler(lambda *_: None)
        for _ in range(TURNS_OF_AN_END):
            for task in asyncio.all_tasks(self):
                task.cancel()
            self._scheduled.clear()
            self.call_soon(self.stop)
            self.run_forever()
        self._scheduled.clear()
        self.close()

    def _process_events(self, event_list: Sequence[Any]) -> None:
        """There are no files."""

    def _write_to_self(self) -> None:
        """There are no threads."""


class _Jump:
    """Stands where a selector stands in a real loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        self._loop.jump(timeout)
        return []
