"""A bare browser WebSocket that only listens: no client library (protocol reference, 11)."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.gateway import tokens
from tests.gateway.conftest import SERVERS, SETTINGS
from tests.live import ANSWER_LIMIT_S, Service, Site
from ws_service import publish

pytestmark = pytest.mark.once

PATH = "/connection/uni_websocket"
PING_S = 1


@pytest.fixture(scope="module", params=list(SERVERS))
def served(
    request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The gateway site, which pings often."""
    log = tmp_path_factory.mktemp(request.param) / "service.log"
    environment = {"PING_INTERVAL": str(PING_S), "TOKEN_GRACE": "0.2"}
    service = Service(site, log, SERVERS[request.param], settings=SETTINGS, environment=environment)
    service.start()
    yield service
    service.stop()


class Listener:
    """What comes, message by message."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    def hear(self) -> dict[str, Any]:
        """The next message that is no ping; one in each frame."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=ANSWER_LIMIT_S))
            if message:
                return message

    def end(self) -> tuple[dict[str, Any], int]:
        """The last message before the close, and its code."""
        last: dict[str, Any] = {}
        try:
            while True:
                last = json.loads(self.socket.recv(timeout=ANSWER_LIMIT_S))
        except ConnectionClosed as closed:
            return last, closed.rcvd.code if closed.rcvd else 1006


Listen = Callable[..., Listener]


@pytest.fixture
def listen(served: Service) -> Iterator[Listen]:
    """``listen({"subs": …})``: the first message; ``in_url=True``: as a parameter of the URL."""
    with ExitStack() as stack:

        def listen(request: Any = None, *, in_url: bool = False, **options: Any) -> Listener:
            options.setdefault("origin", "own" if "cookie" in options else None)
            text = request if isinstance(request, str) else json.dumps(request)
            path = f"{PATH}?cf_connect={quote(text)}" if in_url else PATH
            listener = Listener(stack.enter_context(served.connect(path, **options)))
            if not in_url and request is not None:
                listener.socket.send(text)
            return listener

        yield listen


def hello(listener: Listener) -> dict[str, Any]:
    connect: dict[str, Any] = listener.hear()["connect"]
    return connect


@pytest.mark.parametrize("in_url", [False, True])
def test_it_is_told_who_it_is_and_what_it_hears(listen: Listen, name: str, in_url: bool) -> None:
    """The first message, or a parameter for those who can send none."""
    listener = listen({"subs": {f"open:{name}": {}, f"denied:{name}": {}}}, in_url=in_url)
    connect = hello(listener)
    assert connect["client"]
    assert connect["version"]
    assert connect["ping"] == PING_S
    assert "pong" not in connect
    assert set(connect["subs"]) == {f"open:{name}"}
    assert connect["subs"][f"open:{name}"]["recoverable"]


@pytest.mark.usefixtures("publishing")
def test_publications_come_bare(listen: Listen, name: str) -> None:
    """One push in each frame, and nothing around it."""
    listener = listen({"subs": {f"open:{name}": {}}})
    hello(listener)
    for n in (1, 2):
        publish(f"open:{name}", {"n": n}, on_commit=False)
    for n in (1, 2):
        assert listener.hear() == {
            "channel": f"open:{name}",
            "pub": {"data": {"n": n}, "offset": n},
        }


@pytest.mark.usefixtures("publishing")
def test_what_was_missed_is_in_the_first_message(listen: Listen, name: str) -> None:
    """A page that comes back with the position that it remembered."""
    channel = f"open:{name}"
    at = hello(listen({"subs": {channel: {}}}))["subs"][channel]
    for n in (1, 2, 3):
        publish(channel, n, on_commit=False)
    since = {"recover": True, "offset": 1, "epoch": at["epoch"]}
    back = hello(listen({"subs": {channel: since}}))["subs"][channel]
    assert back["recovered"]
    assert back["offset"] == 1
    assert back["publications"] == [{"data": n, "offset": n} for n in (2, 3)]


def test_join_and_leave_come_bare_too(listen: Listen, name: str) -> None:
    """As pushes."""
    first = listen({"subs": {f"watched:{name}": {}}})
    own = hello(first)["client"]
    assert first.hear() == {
        "channel": f"watched:{name}",
        "join": {"info": {"user": "", "client": own}},
    }
    second = listen({"subs": {f"watched:{name}": {}}})
    other = hello(second)["client"]
    assert first.hear()["join"]["info"]["client"] == other
    second.socket.close()
    assert first.hear()["leave"]["info"]["client"] == other


def test_it_is_pinged_and_needs_not_answer(listen: Listen) -> None:
    """Longer than a client library would be waited for."""
    listener = listen({})
    hello(listener)
    pings = [json.loads(listener.socket.recv(timeout=ANSWER_LIMIT_S)) for _ in range(2)]
    assert pings == [{}, {}]


def test_what_it_says_later_is_ignored(listen: Listen, name: str) -> None:
    """Whatever it is."""
    listener = listen({"subs": {f"open:{name}": {}}})
    hello(listener)
    for nonsense in ("nonsense", '{"id":1,"subscribe":{"channel":"open:x"}}', b"\x00", "{}"):
        listener.socket.send(nonsense)
    assert json.loads(listener.socket.recv(timeout=ANSWER_LIMIT_S)) == {}  # a ping


def test_nothing_at_all_is_a_request_too(listen: Listen) -> None:
    """``null`` counts as ``{}``."""
    assert hello(listen("null"))["client"]
    assert "subs" not in hello(listen("null", in_url=True))


@pytest.mark.parametrize("nonsense", ["nonsense", "[]", '{"subs":7}', "7"])
def test_a_request_that_is_none_is_refused(listen: Listen, nonsense: str) -> None:
    """For good: the same request would be as wrong the next time."""
    last, code = listen(nonsense).end()
    assert code == 3501
    assert last in ({}, {"disconnect": {"code": 3501, "reason": "bad request"}})


@pytest.mark.parametrize("request_", ["nonsense", {"token": "x.y.z"}])
def test_a_url_that_says_what_it_may_not_is_refused_at_the_handshake(
    listen: Listen, served: Service, request_: Any
) -> None:
    """400; stock Daphne can refuse with nothing but 403. URLs are in logs: no place for a token."""
    with pytest.raises(InvalidStatus) as refused:
        listen(request_, in_url=True)
    wanted = 400 if "uvicorn" in served.child.argv else 403
    assert refused.value.response.status_code == wanted


def test_a_topic_that_nobody_knows_ends_it(listen: Listen) -> None:
    """A mistake of the page, which should be seen."""
    assert listen({"subs": {"nowhere:a": {}}}).end()[1] == 3501


@pytest.mark.parametrize(
    ("claims", "code"), [({"exp": 1}, 3005), ({"aud": "another"}, 3500), ({"nbf": 2e9}, 3005)]
)
def test_tokens_are_checked_and_errors_are_closes(
    listen: Listen, claims: dict[str, Any], code: int
) -> None:
    """There is no reply that could carry an error."""
    assert listen({"token": tokens.connection("1", **claims)}).end()[1] == code


def test_a_token_says_who_listens_until_it_ends(listen: Listen, site: Site, name: str) -> None:
    """It can't be renewed: the page connects anew, with another one."""
    script = "from django.contrib.auth import get_user_model as m\n"
    ada = site.run_in_django(f"{script}print(m().objects.get(name='Ada').pk)").strip()
    token = tokens.connection(ada, exp=time.time() + 1, channels=[f"$sealed:{name}"])
    listener = listen({"token": token, "subs": {f"mine:{ada}": {}}})
    assert set(hello(listener)["subs"]) == {f"$sealed:{name}", f"mine:{ada}"}
    end = {"disconnect": {"code": 3005, "reason": "connection expired"}}
    assert listener.end() == (end, 3005)


def test_a_cookie_says_who_listens(listen: Listen, site: Site) -> None:
    """A page of the site itself; the origin is checked as everywhere."""
    script = "from django.contrib.auth import get_user_model as m\n"
    ada = site.run_in_django(f"{script}print(m().objects.get(name='Ada').pk)").strip()
    listener = listen({"subs": {f"mine:{ada}": {}}}, cookie=site.cookie_of("Ada"))
    assert set(hello(listener)["subs"]) == {f"mine:{ada}"}
    with pytest.raises(InvalidStatus):
        listen({}, cookie=site.cookie_of("Ada"), origin="https://elsewhere.example")


def test_the_end_of_the_service_is_told(listen: Listen, served: Service) -> None:
    """Before the close, whose code a proxy may swallow. Uvicorn closes before anybody else can."""
    listener = listen({})
    hello(listener)
    served.stop()
    try:
        told = ({"disconnect": {"code": 3001, "reason": "shutdown"}}, 3001)
        assert listener.end() == (({}, 1012) if "uvicorn" in served.child.argv else told)
    finally:
        served.start()


@pytest.mark.parametrize("text", ["%ED%A0%BD", "%FF", quote(r"\ud83d")])
def test_nothing_is_repaired_in_an_address(served: Service, text: str) -> None:
    """U+FFFD would be another topic's name."""
    path = "/connection/uni_websocket?cf_connect=" + quote('{"subs":{"open:HALF":{}}}')
    with pytest.raises(InvalidStatus) as refused:
        served.connect(path.replace("HALF", text), origin=None)
    assert refused.value.response.status_code in (400, 403)
