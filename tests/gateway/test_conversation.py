"""What crosses on its way: one conversation in the test's own process, on a real Valkey."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from django.contrib.auth.models import AnonymousUser

from devkit.redis_server import RedisServer
from tests.gateway import tokens
from tests.gateway.client import Message
from tests.publishing.store import Store
from tests.sites.gateway_site.keys import TOKEN_KEY
from tests.waiting import until
from ws_service import History, Position, Topic, topic
from ws_service.calls import load_calls
from ws_service.conf import load_config
from ws_service.database_threads import DatabaseThreads
from ws_service.gateway.conversation import Conversation
from ws_service.gateway.gateway import Gateway
from ws_service.hub.send_buffer import SendBuffer
from ws_service.hub.subscription import Subscription
from ws_service.protocol.codes import EndEntry, Unsubscribe
from ws_service.protocol.session import Session
from ws_service.topics import TopicRoute
from ws_service.topics.table import checked_table, load_topics

ANSWER_LIMIT_S = 10.0


class Talk:
    """A conversation, and the client's end of it."""

    def __init__(self, gateway: Gateway, user: Any) -> None:
        self.commands = gateway.commands
        self._buffer = SendBuffer(1_048_576)
        session = Session("client-1", "1.0", 25, gateway.session_limits)
        self.conversation = Conversation(
            session, user, self.commands, self._buffer, 25, lambda: None
        )
        self._heard: list[Message] = []

    def say(self, *commands: Message) -> None:
        self.conversation.receive("\n".join(map(json.dumps, commands)))

    async def hear(self) -> Message:
        """The next message."""
        if not self._heard:
            taken = await asyncio.wait_for(self._buffer.take(), ANSWER_LIMIT_S)
            assert not isinstance(taken, EndEntry), taken
            self._heard += map(json.loads, taken.text.split("\n"))
        return self._heard.pop(0)

    async def end(self) -> int:
        """The code with which it ends."""
        while not isinstance(taken := await asyncio.wait_for(self._buffer.take(), 1), EndEntry):
            pass
        return taken.code

    async def connect(self) -> None:
        self.say({"id": 1, "connect": {}})
        assert (await self.hear())["connect"]

    async def ask(self, command_id: int, kind: str, **request: Any) -> Message:
        """The reply to one command."""
        self.say({"id": command_id, kind: request})
        return await self.hear()


class Late:
    """A topic, and what its attaching waits for."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.gate = asyncio.Event()


Begin = Callable[..., Talk]


@pytest.fixture
async def begin(settings: Any, redis_server: RedisServer) -> AsyncIterator[Begin]:
    """``begin(topics, user)``: in a process that has these topics, or the site's."""
    settings.WS_SERVICE = {
        "ROUTING": "tests.sites.gateway_site.routing",
        "REDIS_URL": redis_server.url,
        "TOKEN_KEY": TOKEN_KEY,
        "MAX_SUBSCRIPTIONS": 4,
    }
    async with AsyncExitStack() as stack:

        def begin(topics: Sequence[TopicRoute] | None = None, user: Any = None) -> Talk:
            config = load_config()
            table = checked_table(topics, "topics") if topics else load_topics(config.routing)
            calls = load_calls(config.routing)
            gateway = Gateway(config, table, calls, DatabaseThreads(2), "1.0")
            stack.push_async_callback(gateway.close)
            talk = Talk(gateway, user or AnonymousUser())
            stack.callback(talk.conversation.lost)
            return talk

        yield begin


@pytest.fixture
async def talk(begin: Begin) -> Talk:
    return begin()


async def test_a_refresh_that_crosses_the_end_of_its_subscription_is_refused(
    talk: Talk, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """That happens to every client whose topic is taken away: it is no failure of the service."""
    channel = f"$sealed:{name}"
    token = tokens.subscription("", channel)
    await talk.connect()
    assert (await talk.ask(2, "subscribe", channel=channel, token=token))["subscribe"]
    talk.say({"id": 3, "sub_refresh": {"channel": channel, "token": token}})
    talk.conversation.unsubscribe(channel, Unsubscribe.SERVER)
    assert (await talk.hear())["push"]["unsubscribe"]["code"] == 2000
    assert (await talk.hear())["error"]["code"] == 103
    assert caplog.records == []


@pytest.fixture
def late(talk: Talk, name: str, monkeypatch: pytest.MonkeyPatch) -> Late:
    """A topic that is attached after all others, when its gate is opened."""
    late = Late(f"open:{name}-late")
    subscribe = talk.commands.hub.subscribe

    async def subscribe_late(subscription: Subscription, *args: Any, **options: Any) -> None:
        if subscription.channel == late.channel:
            await late.gate.wait()
        await subscribe(subscription, *args, **options)

    monkeypatch.setattr(talk.commands.hub, "subscribe", subscribe_late)
    return late


async def test_nothing_follows_the_answer_to_unsubscribe(talk: Talk, late: Late, name: str) -> None:
    """A client that has left a topic has nobody for its publications; its library may raise."""
    left = f"fleeting:{name}"
    token = tokens.connection("", channels=[left, late.channel])
    talk.say({"id": 1, "connect": {"token": token}}, {"id": 2, "unsubscribe": {"channel": left}})
    await until(lambda: left in talk.conversation.client.attachments)
    await talk.commands.hub.publish(left, b'"meanwhile"', history=None)
    starting = talk.conversation._starting
    assert starting is not None
    await until(lambda: starting.held.size > 0)
    late.gate.set()
    assert (await talk.hear())["connect"]["subs"]
    assert (await talk.hear())["push"]["pub"]["data"] == "meanwhile"
    assert (await talk.hear())["unsubscribe"] == {}


async def test_what_the_site_takes_away_while_connecting_is_let_go_of(
    talk: Talk, late: Late, name: str
) -> None:
    """It was attached already, and the client never hears of it."""
    lost = f"open:{name}"
    token = tokens.connection("", channels=[lost, late.channel])
    talk.say({"id": 1, "connect": {"token": token}})
    await until(lambda: lost in talk.conversation.client.attachments)
    talk.conversation.unsubscribe(lost, Unsubscribe.SERVER)
    late.gate.set()
    assert set((await talk.hear())["connect"]["subs"]) == {late.channel}
    assert set(talk.conversation.client.attachments) == {late.channel}
    for channel in (lost, late.channel):
        await talk.commands.hub.publish(channel, b"1", history=History())
    assert (await talk.hear())["push"]["channel"] == late.channel


async def test_more_than_can_be_held_while_connecting_is_a_gap(
    talk: Talk, late: Late, name: str
) -> None:
    """A slow policy and a busy topic are not the client's fault: it comes back and recovers."""
    busy = f"fleeting:{name}"
    token = tokens.connection("", channels=[busy, late.channel])
    talk.say({"id": 1, "connect": {"token": token}})
    await until(lambda: busy in talk.conversation.client.attachments)
    for _ in range(10):
        await talk.commands.hub.publish(busy, b'"%s"' % (b"x" * 60_000), history=None)
    assert await talk.end() == 3010


async def test_presence_that_no_reply_can_hold_is_refused_and_its_numbers_are_not(
    talk: Talk, name: str
) -> None:
    """It took the room of all else: whoever heard something meanwhile was sent away as slow."""
    channel = f"watched:{name}"
    members = talk.commands.hub.members
    info = json.dumps({"user": "7", "client": "", "conn_info": "x" * 2_000}).encode()
    clients = [f"client-{n}" for n in range(300)]
    await asyncio.gather(*(members.enter(channel, each, info, tells=False) for each in clients))
    await talk.connect()
    assert (await talk.ask(2, "presence", channel=channel))["error"]["code"] == 106
    stats = (await talk.ask(3, "presence_stats", channel=channel))["presence_stats"]
    assert stats == {"num_clients": 300, "num_users": 1}


async def test_history_goes_on_from_where_an_earlier_epoch_was(
    talk: Talk, redis_server: RedisServer, name: str
) -> None:
    """As a recovery does: Redis was restarted, and nothing was lost."""
    channel = f"open:{name}"
    await talk.connect()

    async def publish(*data: bytes) -> Position:
        for each in data:
            position = await talk.commands.hub.publish(channel, each, history=History())
        return position

    ended = await publish(b"1", b"2")
    with redis.Redis(port=redis_server.port) as client:
        Store(client, load_config().key_prefix).change_server(channel)
    now = await publish(b"3")
    assert now.epoch != ended.epoch

    async def since(command_id: int, offset: int, epoch: str) -> Message:
        position = {"offset": offset, "epoch": epoch}
        return await talk.ask(command_id, "history", channel=channel, limit=9, since=position)

    page = (await since(2, 1, ended.epoch))["history"]
    assert [each["data"] for each in page["publications"]] == [2, 3]
    assert (page["offset"], page["epoch"]) == (3, now.epoch)
    for command_id, offset, epoch in ((3, 3, ended.epoch), (4, 1, "another")):
        assert (await since(command_id, offset, epoch))["error"]["code"] == 112


class MistakenTopic(Topic):
    """Its pattern's parameter has another name."""

    @classmethod
    async def at_connect(cls, user: Any) -> Iterable[Mapping[str, Any]]:
        return [{"pk": 1}]


class ManyTopic(Topic):
    """More than a connection may have."""

    @classmethod
    async def at_connect(cls, user: Any) -> Iterable[Mapping[str, Any]]:
        return [{"number": number} for number in range(5)]


@pytest.mark.parametrize(
    ("topic_class", "words"),
    [
        (MistakenTopic, "MistakenTopic.at_connect(): "),
        (ManyTopic, "User '' would get 5 topics at connect, WS_SERVICE['MAX_SUBSCRIPTIONS'] is 4"),
    ],
)
async def test_a_mistake_that_keeps_everybody_from_connecting_is_in_the_log(
    begin: Begin, topic_class: type[Topic], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """All pages only say that they are connecting; once a minute is enough to find out why."""
    talk = begin([topic("order:<int:number>", topic_class)])
    talk.say({"id": 1, "connect": {}})
    await until(lambda: bool(caplog.messages))
    (message,) = caplog.messages
    assert message.startswith(words)


def order(do: str, at_s: float, **fields: str) -> bytes:
    """As the site publishes it. at_s: seconds from now."""
    return json.dumps({"do": do, "user": "7", "at": time.time() + at_s, **fields}).encode()


ADA = SimpleNamespace(pk=7, is_authenticated=True)


@pytest.mark.parametrize(("at_s", "code"), [(60.0, 3503), (-60.0, 3011)])
async def test_who_has_come_after_an_order_comes_back(begin: Begin, at_s: float, code: int) -> None:
    """A process that was cut off hears of it late: whoever has logged in again must not be ended
    for good.
    """
    talk = begin(user=ADA)
    await talk.connect()
    talk.commands.registry.obey(order("disconnect", at_s))
    assert await talk.end() == code


@pytest.mark.parametrize(("at_s", "code"), [(60.0, 2000), (-60.0, 2500)])
async def test_who_has_subscribed_after_an_order_subscribes_again(
    begin: Begin, name: str, at_s: float, code: int
) -> None:
    """The policy is asked anew."""
    talk, channel = begin(user=ADA), f"open:{name}"
    await talk.connect()
    assert (await talk.ask(2, "subscribe", channel=channel))["subscribe"]
    talk.commands.registry.obey(order("unsubscribe", at_s, channel=channel))
    assert (await talk.hear())["push"]["unsubscribe"]["code"] == code


async def test_who_has_not_connected_is_not_counted(talk: Talk) -> None:
    """Anybody can open sockets; the numbers are of clients."""
    registry = talk.commands.registry
    assert (registry.clients, registry.users, len(list(registry))) == (0, 0, 1)
    await talk.connect()
    assert (registry.clients, registry.users) == (1, 1)
