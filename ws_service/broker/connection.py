"""Redis clients, made in one place: explicit time-outs, no hidden repetitions."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from inspect import signature
from typing import Any, Final, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from ws_service.broker.scripts import Call
from ws_service.errors import BrokerUnavailable
from ws_service.outage import in_words

T = TypeVar("T")
R = TypeVar("R")

READ_LIMIT_S: Final = 2.0
"""For one answer to the hub. A policy and its reads have 4 s together."""

HUB_CONNECTIONS: Final = 8

_LOST: Final = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError)
# No CLIENT SETINFO, no HELLO: each is a round trip that may time out by itself.
_PARAMETERS: Final = signature(redis.connection.AbstractConnection.__init__).parameters
_NAMELESS: Final[dict[str, None]] = (
    {"driver_info": None}
    if "driver_info" in _PARAMETERS
    else {"lib_name": None, "lib_version": None}
)
_PLAIN: Final[dict[str, Any]] = {"protocol": 2, "decode_responses": False, **_NAMELESS}


def database_of(url: str) -> int:
    """The database number that a Redis URL means."""
    parts = urlsplit(url)
    text = parse_qs(parts.query).get("db", [""])[0]
    if not text and parts.scheme != "unix":
        text = parts.path.strip("/")
    return int(text) if text.isdigit() else 0


def listening_connection(url: str) -> redis.asyncio.Connection:
    """A single connection that waits for messages without a limit; not connected yet."""
    pool = redis.asyncio.ConnectionPool.from_url(
        url,
        socket_timeout=None,
        socket_connect_timeout=READ_LIMIT_S,
        retry=AsyncRetry(NoBackoff(), 0),
        **_PLAIN,
    )
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    return cast("redis.asyncio.Connection", connection)


def _blocking_client(url: str, answer_limit_s: float) -> redis.Redis:
    """A client that repeats nothing; the limit holds for connecting and for each answer."""
    return redis.Redis.from_url(
        url,
        socket_timeout=answer_limit_s,
        socket_connect_timeout=answer_limit_s,
        retry=Retry(NoBackoff(), 0),
        **_PLAIN,
    )


def why(error: Exception) -> str:
    """What happened; a refusal in Redis's own words, which name no address and no password."""
    is_refusal = isinstance(error, redis.exceptions.ResponseError)
    words = f"Redis refused: {str(error)[:200]}" if is_refusal else in_words(error)
    return f"{words} (the Redis of WS_SERVICE['REDIS_URL'])"


def address_of(url: str) -> str:
    """Host, port and database of a Redis URL, for a log: no user, no password."""
    parts = urlsplit(url)
    place = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"
    return f"{parts.scheme}://{place}/{database_of(url)}"


def _answers(found: list[Any]) -> list[Any]:
    """The answers of a pipeline, or the first error in them: the library would write the whole
    command, payload and all, into its text.
    """
    for answer in found:
        if isinstance(answer, Exception):
            raise answer
    return found


def _one_of_each_script(calls: Sequence[Call]) -> Iterable[Call]:
    """The first call of each: once it was sent by its text, Redis knows the script. That needs no
    right to SCRIPT LOAD.
    """
    return {call.script: call for call in reversed(calls)}.values()


class BlockingBroker:
    """Runs scripts from synchronous code. Safe for threads and forked processes.

    A call is made at most twice: the library behind it would repeat it unasked, and every call
    here may be repeated, because it carries an idempotency key or only reads.
    """

    def __init__(self, url: str, time_limit_s: float) -> None:
        self._time_limit_s = time_limit_s
        self._redis = _blocking_client(url, time_limit_s / 3)

    def run(self, call: Call) -> Any:
        """Raises BrokerUnavailable within about the time limit."""
        return self._twice(self._run, call)

    def run_many(self, calls: Sequence[Call]) -> list[Any]:
        """All answers, in one round trip. The calls are run in their order; others' may come in
        between.

        Raises BrokerUnavailable, within about the time limit if Redis doesn't answer; an unknown
        part of the calls has been run then.
        """
        if len(calls) == 1:
            return [self.run(calls[0])]
        return self._twice(self._run_together, calls)

    def _twice(self, attempt: Callable[[T], R], what: T) -> R:
        started_s = time.monotonic()
        try:
            return attempt(what)
        except _LOST as error:
            if time.monotonic() - started_s > self._time_limit_s / 2:
                raise BrokerUnavailable(why(error)) from error
        except RedisError as error:
            raise BrokerUnavailable(why(error)) from error
        try:
            return attempt(what)
        except (RedisError, OSError) as error:
            raise BrokerUnavailable(why(error)) from error

    def _run_together(self, calls: Sequence[Call]) -> list[Any]:
        if not calls:
            return []
        try:
            return self._pipeline(calls)
        except NoScriptError:
            for call in _one_of_each_script(calls):
                self._run(call)
            # All of them: those that did run answer as they did.
            return self._pipeline(calls)

    def _pipeline(self, calls: Sequence[Call]) -> list[Any]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for call in calls:
                pipeline.evalsha(call.script.digest, len(call.keys), *call.parameters)
            return _answers(pipeline.execute(raise_on_error=False))

    def _run(self, call: Call) -> Any:
        try:
            return self._redis.evalsha(call.script.digest, len(call.keys), *call.parameters)
        except NoScriptError:
            return self._redis.eval(call.script.text, len(call.keys), *call.parameters)

    def close(self) -> None:
        self._redis.close()


class AsyncBroker:
    """Runs scripts from one event loop, over a few connections."""

    def __init__(self, url: str) -> None:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=HUB_CONNECTIONS,
            timeout=READ_LIMIT_S,
            socket_timeout=READ_LIMIT_S,
            socket_connect_timeout=READ_LIMIT_S,
            retry=AsyncRetry(NoBackoff(), 1),
            **_PLAIN,
        )
        self._redis = redis.asyncio.Redis(connection_pool=pool)
        # Everybody gets a turn; the pool itself would fail whoever has waited for a while.
        self._turns = asyncio.Semaphore(HUB_CONNECTIONS)

    async def run(self, call: Call) -> Any:
        """Raises BrokerUnavailable."""
        async with self._turn():
            try:
                return await self._redis.evalsha(
                    call.script.digest, len(call.keys), *call.parameters
                )
            except NoScriptError:
                return await self._redis.eval(call.script.text, len(call.keys), *call.parameters)

    async def run_many(self, calls: Sequence[Call]) -> list[Any]:
        """All answers, in one round trip. Raises BrokerUnavailable."""
        async with self._turn():
            try:
                return await self._run_together(calls)
            except NoScriptError:
                for call in _one_of_each_script(calls):
                    await self._redis.eval(call.script.text, len(call.keys), *call.parameters)
                return await self._run_together(calls)

    async def hash_fields(self, names: Sequence[str], *fields: str) -> list[list[bytes | None]]:
        """The same fields of many hashes, in one round trip. Raises BrokerUnavailable."""
        async with self._turn(), self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hmget(name, *fields)
            return await pipeline.execute()

    async def _run_together(self, calls: Sequence[Call]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for call in calls:
                pipeline.evalsha(call.script.digest, len(call.keys), *call.parameters)
            return _answers(await pipeline.execute(raise_on_error=False))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One connection's time. Raises BrokerUnavailable for what goes wrong in it."""
        async with self._turns:
            try:
                yield
            except (RedisError, OSError) as error:
                raise BrokerUnavailable(why(error)) from error

    async def close(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()
