"""A Redis that exists in memory: it speaks RESP, runs the real scripts, forgets what it is told to.

It is one address; which server stands behind it, and what that remembers, is for faults to say.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final

from tests.simulation import scripts
from tests.simulation.network import Network, Wire
from tests.simulation.store import Store, WrongCommand

OnScript = Callable[[bytes, Sequence[bytes], Sequence[bytes], Any], None]

START_MS: Final = 1_790_000_000_000.0


class RedisServer:
    """Keeps its data over ``restart()``, unless it is told otherwise.

    before_change, after_change: called around each step that may change the data.
    on_script: called with the script's text, its keys, its arguments and its answer.
    on_command: called after each command, whose answer is on its way then.
    bell_fate: how often a message to a listener comes, for a channel; once, if all is well.
    """

    def __init__(self, network: Network, clock: Callable[[], float], seed: int) -> None:
        self._network = network
        self._clock = clock
        self._chance = Random(f"{seed} redis")
        self._connections: dict[_Connection, None] = {}
        self._scripts: dict[bytes, bytes] = {}
        self.store = Store(self.now_ms, self._publish)
        self.before_change: Callable[[], None] = lambda: None
        self.after_change: Callable[[], None] = lambda: None
        self.on_script: OnScript = lambda *_: None
        self.bell_fate: Callable[[str], int] = lambda _: 1
        self.on_command: Callable[[], None] = lambda: None
        self._run_id = self._replid = ""
        self.start()

    def now_ms(self) -> float:
        return START_MS + self._clock() * 1000.0

    # --- which server it is ------------------------------------------------------------------

    def start(self) -> None:
        """Another process with the same data."""
        self._run_id, self._replid = self._name(), self._name()
        self._scripts.clear()
        self._say_identity()
        self._network.listener = self._accept

    def stop(self) -> None:
        """All connections end; nobody listens."""
        self._network.listener = None
        for wire in self._network.wires():
            wire.cut()

    def attach_replica(self) -> None:
        """The first replica of a running server: its replication id is another one from now on."""
        self._replid = self._name()
        self._say_identity()

    def fail_over(self) -> None:
        """Another server takes the address over. This one stays up as its replica, and keeps the
        connections that it has: reading works there, writing doesn't.
        """
        for connection in self._connections:
            connection.is_at_replica = True
        self.start()

    def forget_scripts(self) -> None:
        self._scripts.clear()

    def _name(self) -> str:
        return f"{self._chance.getrandbits(160):040x}"

    def _say_identity(self) -> None:
        self.store.identity[b"server"] = f"run_id:{self._run_id}\r\n".encode()
        self.store.identity[b"replication"] = f"master_replid:{self._replid}\r\n".encode()

    # --- what it is asked --------------------------------------------------------------------

    def _accept(self, wire: Wire) -> "_Connection":
        connection = _Connection(self, wire)
        self._connections[connection] = None
        return connection

    def forget(self, connection: "_Connection") -> None:
        self._connections.pop(connection, None)

    def answer(self, command: list[bytes], *, is_at_replica: bool) -> Any:
        """Raises WrongCommand."""
        run = self.store.read if is_at_replica else self.store.call
        match command[0].upper(), command[1:]:
            case b"PING", _:
                return _Simple(b"PONG")
            case b"SELECT", _:
                return _Simple(b"OK")
            case b"EVAL", [text, number, *rest]:
                self._scripts[scripts.digest(text)] = text
                return self._run(text, int(number), rest, run)
            case b"EVALSHA", [digest, number, *rest]:
                if digest not in self._scripts:
                    raise WrongCommand("NOSCRIPT No matching script. Please use EVAL.")
                return self._run(self._scripts[digest], int(number), rest, run)
        return run(*command)

    def _run(
        self, text: bytes, number_of_keys: int, rest: list[bytes], command: scripts.Command
    ) -> Any:
        keys, arguments = rest[:number_of_keys], rest[number_of_keys:]
        self.before_change()
        answer = scripts.run(text, keys, arguments, command)
        self.on_script(text, keys, arguments, answer)
        self.after_change()
        return answer

    def _publish(self, channel: bytes, message: bytes) -> int:
        heard = [each for each in self._connections if channel in each.channels]
        for connection in heard:
            for _ in range(self.bell_fate(connection.host)):
                connection.push([b"message", channel, message])
        return len(heard)


class _Simple(bytes):
    """A status: it goes over the wire as one."""


class _Connection:
    """The server's end."""

    def __init__(self, server: RedisServer, wire: Wire) -> None:
        self._server = server
        self._wire = wire
        self._unread = b""
        self.is_at_replica = False
        self.channels: dict[bytes, None] = {}

    @property
    def host(self) -> str:
        return self._wire.host

    def received(self, data: bytes) -> None:
        self._unread += data
        for command in self._commands():
            self._handle(command)
            self._server.on_command()

    def lost(self) -> None:
        self._server.forget(self)

    def push(self, message: Any) -> None:
        self._wire.send_back(_encode(message))

    def _handle(self, command: list[bytes]) -> None:
        kind = command[0].upper()
        if kind == b"SUBSCRIBE":
            for channel in command[1:]:
                self.channels[channel] = None
                self.push([b"subscribe", channel, len(self.channels)])
        elif kind == b"UNSUBSCRIBE":
            for channel in command[1:]:
                self.channels.pop(channel, None)
                self.push([b"unsubscribe", channel, len(self.channels)])
        elif kind == b"PING" and self.channels:
            self.push([b"pong", b""])
        else:
            try:
                self._wire.send_back(_encode(self._answer(command)))
            except WrongCommand as error:
                self._wire.send_back(b"-%b\r\n" % str(error).encode())

    def _answer(self, command: list[bytes]) -> Any:
        return self._server.answer(command, is_at_replica=self.is_at_replica)

    def _commands(self) -> Iterator[list[bytes]]:
        while (parsed := _parse(self._unread)) is not None:
            command, used = parsed
            self._unread = self._unread[used:]
            yield command


def _parse(data: bytes) -> tuple[list[bytes], int] | None:
    """One command from the front, and how many bytes it took; ``None`` if it isn't all there."""
    at = data.find(b"\r\n")
    if at < 0:
        return None
    words: list[bytes] = []
    number, used = int(data[1:at]), at + 2
    for _ in range(number):
        at = data.find(b"\r\n", used)
        if at < 0:
            return None
        size = int(data[used + 1 : at])
        begin = at + 2
        if len(data) < begin + size + 2:
            return None
        words.append(data[begin : begin + size])
        used = begin + size + 2
    return words, used


def _encode(value: Any) -> bytes:
    match value:
        case None:
            return b"$-1\r\n"
        case int():
            return b":%d\r\n" % value
        case _Simple():
            return b"+%b\r\n" % value
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(value), value)
        case list():
            return b"*%d\r\n" % len(value) + b"".join(map(_encode, value))
    raise TypeError(f"no RESP for {value!r}")
