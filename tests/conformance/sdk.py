"""The official Python SDK: commands as JSON lines on stdin, events on stdout, as `sdk.mjs` does.

It imports nothing of this project: an older SDK brings older packages along.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from inspect import signature
from itertools import count
from typing import Any

from centrifuge import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    StreamPosition,
    SubscriptionEventHandler,
)
from centrifuge.client import Subscription
from centrifuge.types import ClientInfo, Publication

CLIENT_EVENTS = ("connecting", "connected", "disconnected", "error")
CHANNEL_EVENTS = ("subscribing", "subscribed", "unsubscribed", "publication", "join", "leave")
_NAMES = {
    "client": "id",
    "stream_position": "streamPosition",
    "was_recovering": "wasRecovering",
}


def emit(**event: Any) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def plain(context: Any) -> dict[str, Any]:
    """What a context says, by the names that the JavaScript driver uses too."""
    fields = {name: getattr(context, name) for name in context.__dataclass_fields__}
    if "error" in fields:
        error = fields["error"]
        code = getattr(error, "code", fields.pop("code"))
        fields["error"] = {"code": code, "message": str(error)}
    if pub := fields.pop("pub", None):
        fields |= publication(pub)
    elif info := fields.pop("info", None):
        fields["info"] = who(info)
    return {
        _NAMES.get(name, name): asdict(value) if is_dataclass(value) else value
        for name, value in fields.items()
    }


def publication(pub: Publication) -> dict[str, Any]:
    fields: dict[str, Any] = {"data": pub.data, "offset": pub.offset}
    if pub.info:
        fields["info"] = who(pub.info)
    if pub.tags:
        fields["tags"] = pub.tags
    return fields


def who(info: ClientInfo) -> dict[str, Any]:
    """The one value that the two SDKs give for "nothing" is left out."""
    optional = {"connInfo": info.conn_info, "chanInfo": info.chan_info}
    known = {name: value for name, value in optional.items() if value is not None}
    return {"user": info.user, "client": info.client, **known}


def handler_of(kind: type, types: tuple[str, ...], **names: str) -> Any:
    """An event handler of the SDK that emits all it gets."""

    def reporter(type_: str) -> Any:
        async def report(_self: Any, context: Any) -> None:
            emit(**{**plain(context), **names, "type": type_})

        return report

    return type("Reporter", (kind,), {f"on_{name}": reporter(name) for name in types})()


def known_to(kind: type, **options: Any) -> dict[str, Any]:
    """Those options that this version has: older ones have fewer."""
    parameters = signature(kind).parameters
    return {name: value for name, value in options.items() if name in parameters}


def token_source(tokens: list[str], **names: str) -> Callable[..., Awaitable[str]]:
    """Each token in its turn, the last one again and again."""
    turns = count()

    async def get_token(*_: str) -> str:
        emit(**names, type="getToken")
        return tokens[min(next(turns), len(tokens) - 1)]

    return get_token


async def publish(client: Client, channel: str, data: Any) -> dict[str, Any]:
    await client.publish(channel, data)
    return {}


async def presence(client: Client, channel: str) -> dict[str, Any]:
    result = await client.presence(channel)
    return {"clients": {name: who(info) for name, info in result.clients.items()}}


async def presence_stats(client: Client, channel: str) -> dict[str, Any]:
    result = await client.presence_stats(channel)
    return {"numClients": result.num_clients, "numUsers": result.num_users}


async def history(
    client: Client, channel: str, since: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    position = StreamPosition(**since) if since else None
    result = await client.history(channel, since=position, **options)
    publications = [publication(each) for each in result.publications]
    return {"publications": publications, "offset": result.offset, "epoch": result.epoch}


async def rpc(client: Client, method: str, data: Any = None) -> dict[str, Any]:
    result = await client.rpc(method, data)
    return {"data": result.data}


CALLS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    "publish": publish,
    "presence": presence,
    "presenceStats": presence_stats,
    "history": history,
    "rpc": rpc,
}


class Driver:
    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.talking: set[str] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    def act(self, command: dict[str, Any]) -> None:
        """Start what a command wants; the same client's commands begin in their order."""
        action = getattr(self, command.pop("do"))
        self._start(action(**command))

    def _start(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def connect(
        self,
        client: str,
        url: str,
        headers: dict[str, str] | None = None,
        token: str = "",
        tokens: list[str] | None = None,
    ) -> None:
        if client not in self.clients:
            types = (*CLIENT_EVENTS, *CHANNEL_EVENTS)
            self.clients[client] = Client(
                url,
                events=handler_of(ClientEventHandler, types, client=client),
                headers=headers,
                token=token,
                get_token=token_source(tokens, client=client) if tokens else None,
                min_reconnect_delay=0.05,
                max_reconnect_delay=0.5,
                max_server_ping_delay=1.5,
                **known_to(Client, proxy=None),
            )
        await self.clients[client].connect()

    async def subscribe(self, client: str, channel: str, **options: Any) -> None:
        known = self.clients[client].get_subscription(channel)
        await (known or self._subscription(client, channel, **options)).subscribe()

    def _subscription(
        self,
        client: str,
        channel: str,
        since: dict[str, Any] | None = None,
        token: str = "",
        tokens: list[str] | None = None,
        joinLeave: bool = False,  # noqa: N803 - as in the commands
    ) -> Subscription:
        async def get_state(_channel: str) -> StreamPosition:
            """The SDK's way to start where a page's state ends, from 0.5 on; it has no `since`."""
            emit(client=client, channel=channel, type="getState")
            assert since
            return StreamPosition(**since)

        names = {"client": client, "channel": channel}
        return self.clients[client].new_subscription(
            channel,
            events=handler_of(SubscriptionEventHandler, (*CHANNEL_EVENTS, "error"), **names),
            min_resubscribe_delay=0.05,
            max_resubscribe_delay=0.5,
            token=token,
            get_token=token_source(tokens, **names) if tokens else None,
            join_leave=joinLeave,
            **({"get_state": get_state} if since else {}),
        )

    async def unsubscribe(self, client: str, channel: str) -> None:
        subscription = self.clients[client].get_subscription(channel)
        assert subscription
        await subscription.unsubscribe()

    async def call(self, client: str, name: str, number: int, **request: Any) -> None:
        answer = {"client": client, "type": "answer", "number": number}
        try:
            result = await CALLS[name](self.clients[client], **request)
        except CentrifugeError as error:
            emit(**answer, error={"code": getattr(error, "code", 0), "message": str(error)})
        else:
            emit(**answer, **result)

    async def chat(self, client: str, name: str, channels: list[str], everyMs: float) -> None:  # noqa: N803
        """Publish {uid: "<name>-<n>"} to the channels in turns, whether connected or not.

        Until it is told to be silent; reports what the server confirmed, and the silence.
        """
        self.talking.add(client)
        pending = []
        for number in count(1):
            if client not in self.talking:
                break
            channel = channels[number % len(channels)]
            pending.append(self._start(self._say(client, channel, f"{name}-{number}")))
            await asyncio.sleep(everyMs / 1000)
        await asyncio.gather(*pending)
        emit(client=client, type="hushed")

    async def _say(self, client: str, channel: str, uid: str) -> None:
        with suppress(CentrifugeError):
            await self.clients[client].publish(channel, {"uid": uid})
            emit(client=client, channel=channel, type="confirmed", uid=uid)

    async def hush(self, client: str) -> None:
        self.talking.discard(client)

    async def disconnect(self, client: str) -> None:
        await self.clients[client].disconnect()


async def main() -> None:
    logging.basicConfig(level=logging.ERROR)
    driver = Driver()
    while line := await asyncio.to_thread(sys.stdin.readline):
        driver.act(json.loads(line))


if __name__ == "__main__":
    asyncio.run(main())
