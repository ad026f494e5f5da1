"""Listens for doorbells on a connection of its own, and knows when it was deaf."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import redis.asyncio
from redis.exceptions import RedisError

from ws_service.broker.clients import READ_LIMIT_S, listening_connection
from ws_service.broker.connection import why
from ws_service.broker.keys import Keys
from ws_service.cancellation import end, is_ending, pause
from ws_service.chunks import in_chunks
from ws_service.errors import BrokerUnavailable
from ws_service.outage import in_words

logger = logging.getLogger(__name__)

PING_INTERVAL_S: Final = 5.0
"""A link on which nothing was heard for one interval after a ping is dead, whatever TCP says."""

SUBSCRIBE_LIMIT_S: Final = 3.0
CONNECT_LIMIT_S: Final = 2 * READ_LIMIT_S
"""With the password and the database, which are answered on the new connection."""

CHANNELS_AT_ONCE: Final = 500
MESSAGES_A_TURN: Final = 128
BYTES_A_TURN: Final = 131_072
"""What is handled before the event loop gets its turn: subscribers' buffers hold some of these."""

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0


class DoorbellLink:
    """A pub/sub connection that comes back by itself.

    on_doorbell: called in the event loop with a topic and the message's bytes. It must not block;
        there is no queue in between, so none that could overflow: what isn't read waits in Redis,
        which cuts a reader that is too slow.
    on_restored: called after the link was down and everything is subscribed again. Whatever was
        published meanwhile was not heard.
    on_lost: called when nothing is heard any more.
    """

    def __init__(
        self,
        url: str,
        keys: Keys,
        on_doorbell: Callable[[str, bytes], None],
        on_restored: Callable[[], None],
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
        self._keys = keys
        self._on_doorbell = on_doorbell
        self._on_restored = on_restored
        self._on_lost = on_lost
        self._wanted: dict[str, None] = {}
        self._waiters: dict[str, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_down = False
        self._pause_s = _FIRST_PAUSE_S
        # Of the present connection only.
        self._sent: set[str] = set()
        self._unconfirmed: Counter[str] = Counter()
        self._confirmed: set[str] = set()
        self._changed: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._must_tell = False
        self._restoring: set[str] = set()
        self._is_given_up = False
        self._must_leave = False
        self._heard_s = 0.0

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="doorbell link")

    async def close(self) -> None:
        if self._task is not None:
            await end([self._task])

    async def subscribe(self, topic: str) -> None:
        """Returns when Redis has confirmed: whatever is published from now on is heard.

        Raises BrokerUnavailable when it is not confirmed in time; it is still wanted then.
        """
        self._wanted[topic] = None
        if topic in self._confirmed:
            return
        waiter = self._waiters.get(topic)
        if waiter is None:
            waiter = self._waiters[topic] = asyncio.get_running_loop().create_future()
            self._change(topic)
        asked_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(SUBSCRIBE_LIMIT_S):
                await asyncio.shield(waiter)
        except TimeoutError as error:
            if self._heard_s < asked_s:
                self._give_up_connection()
            raise BrokerUnavailable("Redis did not confirm a subscription in time") from error

    def unsubscribe(self, topic: str) -> None:
        """Stop listening; messages that are on their way may still come."""
        self._wanted.pop(topic, None)
        waiter = self._waiters.pop(topic, None)
        if waiter is not None and not waiter.done():
            waiter.set_exception(BrokerUnavailable("nobody wants this topic any more"))
            waiter.exception()  # somebody may have stopped waiting
        # It may never have been sent on this connection: then no answer of Redis tells.
        self._restoring.discard(topic)
        self._change(topic)

    def reconnect(self) -> None:
        """Listen on a new connection: the address leads to another server by now, and this one,
        which is well, is not told what is published there.
        """
        self._must_leave = True
        self._wake.set()

    def _give_up_connection(self) -> None:
        """It is silently dead: a new one now, not when the next ping shows it."""
        self._is_given_up = True
        self._wake.set()

    def _change(self, topic: str) -> None:
        self._changed[topic] = None
        self._wake.set()

    async def _run(self) -> None:
        while True:
            connection = listening_connection(self._url)
            self._must_leave = False  # here: one that is being made may lead to the old server
            try:
                async with asyncio.timeout(CONNECT_LIMIT_S):
                    await connection.connect()  # type: ignore[no-untyped-call]
                await self._listen(connection)
            except (RedisError, OSError) as error:
                if not self._is_down and not self._must_leave:
                    logger.warning("Not listening for publications: %s", why(error))
                self._is_down = True
            except (Exception, asyncio.CancelledError):  # nothing may make the process deaf
                if is_ending():
                    raise
                logger.exception("The doorbell link failed")
            finally:
                await connection.disconnect(nowait=True)
            self._on_lost()
            await pause(self._pause_s * random.uniform(0.5, 1.0))  # noqa: S311
            self._pause_s = min(_LONGEST_PAUSE_S, self._pause_s * 2)

    async def _listen(self, connection: redis.asyncio.Connection) -> None:
        """Serve one connection until it fails."""
        self._sent.clear()
        self._unconfirmed.clear()
        self._confirmed.clear()
        self._changed = dict.fromkeys(self._wanted)
        self._must_tell = True
        self._restoring = set(self._wanted)
        self._is_given_up = False
        self._heard_s = asyncio.get_running_loop().time()
        self._wake.set()
        speaking = asyncio.create_task(self._speak(connection), name="doorbell link, speaking")
        try:
            await self._hear(connection)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)

    async def _hear(self, connection: redis.asyncio.Connection) -> None:
        handled = size = 0
        while True:
            message = await connection.read_response()
            self._heard_s = asyncio.get_running_loop().time()
            match message:
                case [b"message", bytes(channel), bytes(data)]:
                    size += len(data)
                    try:
                        self.ring(self._keys.topic_of(channel.decode()), data)
                    except Exception:  # one message must not make the process deaf
                        logger.exception("A doorbell on %r could not be handled", channel)
                case [b"subscribe", bytes(channel), _]:
                    self._confirm(self._keys.topic_of(channel.decode()))
            handled += 1
            if handled >= MESSAGES_A_TURN or size >= BYTES_A_TURN:
                handled = size = 0
                # Reading what has arrived already doesn't suspend; others need the loop too.
                await asyncio.sleep(0)

    def ring(self, topic: str, message: bytes) -> None:
        """One doorbell has come."""
        self._on_doorbell(topic, message)

    async def _speak(self, connection: redis.asyncio.Connection) -> None:
        loop = asyncio.get_running_loop()
        pinged_s: float | None = None
        next_ping_s = loop.time() + PING_INTERVAL_S
        try:
            while True:
                try:
                    async with asyncio.timeout_at(next_ping_s):
                        await self._wake.wait()
                except TimeoutError:
                    if pinged_s is not None and self._heard_s < pinged_s:
                        raise _SilentlyDead("nothing was heard after a ping") from None
                    pinged_s = loop.time()
                    next_ping_s = pinged_s + PING_INTERVAL_S
                    await _send(connection, "PING")
                self._wake.clear()
                if self._is_given_up:
                    raise _SilentlyDead("a subscription was not confirmed")
                if self._must_leave:
                    raise _SilentlyDead("the address leads to another Redis")
                await self._send_changes(connection)
        except _SilentlyDead as error:
            logger.warning("Listening for publications on a new connection: %s", error)
        except (RedisError, OSError) as error:
            logger.debug("The doorbell link failed while speaking: %s", in_words(error))
        finally:
            await connection.disconnect(nowait=True)  # wakes the one who hears

    async def _send_changes(self, connection: redis.asyncio.Connection) -> None:
        changed, self._changed = self._changed, {}
        added = [t for t in changed if t in self._wanted and t not in self._sent]
        gone = [t for t in changed if t not in self._wanted and t in self._sent]
        # All of it before the first await: whoever asks meanwhile must not be told that a topic is
        # confirmed which is about to be unsubscribed.
        self._sent.update(added)
        self._unconfirmed.update(added)
        self._sent.difference_update(gone)
        self._confirmed.difference_update(gone)
        self._restoring.difference_update(gone)
        for topics in in_chunks(added, CHANNELS_AT_ONCE):
            await _send(connection, "SUBSCRIBE", *map(self._keys.doorbell, topics))
        for topics in in_chunks(gone, CHANNELS_AT_ONCE):
            await _send(connection, "UNSUBSCRIBE", *map(self._keys.doorbell, topics))
        self._tell_if_restored()

    def _confirm(self, topic: str) -> None:
        self._unconfirmed[topic] -= 1
        if self._unconfirmed[topic] > 0:
            return  # of an earlier SUBSCRIBE, with an UNSUBSCRIBE behind it
        del self._unconfirmed[topic]
        self._restoring.discard(topic)
        if topic in self._sent:
            self._confirmed.add(topic)
            if (waiter := self._waiters.pop(topic, None)) is not None and not waiter.done():
                waiter.set_result(None)
        self._tell_if_restored()

    def _tell_if_restored(self) -> None:
        # What was wanted when it came up; new topics may keep coming and need no check.
        if self._must_tell and not self._restoring:
            self._must_tell = False
            # Only now: a Redis may take a connection and refuse what is asked on it.
            if self._is_down:
                logger.info("Listening for publications again")
            self._is_down = False
            self._pause_s = _FIRST_PAUSE_S
            self._on_restored()


class _SilentlyDead(Exception):
    """The connection looks well and carries nothing."""


async def _send(connection: redis.asyncio.Connection, *command: Any) -> None:
    if not connection.is_connected:  # else redis-py would connect again, without a word
        raise OSError("the connection is gone")
    await connection.send_command(*command)
