"""The simulated Redis answers as a real one does, as far as the broker's scripts ask it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devkit.redis_server import RedisServer as RealServer
from tests.simulation.scripts import run
from tests.simulation.store import Store, WrongCommand
from ws_service.broker import scripts
from ws_service.broker.keys import Keys
from ws_service.broker.scripts import Call, changes_call, publish_call, read_call

TOPICS = ("a", "b", "c")


@dataclass
class Both:
    """The same calls go to both."""

    real: redis.Redis
    store: Store
    keys: Keys

    def answers(self, call: Call) -> tuple[Any, Any]:
        words = [each if isinstance(each, bytes) else str(each).encode() for each in call.arguments]
        keys = [key.encode() for key in call.keys]
        simulated = run(call.script.text.encode(), keys, words, self.store.call)
        try:
            real = self.real.eval(call.script.text, len(keys), *keys, *words)
        except redis.ResponseError as error:
            raise AssertionError(f"the real one refuses: {error}") from error
        return real, simulated


@pytest.fixture
def real(redis_server: RealServer) -> Iterator[redis.Redis]:
    with redis.Redis(port=redis_server.port, protocol=2) as client:
        yield client


def _calls(keys: Keys) -> st.SearchStrategy[Any]:
    topic = st.sampled_from(TOPICS)
    small = st.integers(0, 12)
    publish = st.builds(
        lambda topic, payload, size, extra, key: publish_call(
            keys, topic, payload, history_size=size, history_lifetime=timedelta(minutes=5),
            extra=extra, idempotency_key=key,
        ),
        topic, st.sampled_from([b"1", b'"two"', b"3" * 20_000]), st.integers(0, 4),
        st.sampled_from([b"", b'"tags":{}']), st.sampled_from([None, "k1", "k2"]),
    )  # fmt: skip
    read = st.builds(
        lambda topic, after, limit, reverse: read_call(keys, topic, after, limit, reverse=reverse),
        topic, small, small, st.booleans(),
    )  # fmt: skip
    changes = st.builds(lambda after, limit: changes_call(keys, 0, after, limit), small, small)
    return st.one_of(publish, publish, publish, read, changes)


class Losses:
    """What an operator or an eviction may do to the keys."""

    KINDS = ("metadata", "stream", "changes", "change_number")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_scripts_answer_the_same_on_both(data: st.DataObject, real: redis.Redis) -> None:
    """A simulation of another Redis would prove something about another Redis."""
    keys = Keys(f"faithful-{uuid4().hex[:8]}")
    store = Store(lambda: 1_000_000.0, lambda *_: 0)
    info = real.info("server"), real.info("replication")
    store.identity[b"server"] = f"run_id:{info[0]['run_id']}\r\n".encode()
    store.identity[b"replication"] = f"master_replid:{info[1]['master_replid']}\r\n".encode()
    both = Both(real, store, keys)
    with patch.object(scripts, "CHANGES_KEPT", 2):
        for call in data.draw(st.lists(_calls(keys), max_size=25)):
            if data.draw(st.integers(0, 9)) == 0:
                kind = data.draw(st.sampled_from(Losses.KINDS))
                name = data.draw(st.sampled_from(TOPICS)) if kind in ("metadata", "stream") else 0
                key = getattr(keys, kind)(name)
                assert bool(real.delete(key)) == store.delete(key.encode())
            assert _without_time(*both.answers(call))


def _without_time(real: Any, simulated: Any) -> bool:
    """What a stream's remaining life is, differs by how long the test has run."""
    if len(real) == 5:
        assert 0 <= simulated[4] - real[4] < 60_000 or simulated[4] == real[4]
        real, simulated = real[:4], simulated[:4]
    assert real == simulated
    return True


def test_a_wrong_command_is_refused() -> None:
    """A script that asks for something unknown must not go on as if it had been answered."""
    store = Store(lambda: 0.0, lambda *_: 0)
    with pytest.raises(WrongCommand):
        store.call(b"COPY", b"a", b"b")
