"""Somebody in front of the site: in a browser, or with a bare WebSocket."""

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from playwright.sync_api import Page, expect
from websockets.sync.client import ClientConnection, connect

from tests.adoption.site import PASSWORD, Production
from tests.live import ANSWER_LIMIT_S, tell

LIMIT_MS = 20_000


def log_in(page: Page, running: Production, *, host: str = "127.0.0.1", below: str = "") -> None:
    """By the site's own form; ends at the list of orders."""
    page.goto(f"http://{host}:{running.port}{below}/orders/")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#order-1")).to_be_visible(timeout=LIMIT_MS)


class Listener:
    """A page's connection without a page, which has asked for one topic."""

    def __init__(self, socket: ClientConnection, topic: str) -> None:
        self._socket = socket
        self._said: deque[Any] = deque()
        tell(socket, {"id": 1, "connect": {}})
        answer = tell(socket, {"id": 2, "subscribe": {"channel": topic}})
        self.error: int | None = answer.get("error", {}).get("code")
        """Why it may not listen; None if it does."""

    def hear(self) -> Any:
        """The next publication's data."""
        while True:
            while not self._said:
                # What leaves at once is one message of several lines; {} is a ping.
                lines = str(self._socket.recv(timeout=ANSWER_LIMIT_S)).splitlines()
                self._said.extend(map(json.loads, lines))
            if "push" in (said := self._said.popleft()):
                return said["push"]["pub"]["data"]


@contextmanager
def listening(
    port: int,
    cookie: str,
    *,
    topic: str = "orders:1",
    origin: str | None = None,
    path: str = "/connection/websocket",
    headers: Mapping[str, str] | None = None,
) -> Iterator[Listener]:
    """Somebody who listens to a topic, or was told why not.

    port: of whoever answers, the service or the proxy. origin: of the page; None for the same.
    """
    with connect(
        f"ws://127.0.0.1:{port}{path}",
        origin=origin or f"http://127.0.0.1:{port}",
        additional_headers={"Cookie": cookie, **(headers or {})},
        open_timeout=ANSWER_LIMIT_S,
        proxy=None,
    ) as socket:
        yield Listener(socket, topic)


class Customer:
    """Somebody who is logged in and has no scripts: sees pages, presses buttons."""

    def __init__(self, origin: str, cookie: str) -> None:
        self._origin = origin
        self._opener = build_opener(ProxyHandler({}))
        self._cookie = cookie

    def orders(self) -> str:
        """The page with the list."""
        return self.open("/orders/")

    def open(self, path: str) -> str:
        """Raises HTTPError for every status that isn't a page's."""
        with self._open(path, self._cookie) as answer:
            return str(answer.read().decode())

    def pay(self, pk: int) -> str:
        """Press the button of an order; gives the page that comes then."""
        with self._open("/orders/", self._cookie) as answer:
            csrf_cookie, *_ = answer.headers["Set-Cookie"].split(";")
            (token, *_) = re.findall(
                r'name="csrfmiddlewaretoken" value="(\w+)"', answer.read().decode()
            )
        body = urlencode({"csrfmiddlewaretoken": token}).encode()
        cookies = f"{self._cookie}; {csrf_cookie}"
        with self._open(f"/orders/{pk}/pay/", cookies, body) as answer:
            return str(answer.read().decode())

    def _open(self, path: str, cookies: str, body: bytes | None = None) -> Any:
        request = Request(f"{self._origin}{path}", body, headers={"Cookie": cookies})
        return self._opener.open(request, timeout=ANSWER_LIMIT_S)
