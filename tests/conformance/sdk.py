"""The official Python SDK: commands as JSON lines on stdin, events on stdout, as `sdk.mjs` does."""

import asyncio
import json
import logging
import sys
from dataclasses import asdict, is_dataclass
from typing import Any

from centrifuge import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    StreamPosition,
    SubscriptionEventHandler,
)
from centrifuge.client import Subscription

_NAMES = {"stream_position": "streamPosition", "was_recovering": "wasRecovering"}


def emit(**event: Any) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def plain(context: Any) -> dict[str, Any]:
    """What a context says, by the names that the JavaScript driver uses too."""
    if hasattr(context, "pub"):
        return {"data": context.pub.data, "offset": context.pub.offset}
    fields = {name: getattr(context, name) for name in context.__dataclass_fields__}
    if "error" in fields:
        error = fields["error"]
        code = getattr(error, "code", fields.pop("code"))
        fields["error"] = {"code": code, "message": str(error)}
    fields.pop("client", None)
    return {
        _NAMES.get(name, name): asdict(value) if is_dataclass(value) else value
        for name, value in fields.items()
    }


def handler_of(kind: type, types: tuple[str, ...], **names: str) -> Any:
    """An event handler of the SDK that emits all it gets."""

    def reporter(type_: str) -> Any:
        async def report(_self: Any, context: Any) -> None:
            emit(**{**plain(context), **names, "type": type_})

        return report

    return type("Reporter", (kind,), {f"on_{name}": reporter(name) for name in types})()


class Driver:
    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def act(self, command: dict[str, Any]) -> None:
        """Start what a command wants; the same client's commands begin in their order."""
        action = getattr(self, command.pop("do"))
        task = asyncio.get_running_loop().create_task(action(**command))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def connect(self, client: str, url: str, headers: dict[str, str] | None = None) -> None:
        if client not in self.clients:
            types = ("connecting", "connected", "disconnected", "error")
            self.clients[client] = Client(
                url,
                events=handler_of(ClientEventHandler, types, client=client),
                headers=headers,
                proxy=None,
                min_reconnect_delay=0.05,
                max_reconnect_delay=0.5,
                max_server_ping_delay=1.5,
            )
        await self.clients[client].connect()

    async def subscribe(
        self, client: str, channel: str, since: dict[str, Any] | None = None
    ) -> None:
        await self._subscription(client, channel, since).subscribe()

    def _subscription(
        self, client: str, channel: str, since: dict[str, Any] | None
    ) -> Subscription:
        if known := self.clients[client].get_subscription(channel):
            return known

        async def get_state(_channel: str) -> StreamPosition:
            """The SDK's way to start where a page's state ends; it has no `since`."""
            emit(client=client, channel=channel, type="getState")
            assert since
            return StreamPosition(**since)

        types = ("subscribing", "subscribed", "unsubscribed", "publication", "error")
        return self.clients[client].new_subscription(
            channel,
            events=handler_of(SubscriptionEventHandler, types, client=client, channel=channel),
            min_resubscribe_delay=0.05,
            max_resubscribe_delay=0.5,
            get_state=get_state if since else None,
        )

    async def unsubscribe(self, client: str, channel: str) -> None:
        subscription = self.clients[client].get_subscription(channel)
        assert subscription
        await subscription.unsubscribe()

    async def history(
        self,
        client: str,
        channel: str,
        call: int,
        limit: int = 0,
        since: dict[str, Any] | None = None,
        reverse: bool = False,
    ) -> None:
        subscription = self.clients[client].get_subscription(channel)
        assert subscription
        position = StreamPosition(**since) if since else None
        names = {"client": client, "channel": channel, "type": "history", "call": call}
        try:
            result = await subscription.history(limit=limit, since=position, reverse=reverse)
        except CentrifugeError as error:
            emit(**names, error={"code": getattr(error, "code", 0), "message": str(error)})
        else:
            publications = [{"data": p.data, "offset": p.offset} for p in result.publications]
            emit(**names, publications=publications, offset=result.offset, epoch=result.epoch)

    async def disconnect(self, client: str) -> None:
        await self.clients[client].disconnect()


async def main() -> None:
    logging.basicConfig(level=logging.ERROR)
    driver = Driver()
    while line := await asyncio.to_thread(sys.stdin.readline):
        driver.act(json.loads(line))


if __name__ == "__main__":
    asyncio.run(main())
