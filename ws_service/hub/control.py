"""Follows the topic by which the site tells every process what to do."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from ws_service.broker.position import Position
from ws_service.broker.streams import Streams
from ws_service.cancellation import is_ending, pause
from ws_service.errors import BrokerUnavailable, TooManyTopics, Unrecoverable
from ws_service.hub.recovery import Recovered
from ws_service.hub.subscription import Subscription
from ws_service.metrics import count
from ws_service.protocol.lines import Lines
from ws_service.quiet import Quiet
from ws_service.topics.control import CONTROL_HISTORY, CONTROL_TOPIC

logger = logging.getLogger(__name__)

READ_AT_ONCE: Final = 300
CLOCKS_DIFFER_S: Final = 2.0
"""By so much the clocks of publishers and of this process may; an order too many does no harm."""

ROUNDS: Final = 50
"""Of catching up without a pause, however fast others publish."""

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0


class _Publication(msgspec.Struct):
    data: msgspec.Raw
    offset: int


class _Order(msgspec.Struct):
    at: float = 0.0


class _Push(msgspec.Struct):
    pub: _Publication


class _Line(msgspec.Struct):
    push: _Push


_publications: Final = msgspec.json.Decoder(_Publication)
_lines: Final = msgspec.json.Decoder(_Line)
_orders: Final = msgspec.json.Decoder(_Order)


def _ordered_at(message: bytes) -> float:
    """The Unix time that a message carries; 0 for none."""
    try:
        return _orders.decode(message).at
    except msgspec.MsgspecError:
        return 0.0


class Control:
    """A subscriber of the process itself, which recovers by its own rules.

    It begins with what was ordered since the process began, however late Redis answers: clients
    may have connected before. From then on every message is handled once and in order, whatever
    becomes of Redis and the link. What Redis has lost, or keeps no longer, is a
    gap: it is counted and logged, and what is left is handled all the same.

    attach: the hub's ``subscribe``.
    on_message: gets the JSON of each message. What it raises is logged, and stops nothing.
    """

    def __init__(
        self,
        streams: Streams,
        attach: Callable[..., Awaitable[None]],
        on_message: Callable[[bytes], None],
    ) -> None:
        self._streams = streams
        self._attach = attach
        self._on_message = on_message
        self._subscription = Subscription(CONTROL_TOPIC, self)
        self._position: Position | None = None
        self._began_at = time.time()
        self._is_stranded = asyncio.Event()
        self._quiet = Quiet()

    async def run(self) -> None:
        """Follow for ever."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self._follow()
                pause_s = _FIRST_PAUSE_S
                await self._is_stranded.wait()
                self._is_stranded.clear()
                continue
            except (BrokerUnavailable, TooManyTopics) as error:
                logger.debug("The control topic can't be followed: %s", error)
            except (Exception, asyncio.CancelledError):  # nothing may make the process disobedient
                if is_ending():
                    raise
                logger.exception("The control topic can't be followed")
            await pause(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)

    async def _follow(self) -> None:
        """Attach behind the last message that was handled."""
        if self._position is None:
            self._position = await self._beginning()
        for _ in range(ROUNDS):
            try:
                await self._attach(
                    self._subscription,
                    lambda attached: self._attached(attached.position, attached.recovered),
                    history=CONTROL_HISTORY,
                    since=self._position,
                    must_recover=True,
                )
            except Unrecoverable:
                await self._catch_up()
            else:
                return
        raise BrokerUnavailable("control messages came faster than they were read")

    async def _beginning(self) -> Position:
        """Before the first message that was ordered since this process began."""
        part = await self._streams.read(CONTROL_TOPIC, 0, READ_AT_ONCE, reverse=True)
        offset = part.lineage.top.offset
        for publication in part.publications:
            if _ordered_at(publication.payload) < self._began_at - CLOCKS_DIFFER_S:
                break
            offset = publication.offset - 1
        return Position(offset, part.lineage.top.epoch)

    def _attached(self, position: Position, recovered: Recovered | None) -> None:
        for each in recovered.publications if recovered else ():
            self._position = Position(each.offset, position.epoch)
            try:
                message = bytes(_publications.decode(each.json).data)
            except msgspec.MsgspecError as error:  # somebody else has written to the stream
                self._complain(error)
            else:
                self._handle(message)
        self._position = position

    async def _catch_up(self) -> None:
        """Handle what the store has, where it is more than a recovery carries, or not all."""
        assert self._position is not None  # noqa: S101 - else there is nothing to recover
        before = self._position
        part = await self._streams.read(CONTROL_TOPIC, before.offset, READ_AT_ONCE)
        top = part.lineage.top
        shared = part.lineage.shared_with(before)
        if shared != before.offset:
            self._position = Position(top.offset if shared is None else shared, top.epoch)
            self._tell_of_gap(before, self._position)
            return
        first = part.publications[0].offset if part.publications else top.offset + 1
        self._position = Position(first - 1, top.epoch)
        if first > before.offset + 1:
            self._tell_of_gap(before, self._position)
        for publication in part.publications:
            self._position = Position(publication.offset, top.epoch)
            self._handle(publication.payload)

    def _tell_of_gap(self, before: Position, now: Position) -> None:
        count("ws_service_control_gaps_total")
        logger.warning(
            "Control messages after %s may have been missed: Redis has lost them, or keeps them no"
            " longer. Users who were to be disconnected or unsubscribed then may still be here."
            " What is left is obeyed, from %s on.",
            before,
            now,
        )

    def _handle(self, message: bytes) -> None:
        count("ws_service_control_messages_total")
        try:
            self._on_message(message)
        except Exception as error:  # noqa: BLE001 - the next message must be obeyed
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        if self._quiet.may_say(type(error).__name__, asyncio.get_running_loop().time()):
            logger.warning("A control message could not be obeyed", exc_info=error)

    # --- as the hub sees it --------------------------------------------------------------

    def deliver(self, lines: Lines) -> None:
        assert self._position is not None  # noqa: S101 - it was attached somewhere
        for line in lines.text.split("\n"):
            try:
                publication = _lines.decode(line).push.pub
            except msgspec.MsgspecError as error:
                self._complain(error)
            else:
                self._position = Position(publication.offset, self._position.epoch)
                self._handle(bytes(publication.data))

    def has_room(self, size_bytes: int) -> bool:
        return True

    async def wait_for_room(self) -> bool:
        """There always is."""
        return True

    def lose_position(self, subscription: Subscription) -> None:
        self._is_stranded.set()
