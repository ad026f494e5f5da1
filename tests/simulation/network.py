"""Connections in memory: they take time, and can be cut, silenced and held up."""

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, Final, Protocol

LATENCY_S: Final = (0.0002, 0.004)


class Peer(Protocol):
    """The server's end of one connection."""

    def received(self, data: bytes) -> None: ...

    def lost(self) -> None: ...


class Wire(asyncio.Transport):
    """The client's transport, and what goes back on it. Each direction keeps its order.

    host: by which the connection was asked for; faults choose by it.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, host: str, chance: Random
    ) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._chance = chance
        self.host = host
        self.peer: Peer | None = None
        self.is_closed = False
        self.is_silent = False
        self.latency_factor = 1.0
        self._free_s = {"out": 0.0, "back": 0.0}
        self._on_the_way: dict[str, deque[Callable[[], Any]]] = {"out": deque(), "back": deque()}

    # --- the client's side -------------------------------------------------------------------

    def write(self, data: Any) -> None:
        if not self.is_closed:
            self._later("out", lambda data=bytes(data): self.peer and self.peer.received(data))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._loop.call_soon(self._protocol.connection_lost, None)
            self._later("out", self._lose_peer)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        """Nothing here is ever so much."""

    def resume_reading(self) -> None:
        """See ``pause_reading()``."""

    # --- the server's side -------------------------------------------------------------------

    def send_back(self, data: bytes) -> None:
        self._later("back", lambda: None if self.is_closed else self._protocol.data_received(data))

    # --- faults ------------------------------------------------------------------------------

    def cut(self) -> None:
        """Both ends see a reset, at once."""
        if not self.is_closed:
            self.is_closed = True
            self._loop.call_soon(self._protocol.connection_lost, ConnectionResetError("cut"))
            self._lose_peer()

    def hold_up(self, seconds: float) -> None:
        """What is on its way back takes so much longer."""
        self._free_s["back"] = max(self._free_s["back"], self._loop.time()) + seconds

    def _lose_peer(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.lost()

    def _later(self, way: str, act: Callable[[], Any]) -> None:
        latency_s = self._chance.uniform(*LATENCY_S) * self.latency_factor
        due_s = max(self._free_s[way], self._loop.time() + latency_s)
        self._free_s[way] = due_s
        self._on_the_way[way].append(act)
        self._loop.call_at(due_s, self._arrive, way)

    def _arrive(self, way: str) -> None:
        # The first that was sent, whichever timer this is: those of one moment have no order.
        act = self._on_the_way[way].popleft()
        if not self.is_silent:
            act()


class Network:
    """Who listens where. Connections made here are remembered while they are open."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seed: int) -> None:
        self._loop = loop
        self._seed = seed
        self._made = 0
        self._wires: dict[Wire, None] = {}
        self.listener: Callable[[Wire], Peer] | None = None
        self.latency_factor = 1.0
        self.unreachable: set[str] = set()
        self.on_connected: Callable[[str], None] = lambda _: None

    def connect(self, protocol: asyncio.Protocol, host: str, port: int) -> Wire:
        """Raises OSError while nobody listens, or the way from this host's name is cut."""
        if self.listener is None or host in self.unreachable:
            raise ConnectionRefusedError(f"nobody listens at {host}:{port}")
        self._made += 1
        chance = Random(f"{self._seed} {self._made}")
        wire = Wire(self._loop, protocol, host, chance)
        wire.latency_factor = self.latency_factor
        wire.peer = self.listener(wire)
        self._wires = {each: None for each in self._wires if not each.is_closed}
        self._wires[wire] = None
        protocol.connection_made(wire)
        self.on_connected(host)
        return wire

    def wires(self, host: str | None = None) -> list[Wire]:
        """Open connections; of one host's name, or all."""
        return [
            wire
            for wire in self._wires
            if not wire.is_closed and (host is None or wire.host == host)
        ]

    def slow_down(self, factor: float) -> None:
        self.latency_factor = factor
        for wire in self.wires():
            wire.latency_factor = factor
