"""Over a stock channel layer, a topic passes on what is sent to its group, and keeps nothing."""

import contextlib
import time
from collections.abc import Callable

import pytest

from devkit.redis_server import RedisServer
from tests.bridge.client import Client
from tests.bridge.conftest import STOCK, Chat
from tests.faults import redis_restart
from tests.live import hear

_BACK_LIMIT_S = 30.0


@pytest.fixture(params=STOCK)
def layer(request: pytest.FixtureRequest) -> str:
    return STOCK[request.param]


def test_one_send_reaches_consumers_and_the_topic(chat: Chat, room: str) -> None:
    """A page may use the client library beside consumers, without any change to the layer."""
    with chat.service.connect(f"/ws/chat/{room}/") as consumer:
        hear(consumer)
        with Client(chat.service, f"room:{room}") as subscriber:
            assert "recoverable" not in subscriber.answer
            chat.say(room, "hello", "again")
            assert [subscriber.next(), subscriber.next()] == [{"text": "hello"}, {"text": "again"}]
            sent = [{"type": "chat.message", "text": t, "secret": 1} for t in ("hello", "again")]
            assert [hear(consumer), hear(consumer)] == sent


def test_subscribers_share_one_member_of_the_group(chat: Chat, room: str) -> None:
    """Otherwise each publication would come once for each of them."""
    with contextlib.ExitStack() as stack:
        topic = f"room:{room}"
        subscribers = [stack.enter_context(Client(chat.service, topic)) for _ in range(3)]
        chat.say(room, 1, 2)
        for subscriber in subscribers:
            assert [subscriber.next(), subscriber.next()] == [{"text": 1}, {"text": 2}]


def test_an_event_that_is_skipped_or_spoils_disturbs_no_other(chat: Chat, room: str) -> None:
    """One event that nobody expected must not end the topic."""
    with (
        chat.service.connect(f"/ws/chat/{room}/") as consumer,
        Client(chat.service, f"room:{room}") as subscriber,
    ):
        hear(consumer)
        chat.run(
            f"send('chat.{room}', {{'type': 'chat.typing'}})\n"
            f"send('chat.{room}', {{'type': 'chat.message', 'no': 'text'}})\n"
            f"send('chat.{room}', {{'type': 'chat.message', 'text': b'no JSON', 'secret': 1}})\n"
        )
        chat.say(room, "well")
        assert subscriber.next() == {"text": "well"}
        # A consumer of the same process was handed the same event.
        assert hear(consumer) == {"type": "chat.typing"}
        assert hear(consumer) == {"type": "chat.message", "no": "text"}
    log = chat.service.child.tail(200)
    assert log.count(f"An event of group 'chat.{room}' does not reach topic 'room:{room}'") == 2


def test_publish_reaches_the_topic_as_well(chat: Chat, room: str) -> None:
    """New code of the site says publish(), and nobody has to know how the topic is fed."""
    with Client(chat.service, f"room:{room}") as subscriber:
        chat.run(f"from ws_service import publish; publish('room:{room}', 1, on_commit=False)")
        assert subscriber.next() == 1


def test_after_a_redis_that_forgot_everything_events_arrive_again(
    own_chat: Callable[..., Chat], room: str, own_redis: RedisServer
) -> None:
    """A restart must not leave pages silent until they are reloaded."""
    chat = own_chat(REDIS_URL=own_redis.url)
    with Client(chat.service, f"room:{room}") as subscriber:
        chat.say(room, "before")
        assert subscriber.next() == {"text": "before"}
        redis_restart.empty(own_redis)
        deadline = time.monotonic() + _BACK_LIMIT_S
        heard = None
        while heard is None and time.monotonic() < deadline:
            chat.say(room, "after")
            with contextlib.suppress(TimeoutError):
                heard = subscriber.next(limit_s=1)
        assert heard == {"text": "after"}


def test_a_name_without_a_legal_group_is_unknown(chat: Chat, room: str) -> None:
    """The layer would refuse the group; the client is told once, and does not come back."""
    with Client(chat.service, "room:two words") as subscriber:
        assert subscriber.reply["error"]["code"] == 102
    assert "'room:two words'" in chat.service.child.tail(50)
