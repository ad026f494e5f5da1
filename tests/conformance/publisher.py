"""The site beside the service: a process that publishes by the library's own functions."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.conformance.event_log import LIMIT_S
from tests.live import CHECKOUT

SETTINGS = "tests.sites.push_site.settings"
_END_LIMIT_S = 10.0


class Publisher:
    """A process with the push site's settings, told what to publish."""

    def __init__(self, environment: Mapping[str, str], errors: Path) -> None:
        self._errors = errors.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sites.push_site.publisher"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=CHECKOUT,
            env={**environment, "DJANGO_SETTINGS_MODULE": SETTINGS},
        )
        self.answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._users: dict[str, str] = {}
        self._reader = threading.Thread(target=self._read, name="publisher", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.answers.put(json.loads(line))

    def tell(self, **command: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def publish(self, topic: str, *data: Any) -> dict[str, Any]:
        """Publish one after the other; gives the answer to the last one."""
        for each in data:
            self.tell(do="publish", topic=topic, data=each)
        return [self.answers.get(timeout=LIMIT_S) for _ in data][-1]

    def position(self, topic: str) -> dict[str, Any]:
        """The topic's position, as the page's `since`."""
        self.tell(do="position", topic=topic)
        return self.answers.get(timeout=LIMIT_S)

    def ask(self, action: str, **arguments: Any) -> Any:
        """Do one of `tests.sites.push_site.actions.ACTIONS`; gives what it returns."""
        self.tell(do="ask", action=action, **arguments)
        return self.answers.get(timeout=LIMIT_S)["result"]

    def user(self, name: str) -> str:
        """A demo user's id, as it is on the wire."""
        if name not in self._users:
            self._users[name] = self.ask("user", name=name)
        return self._users[name]

    def token(self, user: str, **options: Any) -> str:
        """For a connection, or with `channel` for a topic. Options: expires_in, info."""
        return str(self.ask("token", user=user, **options))

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
