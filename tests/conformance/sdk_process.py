"""A process with clients of an official SDK in it."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import IO, Any, Self

from playwright._impl._driver import compute_driver_executable

from tests.conformance.event_log import LIMIT_S, Event, EventLog
from tests.live import CHECKOUT, bare_environment

HERE = Path(__file__).parent
_END_LIMIT_S = 10.0


def javascript(package: Path) -> list[str]:
    """The JavaScript SDK in the Node that playwright's wheel brings along.

    package: the folder of the npm package `centrifuge`.
    """
    node, _ = compute_driver_executable()
    return [node, str(HERE / "sdk.mjs"), str(package)]


def python() -> list[str]:
    """The Python SDK."""
    return [sys.executable, "-m", "tests.conformance.sdk"]


class Subscriber:
    """One client's subscription to one channel, as its log tells it."""

    def __init__(self, sdk: "Sdk", client: str, channel: str) -> None:
        self.sdk = sdk
        self.client = client
        self.channel = channel

    def events(self, type_: str | None = None) -> list[Event]:
        return self.sdk.log.of(self.client, self.channel, type_)

    @property
    def data(self) -> list[Any]:
        """What was published, as it arrived."""
        return [event["data"] for event in self.events("publication")]

    @property
    def offsets(self) -> list[int]:
        return [event["offset"] for event in self.events("publication")]

    def subscribe(self, **options: Any) -> Self:
        """Begin to subscribe; options: since, token, tokens, joinLeave."""
        self.sdk.tell("subscribe", self.client, channel=self.channel, **options)
        return self

    def unsubscribe(self) -> None:
        times = len(self.events("unsubscribed"))
        self.sdk.tell("unsubscribe", self.client, channel=self.channel)
        self.wait_for("unsubscribed", times + 1)

    def history(self, **options: Any) -> Event:
        """The answer to a history call; with `error` in it when it was refused."""
        return self.sdk.ask(self.client, "history", channel=self.channel, **options)

    def wait_for(self, type_: str, times: int = 1, limit_s: float = LIMIT_S) -> Event:
        """The given occurrence of an event (1: the first)."""
        self.sdk.log.wait(
            lambda: len(self.events(type_)) >= times,
            f"{type_} number {times} of {self.client} in {self.channel}",
            limit_s,
        )
        return self.events(type_)[times - 1]

    def wait_for_data(self, data: list[Any], limit_s: float = LIMIT_S) -> None:
        """Wait until as much arrived; it must be exactly this, in this order."""
        what = f"the arrival of {len(data)} publications at {self.client}"
        self.sdk.log.wait(lambda: len(self.data) >= len(data), what, limit_s)
        assert self.data == data, self.data


class Sdk:
    """Clients of one SDK: commands go in, events come out."""

    name = ""

    def __init__(self) -> None:
        self.log = EventLog()
        self._calls = count(1)

    def tell(self, action: str, client: str, **arguments: Any) -> None:
        raise NotImplementedError

    def connect(
        self,
        client: str,
        url: str,
        *,
        token: str = "",
        tokens: list[str] | None = None,
        **headers: str,
    ) -> None:
        """Begin to connect a client; does not wait.

        token: the one that the application has. tokens: what its `getToken` gives, in turns.
        """
        options = {"headers": headers, "token": token, "tokens": tokens}
        given = {name: value for name, value in options.items() if value}
        self.tell("connect", client, url=url, **given)

    def ask(self, client: str, name: str, **request: Any) -> Event:
        """The answer to publish, presence, presenceStats, history or rpc.

        With `error` in it when it was refused.
        """
        number = next(self._calls)
        self.tell("call", client, name=name, number=number, **request)

        def answer() -> Event | None:
            answers = self.log.of(client, None, "answer")
            return next((each for each in answers if each["number"] == number), None)

        found: Event = self.log.wait(answer, f"an answer to {name} {request}")
        return found

    def refusal(self, client: str, name: str, **request: Any) -> int:
        """The code of the error that a call gets."""
        return int(self.ask(client, name, **request)["error"]["code"])

    def connected(self, client: str, times: int = 1) -> Event:
        """Wait until the client has been connected so many times."""
        return self.wait_for(client, "connected", times)

    def wait_for(self, client: str, type_: str, times: int = 1) -> Event:
        what = f"{type_} number {times} of {client}"
        self.log.wait(lambda: len(self.log.of(client, None, type_)) >= times, what)
        return self.log.of(client, None, type_)[times - 1]

    def subscribe(self, client: str, channel: str, **options: Any) -> Subscriber:
        """Begin to subscribe; does not wait. Options as ``Subscriber.subscribe``."""
        return Subscriber(self, client, channel).subscribe(**options)

    def close(self) -> None:
        """End all clients."""


class SdkProcess(Sdk):
    """Clients of one SDK in a process of their own.

    environment: beside the bare one.
    """

    def __init__(
        self,
        name: str,
        argv: list[str],
        errors: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.name = name
        self._errors: IO[bytes] = errors.open("ab")
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=CHECKOUT,
            env=bare_environment() | dict(environment or {}),
        )
        self._writing = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="sdk-events", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.log.add(json.loads(line))

    def tell(self, action: str, client: str, **arguments: Any) -> None:
        assert self._process.stdin
        with self._writing:
            self._process.stdin.write(json.dumps({"do": action, "client": client, **arguments}))
            self._process.stdin.write("\n")
            self._process.stdin.flush()

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_END_LIMIT_S)
        self._reader.join(_END_LIMIT_S)
        self._process.stdout.close()
        self._errors.close()
