"""The official JavaScript SDK's bundle for browsers, in a page of a real one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.conformance.event_log import LIMIT_S, EventLog
from tests.conformance.sdk_process import Sdk

_POLL_MS = 10
_PAGE = """<!doctype html><meta charset="utf-8"><title>Conformance</title>
<link rel="icon" href="data:,">
<script src="/centrifuge.js"></script>
<script type="module">
import { makeDriver } from "/driver.mjs";
const events = [];
window.act = makeDriver(Centrifuge, (event) => events.push(event));
window.takeEvents = () => events.splice(0);
</script>
"""


@contextmanager
def page_server(package: Path) -> Iterator[str]:
    """A site with one page, on a port of its own; gives its origin.

    package: the folder of the npm package.
    """
    driver = Path(__file__).with_name("driver.mjs")
    files: dict[str, tuple[str, bytes]] = {
        "/": ("text/html", _PAGE.encode()),
        "/driver.mjs": ("text/javascript", driver.read_bytes()),
        "/centrifuge.js": ("text/javascript", (package / "dist" / "centrifuge.js").read_bytes()),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, content = files.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in files else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="page-server")
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _PageLog(EventLog):
    """A log that is fetched: Playwright lets nobody else call into a test's thread."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page

    def fetch(self) -> None:
        for event in self._page.evaluate("takeEvents()"):
            self.add(event)

    def wait(self, condition: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> Any:
        deadline = time.monotonic() + limit_s
        while not (value := condition()):
            if time.monotonic() > deadline:
                return super().wait(condition, what, 0)
            self._page.wait_for_timeout(_POLL_MS)
            self.fetch()
        return value


class BrowserSdk(Sdk):
    """Clients in one page. The browser sends cookies and the origin by itself."""

    name = "chromium"

    def __init__(self, page: Page, origin: str) -> None:
        super().__init__()
        self.log = _PageLog(page)
        self._page = page
        page.goto(origin)
        page.wait_for_function("window.act !== undefined")

    def tell(self, action: str, client: str, **arguments: Any) -> None:
        self._page.evaluate(
            "command => { act(command); }", {"do": action, "client": client, **arguments}
        )

    def connect(
        self,
        client: str,
        url: str,
        *,
        token: str = "",
        tokens: list[str] | None = None,
        **headers: str,
    ) -> None:
        self._page.context.clear_cookies()
        if cookie := headers.get("Cookie"):
            name, value = cookie.split("=", 1)
            page = {"name": name, "value": value, "url": self._page.url}
            self._page.context.add_cookies([page])  # type: ignore[list-item]
        super().connect(client, url, token=token, tokens=tokens)
