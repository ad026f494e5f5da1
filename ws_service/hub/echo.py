"""A publication to ourselves: the proof that this process can publish and is heard."""

import asyncio
import secrets
from datetime import timedelta
from typing import Final

from ws_service.broker.connection import AsyncBroker
from ws_service.broker.doorbell import Doorbell, UnreadableDoorbell
from ws_service.broker.keys import Keys
from ws_service.broker.link import DoorbellLink
from ws_service.broker.scripts import publish_call
from ws_service.node import node_id
from ws_service.topics.names import RESERVED_PREFIX

TIME_LIMIT_S: Final = 2.0


class Echo:
    """One reserved topic for each process, without history."""

    def __init__(self, broker: AsyncBroker, keys: Keys, link: DoorbellLink) -> None:
        self._broker = broker
        self._keys = keys
        self._link = link
        self._expected: dict[bytes, asyncio.Future[None]] = {}
        self.topic = f"{RESERVED_PREFIX}echo:{node_id()}"

    async def __call__(self) -> None:
        """Publish and wait until it is heard. Raises BrokerUnavailable, TimeoutError."""
        await self._link.subscribe(self.topic)
        payload = b'"%b"' % secrets.token_hex(8).encode()
        call = publish_call(
            self._keys,
            self.topic,
            payload,
            history_size=0,
            history_lifetime=timedelta(0),
            idempotency_key=None,
        )
        heard = self._expected[payload] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(TIME_LIMIT_S):
                await self._broker.run(call)
                await heard
        finally:
            del self._expected[payload]

    def hear(self, message: bytes) -> None:
        """A doorbell of our own topic has come."""
        try:
            payload = Doorbell.parse(message).payload
        except UnreadableDoorbell:
            return
        heard = self._expected.get(payload or b"")
        if heard is not None and not heard.done():
            heard.set_result(None)
