"""A TCP link that can be cut, and made to swallow everything, from a test."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self, TypeVar

_START_LIMIT_S = 10.0
_BUFFER_LIMIT_BYTES = 1_048_576

T = TypeVar("T")


class _End(asyncio.Protocol):
    """One end of a connection; what it reads goes out at the other end."""

    def __init__(self, link: "Link") -> None:
        self._link = link
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None
        self.is_half_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(_BUFFER_LIMIT_BYTES)

    def data_received(self, data: bytes) -> None:
        if self._link.is_half_open:
            self.swallow()
        if not self.is_half_open and self.other and self.other.transport:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other and self.other.transport and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other.transport and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.forget(self)
        if self.other and self.other.transport:
            self.other.transport.close()

    def swallow(self) -> None:
        """Forward nothing any more. What is swallowed once is gone: there is no way back."""
        for end in (self, self.other):
            if end:
                end.is_half_open = True

    def abort(self) -> None:
        """End both ends with a reset, as a lost link does; no WebSocket or TCP farewell."""
        for end in (self, self.other):
            if end and end.transport and not end.transport.is_closing():
                end.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                end.transport.abort()


class _FrontEnd(_End):
    """The end towards whoever connects; it opens the far end."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport
        self.transport.pause_reading()
        self._link.add(self)
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        assert self.transport
        back = await self._reach_somebody()
        if back is None:
            self.transport.abort()
            return
        self.other = back
        if self.transport.is_closing():
            back.abort()
        else:
            self.transport.resume_reading()

    async def _reach_somebody(self) -> _End | None:
        loop = asyncio.get_running_loop()
        back = _End(self._link)
        back.other = self
        for port in self._link.next_targets():
            with suppress(OSError):
                await loop.create_connection(lambda: back, "127.0.0.1", port)
                return back
        return None


class Link:
    """Listens on a free loopback port and forwards to another; in a thread of its own.

    target_ports: with several, each takes its turn, and those that don't listen are left out.
    While nobody listens at all, whoever connects is cut off at once. Thread-safe.
    """

    def __init__(self, *target_ports: int) -> None:
        self._target_ports = list(target_ports)
        self._is_down = False
        self.port = 0
        self.is_half_open = False
        self._ends: list[_End] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        future = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self.port = future.result(_START_LIMIT_S)
        return self

    async def _listen(self) -> int:
        self._server = await self._loop.create_server(lambda: _FrontEnd(self), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_START_LIMIT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_LIMIT_S)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        self._abort_all()
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports' connection_lost() runs one turn later

    def lead_to(self, *target_ports: int) -> None:
        """New connections go there from now on."""
        self._call(lambda: setattr(self, "_target_ports", list(target_ports)))

    def cut(self) -> int:
        """Cut all connections at once; gives how many there were."""
        return self._call(self._abort_all)

    def cut_one(self, chance: random.Random) -> bool:
        """Cut one connection; False if there is none."""

        return self._call(lambda: self._do_to_one(chance, _End.abort))

    def half_open_one(self, chance: random.Random) -> bool:
        """From now on swallow what one connection carries; False if there is none."""
        return self._call(lambda: self._do_to_one(chance, _End.swallow))

    def _do_to_one(self, chance: random.Random, action: Callable[[_End], None]) -> bool:
        if self._ends:
            action(chance.choice(self._ends))
        return bool(self._ends)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Cut all connections, and refuse new ones until the end of the block."""
        self._is_down = True
        self.cut()
        try:
            yield
        finally:
            self._is_down = False

    def half_open(self) -> None:
        """From now on swallow what arrives, also on new connections, and close nothing."""
        self._call(lambda: setattr(self, "is_half_open", True))

    def mend(self) -> None:
        """New connections work again; those that lost something stay as they are."""
        self._call(lambda: setattr(self, "is_half_open", False))

    def connections(self) -> int:
        return self._call(lambda: len(self._ends))

    def next_targets(self) -> list[int]:
        if self._is_down:
            return []
        self._target_ports.append(self._target_ports.pop(0))
        return list(self._target_ports)

    def add(self, end: _End) -> None:
        self._ends.append(end)

    def forget(self, end: _End) -> None:
        if end in self._ends:
            self._ends.remove(end)

    def _abort_all(self) -> int:
        ends = list(self._ends)
        for end in ends:
            end.abort()
        return len(ends)

    def _call(self, action: Callable[[], T]) -> T:
        async def run() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_START_LIMIT_S)
