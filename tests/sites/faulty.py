"""Consumers with the mistakes that people make, and a middleware of a site's own."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from django.contrib.auth import get_user_model
from django.urls import path

from ws_service import node_id

User = get_user_model()


class DiaryConsumer(AsyncWebsocketConsumer):
    """Writes down that ``disconnect()`` ran, with which code, into the file the path names."""

    async def connect(self) -> None:
        await self.channel_layer.group_add("diary", self.channel_name)
        await self.accept()
        await self.send(node_id())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data == "raise":
            raise LookupError("a consumer's bug")
        if text_data == "dot":
            await self.channel_layer.group_send("diary", {"type": "diary.entry"})
        if text_data == "orm":
            User.objects.count()
        if text_data == "1013":
            await self.close(1013, "too much")
        if text_data == "70000":
            await self.close(70_000)
        if text_data == "slow":
            await self.channel_layer.group_send("diary", {"type": "diary.slow"})

    async def diary_slow(self, event: Any) -> None:
        """Fails after the client has left: Channels has taken the disconnect and drops it."""
        await asyncio.sleep(1)
        raise LookupError("a consumer's bug")

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("diary", self.channel_name)
        with Path(self.scope["url_route"]["kwargs"]["file"]).open("a") as file:  # noqa: ASYNC230
            file.write(f"{code}\n")


class SyncDiaryConsumer(WebsocketConsumer):
    """The same, synchronous."""

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        raise LookupError("a consumer's bug")

    def disconnect(self, code: int) -> None:
        Path(self.scope["url_route"]["kwargs"]["file"]).write_text(f"{code}\n")


class RefusingConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        raise LookupError("a bug before the handshake is answered")


async def returns_early(scope: Any, receive: Any, send: Any) -> None:
    """An application that forgets to close."""
    await receive()
    await send({"type": "websocket.accept"})


async def never_answers(scope: Any, receive: Any, send: Any) -> None:
    """An application that returns without accepting or closing."""


async def never_ends(scope: Any, receive: Any, send: Any) -> None:
    """An application that swallows its cancellation."""
    await send({"type": "websocket.accept"})
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


async def says_tenant(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    text = f"{scope['tenant']} {scope['user']} {','.join(scope['order'])}"
    await send({"type": "websocket.send", "text": text})


class TenantMiddleware:
    """A site's own middleware: it sees the user and adds to the scope."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        order = [*scope.get("order", []), "tenant"]
        await self.application({**scope, "tenant": "acme", "order": order}, receive, send)


def audit(application: Any) -> Any:
    """A middleware that is a function."""

    async def audited(scope: Any, receive: Any, send: Any) -> None:
        await application({**scope, "order": [*scope["order"], "audit"]}, receive, send)

    return audited


class StuckBackend:
    """An authentication back end that never comes back."""

    def get_user(self, user_id: Any) -> Any:
        time.sleep(600)


websocket_urlpatterns = [
    path("diary/<path:file>/", DiaryConsumer.as_asgi()),
    path("sync-diary/<path:file>/", SyncDiaryConsumer.as_asgi()),
    path("refusing/", RefusingConsumer.as_asgi()),
    path("early/", returns_early),
    path("unanswered/", never_answers),
    path("endless/", never_ends),
    path("tenant/", says_tenant),
]
