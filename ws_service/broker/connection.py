"""Runs scripts in Redis, from synchronous and from asynchronous code."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from typing import Any, Final, TypeAlias, TypeVar

import redis
import redis.asyncio
from redis.exceptions import NoScriptError, RedisError

from ws_service.broker.clients import HUB_CONNECTIONS, async_client, blocking_client
from ws_service.broker.demotion import demotion_code
from ws_service.broker.scripts import Call, Script, script
from ws_service.errors import BrokerUnavailable
from ws_service.outage import in_words
from ws_service.redis_url import RedisUrl

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")
Ask: TypeAlias = Callable[[redis.asyncio.Redis], Awaitable[R]]

LEAVING_PAUSE_S: Final = 0.1
"""Between two times that connections are left: an address may lead to a replica for a while."""

_LOST: Final = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError)


def why(error: Exception) -> str:
    """What happened; a refusal in Redis's own words, which name no address and no password."""
    code = demotion_code(error)
    is_refusal = code is not None or isinstance(error, redis.exceptions.ResponseError)
    text = str(error) if code is None else f"{code} {str(error).removeprefix(code).strip()}"
    words = f"Redis refused: {text[:200]}" if is_refusal else in_words(error)
    return f"{words} (the Redis of WS_SERVICE['REDIS_URL'])"


def _answers(found: list[Any]) -> list[Any]:
    """The answers of a pipeline, or the first error in them: the library would write the whole
    command, payload and all, into its text. One that says that the server is the wrong one counts
    more than the others: they follow from it.
    """
    errors = [answer for answer in found if isinstance(answer, Exception)]
    for error in sorted(errors, key=lambda each: demotion_code(each) is None):
        raise error
    return found


def _one_of_each_script(calls: Sequence[Call]) -> Iterable[Call]:
    """The first call of each: once it was sent by its text, Redis knows the script. That needs no
    right to SCRIPT LOAD.
    """
    return {call.script: call for call in reversed(calls)}.values()


class BlockingBroker:
    """Runs scripts from synchronous code. Safe for threads and forked processes.

    A call is made at most twice: the library behind it would repeat it unasked, and every call
    here may be repeated, because it carries an idempotency key or only reads. Where the server is
    not the right one any more, the second time is on a new connection, and the others are left.
    """

    def __init__(self, url: str, time_limit_s: float) -> None:
        self._url = RedisUrl.parse(url)
        self._time_limit_s = time_limit_s
        self._redis = blocking_client(self._url, time_limit_s / 3)

    def run(self, call: Call) -> Any:
        """Raises BrokerUnavailable within about the time limit."""
        return self._twice(_run, call)

    def run_many(self, calls: Sequence[Call]) -> list[Any]:
        """All answers, in one round trip. The calls are run in their order; others' may come in
        between.

        Raises BrokerUnavailable, within about the time limit if Redis doesn't answer; an unknown
        part of the calls has been run then.
        """
        if len(calls) == 1:
            return [self.run(calls[0])]
        return self._twice(_run_together, calls)

    def _twice(self, ask: Callable[[redis.Redis, T], R], what: T) -> R:
        started_s = time.monotonic()
        try:
            return self._once(ask, what)
        except _LOST as error:
            if time.monotonic() - started_s > self._time_limit_s / 2:
                raise BrokerUnavailable(why(error)) from error
        except RedisError as error:
            if demotion_code(error) is None:
                raise BrokerUnavailable(why(error)) from error
        try:
            return self._once(ask, what)
        except (RedisError, OSError) as error:
            raise BrokerUnavailable(why(error)) from error

    def _once(self, ask: Callable[[redis.Redis, T], R], what: T) -> R:
        client = self._redis
        try:
            return ask(client, what)
        except RedisError as error:
            if demotion_code(error) is not None and client is self._redis:
                self._redis = blocking_client(self._url, self._time_limit_s / 3)
            raise
        finally:
            if client is not self._redis:
                # Those that other threads are using follow when they have used them.
                client.connection_pool.disconnect(inuse_connections=False)

    def close(self) -> None:
        self._redis.close()


def _run(client: redis.Redis, call: Call) -> Any:
    try:
        return client.evalsha(call.script.digest, len(call.keys), *call.parameters)
    except NoScriptError:
        return client.eval(call.script.text, len(call.keys), *call.parameters)


def _run_together(client: redis.Redis, calls: Sequence[Call]) -> list[Any]:
    if not calls:
        return []
    try:
        return _pipeline(client, calls)
    except NoScriptError:
        for call in _one_of_each_script(calls):
            _run(client, call)
        # All of them: those that did run answer as they did.
        return _pipeline(client, calls)


def _pipeline(client: redis.Redis, calls: Sequence[Call]) -> list[Any]:
    with client.pipeline(transaction=False) as pipeline:
        for call in calls:
            pipeline.evalsha(call.script.digest, len(call.keys), *call.parameters)
        return _answers(pipeline.execute(raise_on_error=False))


class AsyncBroker:
    """Runs scripts from one event loop, over a few connections.

    on_moved: called when a server that refused, because it is not the right one, has been left and
        one is found that doesn't: whatever else is connected to the address should be so anew.
    """

    def __init__(self, url: str, on_moved: Callable[[], None] = lambda: None) -> None:
        self._url = RedisUrl.parse(url)
        self._on_moved = on_moved
        self._redis = async_client(self._url)
        # Everybody gets a turn; the pool itself would fail whoever has waited for a while.
        self._turns = asyncio.Semaphore(HUB_CONNECTIONS)
        self._refused: set[Script | None] = set()
        self._left_s = float("-inf")

    async def run(self, call: Call) -> Any:
        """Raises BrokerUnavailable."""

        async def ask(client: redis.asyncio.Redis) -> Any:
            keys = len(call.keys)
            try:
                return await client.evalsha(call.script.digest, keys, *call.parameters)
            except NoScriptError:
                return await client.eval(call.script.text, keys, *call.parameters)

        return await self._answer(ask, {call.script})

    async def run_many(self, calls: Sequence[Call]) -> list[Any]:
        """All answers, in one round trip. Raises BrokerUnavailable."""

        async def ask(client: redis.asyncio.Redis) -> list[Any]:
            try:
                return await _run_together_async(client, calls)
            except NoScriptError:
                for call in _one_of_each_script(calls):
                    await client.eval(call.script.text, len(call.keys), *call.parameters)
                return await _run_together_async(client, calls)

        return await self._answer(ask, {call.script for call in calls})

    async def hash_fields(self, names: Sequence[str], *fields: str) -> list[list[bytes | None]]:
        """The same fields of many hashes, in one round trip. Raises BrokerUnavailable."""

        async def ask(client: redis.asyncio.Redis) -> list[list[bytes | None]]:
            async with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.hmget(name, *fields)
                return _answers(await pipeline.execute(raise_on_error=False))

        return await self._answer(ask, {None})

    async def _answer(self, ask: Ask[R], scripts: Set[Script | None]) -> R:
        """In turn; on a new connection where the server is not the right one any more.

        Raises BrokerUnavailable.
        """
        async with self._turns:
            client = self._redis
            try:
                try:
                    return await self._once(client, ask, scripts)
                except RedisError as error:
                    if demotion_code(error) is None:
                        raise
                    await self._leave(client, error, scripts)
                return await self._once(self._redis, ask, scripts)
            except (RedisError, OSError) as error:
                raise BrokerUnavailable(why(error)) from error

    async def _once(
        self, client: redis.asyncio.Redis, ask: Ask[R], scripts: Set[Script | None]
    ) -> R:
        try:
            answer = await ask(client)
        finally:
            if client is not self._redis:
                await _leave_idle(client)
        # By a script that was refused: reading may go well at any replica.
        if client is self._redis and self._refused & scripts:
            self._refused.clear()
            logger.info("Redis does what is asked again, on new connections")
            self._on_moved()
        return answer

    async def _leave(
        self, client: redis.asyncio.Redis, error: RedisError, scripts: Set[Script | None]
    ) -> None:
        """From now on there are new connections; those in use are left when they are given back."""
        if not self._refused:
            logger.warning("Connecting anew, this server is not the right one: %s", why(error))
        # A renewal always writes, and soon: others may never be asked for again.
        self._refused |= scripts | {script("lease_renew")}
        now_s = asyncio.get_running_loop().time()
        await asyncio.sleep(self._left_s + LEAVING_PAUSE_S - now_s)
        if client is self._redis:  # else somebody else has been here meanwhile
            self._left_s = asyncio.get_running_loop().time()
            self._redis = async_client(self._url)
            await _leave_idle(client)

    async def close(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()


async def _leave_idle(client: redis.asyncio.Redis) -> None:
    await client.connection_pool.disconnect(inuse_connections=False)


async def _run_together_async(client: redis.asyncio.Redis, calls: Sequence[Call]) -> list[Any]:
    async with client.pipeline(transaction=False) as pipeline:
        for call in calls:
            pipeline.evalsha(call.script.digest, len(call.keys), *call.parameters)
        return _answers(await pipeline.execute(raise_on_error=False))
