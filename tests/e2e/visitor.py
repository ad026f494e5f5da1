"""Somebody in front of a page: what they do and what they see."""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from devkit.ports import IPV4, IPV6

LIMIT_MS = 10_000
LOOPBACK = {"localhost", IPV4, IPV6}


class Visitor:
    """A page, and everything that went wrong on it since it was opened."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.set_default_timeout(LIMIT_MS)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("request", lambda request: self._note_host(request.url))
        page.on("websocket", lambda socket: self._note_host(socket.url))
        page.on("response", self._note_status)

    def log_in(self, site_url: str, name: str) -> None:
        """Log in through the site's form, as somebody with a keyboard does."""
        self.page.goto(f"{site_url}/accounts/login/")
        self.page.get_by_label("E-mail address").fill(f"{name.lower()}@example.org")
        self.page.get_by_label("Password").fill("demo")
        self.page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
        expect(self.page.locator("#who")).to_have_text(name, timeout=LIMIT_MS)

    def open(self, url: str) -> None:
        """Go to a page and wait until its connection is open."""
        self.page.goto(url)
        self.expect_state("open")

    def say(self, text: str) -> None:
        """Type a message and send it with the Enter key."""
        self.page.locator("#message").fill(text)
        self.page.locator("#message").press("Enter")

    def expect_state(self, *states: str, limit_ms: int = LIMIT_MS) -> None:
        """Wait until the pill shows one of these states."""
        pill = ", ".join(f"#state[data-state={state}]" for state in states)
        expect(self.page.locator(pill)).to_be_visible(timeout=limit_ms)

    def expect_message(self, text: str, sender: str) -> None:
        """Wait until exactly one message with this text is there, by this sender."""
        message = self.messages(text)
        expect(message).to_have_count(1, timeout=LIMIT_MS)
        expect(message.locator(".sender")).to_have_text(sender)

    def messages(self, text: str) -> Locator:
        """The messages with exactly this text."""
        exactly = self.page.locator(".text").get_by_text(text, exact=True)
        return self.page.locator("#messages .message").filter(has=exactly)

    @property
    def node(self) -> str:
        """The process that holds the connection, as the page shows it; never empty."""
        shown = self.page.locator("#node:not([data-node=''])")
        expect(shown).to_be_visible(timeout=LIMIT_MS)
        return shown.inner_text()

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than the window."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _note_host(self, url: str) -> None:
        if urlsplit(url).hostname not in LOOPBACK:
            self.complaints.append(f"request to another host: {url}")

    def _note_status(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"status {response.status}: {response.url}")
