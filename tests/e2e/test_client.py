"""`ws_service/client.js` in a real browser: where it connects to, and what it asks for first."""

import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest
from django.template import Context, RequestContext, Template
from playwright.sync_api import BrowserContext, Error, Page, Route, WebSocketRoute

from tests.live import CHECKOUT
from ws_service.broker.position import Position
from ws_service.topics import Topic, topic

pytestmark = pytest.mark.browser

STATIC = CHECKOUT / "ws_service" / "static"
# Nothing is allowed that a strict site would not allow.
POLICY = "default-src 'none'; script-src 'nonce-n0nce'; connect-src ws: wss:"
PAGE = """\
<!doctype html><title>An order</title>{% load ws_service %}{% ws_client %}
{% ws_topic "order" name="42" since=seen element_id="order-topic" %}
"""


@pytest.fixture(autouse=True)
def page_settings(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Where the page is rendered; no Redis is asked, because it gives its positions."""
    routing = ModuleType("page_routing")
    routing.topics = [topic("open:<str:name>", Topic, name="order")]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "page_routing", routing)
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
    settings.STATIC_URL = "/static/"
    settings.WS_SERVICE = {"ROUTING": "page_routing"}
    return settings


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page that the test serves itself, whatever its address."""
    page = context.new_page()

    def serve(route: Route) -> None:
        path = route.request.url.split("/", 3)[3]
        if path.startswith("static/"):
            route.fulfill(path=STATIC / path.removeprefix("static/"))
            return
        html = Template(PAGE).render(Context({"seen": Position(5, "xyz"), "csp_nonce": "n0nce"}))
        headers = {"Content-Security-Policy": POLICY}
        route.fulfill(body=html, content_type="text/html", headers=headers)

    page.route("**/*", serve)
    return page


@pytest.mark.parametrize(
    ("shown_at", "client_url", "connects_to"),
    [
        ("http://localhost:8000/", None, "ws://localhost:8000/connection/websocket"),
        ("https://shop.example/cart/", None, "wss://shop.example/connection/websocket"),
        ("http://127.0.0.1:8000/", ":8001", "ws://127.0.0.1:8001/connection/websocket"),
        ("http://[::1]:8000/", ":8001", "ws://[::1]:8001/connection/websocket"),
        ("https://shop.example/", "wss://live.example", "wss://live.example/connection/websocket"),
        ("https://shop.example/", "wss://live.example/push", "wss://live.example/push"),
    ],
)
def test_it_connects_to_where_the_settings_say_the_service_is(
    page: Page, page_settings: Any, shown_at: str, client_url: str | None, connects_to: str
) -> None:
    """The same template serves development, where ports differ, and production."""
    page_settings.WS_SERVICE = {**page_settings.WS_SERVICE, "CLIENT_URL": client_url}
    page.goto(shown_at)
    with page.expect_websocket() as opened:
        page.evaluate("void wsService.client")
    assert opened.value.url == connects_to


def test_nothing_is_connected_before_it_is_asked_for(page: Page) -> None:
    """The tag may stand in a site's base template."""
    sockets: list[Any] = []

    def note(socket: Any) -> None:
        sockets.append(socket)

    page.on("websocket", note)
    page.goto("http://localhost:8000/")
    assert page.evaluate("typeof wsService.subscription") == "function"
    assert sockets == []


def test_a_topic_asked_for_twice_is_one_subscription(page: Page) -> None:
    """Two parts of a page may show the same order; the SDK allows one subscription each."""
    page.goto("http://localhost:8000/")
    assert page.evaluate("""() => {
        const first = wsService.subscription("order-topic");
        const again = wsService.subscription(document.getElementById("order-topic"));
        return [first === again, first.channel, first.state, wsService.client === wsService.client];
    }""") == [True, "open:42", "unsubscribed", True]


class TokenSite:
    """A page with tokens, its site's token view, and the service; says what each was asked."""

    def __init__(self, page: Page, answers: list[tuple[int, str]]) -> None:
        self.asked: list[tuple[Any, str]] = []
        self.commands: list[Any] = []
        self._answers = iter(answers)
        page.route("**/live/token/", self._give)
        page.route("**/private/", self._show)
        page.route_web_socket("**/connection/websocket", self._serve)
        page.goto("http://localhost:8000/private/")

    def _show(self, route: Route) -> None:
        request = HttpRequest()
        request.user = SimpleNamespace(is_authenticated=True)  # type: ignore[assignment]
        context = RequestContext(request, {"csp_nonce": "n0nce"})
        html = Template(
            '{% load ws_service %}{% ws_client token_url="/live/token/" %}'
            '{% ws_topic "order" name="42" since=None token=True %}'
        ).render(context)
        policy = f"{POLICY} 'self'"
        route.fulfill(
            body=html, content_type="text/html", headers={"Content-Security-Policy": policy}
        )

    def _give(self, route: Route) -> None:
        csrf_token = route.request.headers["x-csrftoken"]
        self.asked.append((route.request.post_data_json, csrf_token))
        status, token = next(self._answers)
        route.fulfill(status=status, json={"token": token})

    def _serve(self, socket: WebSocketRoute) -> None:
        def answer(message: Any) -> None:
            for line in str(message).splitlines():
                command = json.loads(line)
                self.commands.append(command)
                reply: Any = {"id": command.get("id")}
                if "connect" in command:
                    reply["connect"] = {"client": "c", "version": "1", "ping": 25}
                elif "subscribe" in command:
                    reply["subscribe"] = {}
                socket.send(json.dumps(reply))

        socket.on_message(answer)


def test_a_page_connects_and_subscribes_with_tokens_of_its_site(page: Page) -> None:
    """Where the service is on another host, or has no site's code, no cookie says who it is."""
    site = TokenSite(page, [(500, ""), (200, "for-me"), (200, "for-the-order")])
    page.evaluate("""() => new Promise((done) => {
        const subscription = wsService.subscription("ws-topic-order");
        subscription.once("subscribed", done);
        subscription.subscribe();
    })""")
    assert [body for body, _ in site.asked] == [{}, {}, {"channel": "open:42"}]
    assert {len(csrf_token) for _, csrf_token in site.asked} == {64}
    connect, subscribe = site.commands
    assert connect["connect"]["token"] == "for-me"
    assert subscribe["subscribe"]["token"] == "for-the-order"


def test_who_is_refused_a_token_does_not_ask_again(page: Page) -> None:
    """Who has logged out would otherwise knock for as long as the page is open."""
    site = TokenSite(page, [(403, "")])
    reason = page.evaluate("""() => new Promise((done) => {
        wsService.client.once("disconnected", ({ code }) => done(code));
    })""")
    assert reason == 1
    assert len(site.asked) == 1


def test_an_element_that_is_not_there_is_named(page: Page) -> None:
    """The id in the script and the one in the template have drifted apart."""
    page.goto("http://localhost:8000/")
    with pytest.raises(Error, match='no element with the id "order-topc"'):
        page.evaluate("""wsService.subscription("order-topc")""")
