"""With a layer of ``ws_service.layers``, what a site already sends becomes recoverable."""

from collections.abc import Callable

import pytest
import redis

from devkit.redis_server import RedisServer
from tests.bridge.client import Client
from tests.bridge.conftest import RECOVERABLE, Chat
from tests.faults import redis_restart
from tests.live import hear, tell


@pytest.fixture(params=RECOVERABLE)
def layer(request: pytest.FixtureRequest) -> str:
    return RECOVERABLE[request.param]


@pytest.mark.promise("bridge")
def test_one_send_reaches_consumers_and_the_topic(chat: Chat, room: str) -> None:
    """Nobody has to change the sending code, and consumers get the very event they got before."""
    with chat.service.connect(f"/ws/chat/{room}/") as consumer:
        assert hear(consumer) == {"joined": f"chat.{room}"}
        with Client(chat.service, f"room:{room}") as subscriber:
            assert subscriber.answer["recoverable"]
            chat.say(room, "hello", "again")
            sent = [{"type": "chat.message", "text": t, "secret": 1} for t in ("hello", "again")]
            assert [hear(consumer), hear(consumer)] == sent
            assert [subscriber.next(), subscriber.next()] == [{"text": "hello"}, {"text": "again"}]
            # The same from asynchronous code, in the service itself.
            said = {"type": "chat.message", "text": "from a consumer", "secret": "for consumers"}
            assert tell(consumer, "from a consumer") == said
            assert subscriber.next() == {"text": "from a consumer"}


def test_what_was_sent_while_a_client_was_away_arrives_when_it_comes_back(
    chat: Chat, room: str
) -> None:
    """Plain Channels has lost it for good."""
    with Client(chat.service, f"room:{room}") as before:
        chat.say(room, "seen")
        assert before.next() == {"text": "seen"}
        position = before.position
    chat.say(room, *range(20))
    with Client(chat.service, f"room:{room}", since={**position, "offset": 1}) as back:
        assert back.recovered == [{"text": n} for n in range(20)]
        chat.say(room, "and on")
        assert back.next() == {"text": "and on"}


def test_a_restart_of_redis_loses_nothing(
    own_chat: Callable[..., Chat], room: str, own_redis: RedisServer
) -> None:
    """What was sent before it is in the stream, and what is sent after it continues there."""
    chat = own_chat(REDIS_URL=own_redis.url)
    with Client(chat.service, f"room:{room}") as first:
        chat.say(room, "before")
        assert first.next() == {"text": "before"}
        position = first.position
        redis_restart.whole(own_redis)
        chat.say(room, "after")
    with Client(chat.service, f"room:{room}", since=position) as back:
        assert back.recovered == [{"text": "before"}, {"text": "after"}]


def test_an_event_that_is_skipped_or_spoils_reaches_consumers_only(chat: Chat, room: str) -> None:
    """A topic's mistakes must not cost the consumers that were there before it."""
    with chat.service.connect(f"/ws/chat/{room}/") as consumer:
        hear(consumer)
        with Client(chat.service, f"room:{room}") as subscriber:
            printed = chat.run(
                "import logging\n"
                "from ws_service.signals import publish_failed\n"
                "tell = lambda topic, error, **_: print(topic, type(error).__name__)\n"
                "publish_failed.connect(tell)\n"
                f"send('chat.{room}', {{'type': 'chat.typing'}})\n"
                f"send('chat.{room}', {{'type': 'chat.message', 'no': 'text'}})\n"
                "say = lambda text: send("
                f"'chat.{room}', {{'type': 'chat.message', 'text': text, 'secret': 1}})\n"
                "say(b'no JSON')\n"
                "say('x' * 70_000)\n"
            )
            assert printed.splitlines() == [
                f"room:{room} KeyError",
                f"room:{room} InvalidPayload",
                f"room:{room} PayloadTooLarge",
            ]
            chat.say(room, "well")
            assert subscriber.next() == {"text": "well"}
            assert hear(consumer) == {"type": "chat.typing"}
            assert hear(consumer) == {"type": "chat.message", "no": "text"}


def test_consumers_get_their_events_while_the_topics_redis_is_away(
    own_chat: Callable[..., Chat], room: str, own_redis: RedisServer
) -> None:
    """The site's chat worked without topics yesterday, and must not stop with them."""
    chat = own_chat(BROKER_URL=own_redis.url)
    with chat.service.connect(f"/ws/chat/{room}/") as consumer:
        hear(consumer)
        own_redis.stop()
        printed = chat.run(
            "from ws_service.metrics import counters\n"
            "from ws_service.signals import publish_failed\n"
            "tell = lambda topic, error, **_: print(topic, type(error).__name__)\n"
            "publish_failed.connect(tell)\n"
            f"send('chat.{room}', {{'type': 'chat.message', 'text': 1, 'secret': 1}})\n"
            "print(counters()['ws_service_publish_failures_total'])"
        )
        assert printed.splitlines() == [f"room:{room} BrokerUnavailable", "1"]
        assert hear(consumer)["text"] == 1


def test_a_redis_that_is_away_is_the_layers_own_error(
    own_chat: Callable[..., Chat], room: str, own_redis: RedisServer
) -> None:
    """Code that handles the layer's error today handles it tomorrow."""
    chat = own_chat(REDIS_URL=own_redis.url)
    own_redis.stop()
    printed = chat.run(
        "import redis\n"
        "try:\n"
        f"    send('chat.{room}', {{'type': 'chat.message', 'text': 1, 'secret': 1}})\n"
        "except redis.exceptions.ConnectionError:\n"
        "    print('as ever')"
    )
    assert printed == "as ever\n"


def test_threads_and_forks_append_every_event_once(
    chat: Chat, room: str, redis_server: RedisServer
) -> None:
    """Gunicorn's threads and forked workers send at once, each call in a loop of its own."""
    chat.run(
        "import os\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "say = lambda n: send("
        f"'chat.{room}', {{'type': 'chat.message', 'text': n, 'secret': 1}})\n"
        "say(0)\n"
        "child = os.fork()\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    list(pool.map(say, range(50)))\n"
        "if child:\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "else:\n"
        "    os._exit(0)"
    )
    with redis.Redis(port=redis_server.port) as client:
        [stream] = client.scan_iter(f"*:stream:room:{room}")
        entries = client.xrange(stream)
    texts = sorted(
        int(fields[b"d"].removeprefix(b'{"text":').rstrip(b"}")) for _, fields in entries
    )
    # A history of 100 has forgotten the first one.
    assert len(entries) == 100
    assert texts == sorted([*range(50), *range(50)])


def test_groups_without_a_topic_are_left_alone(
    chat: Chat, room: str, redis_server: RedisServer
) -> None:
    """Most groups of a site have nothing to do with topics."""
    chat.run(f"send('other.{room}', {{'type': 'chat.message', 'text': 1}})")
    with redis.Redis(port=redis_server.port) as client:
        assert list(client.scan_iter(f"*{room}*")) == []
