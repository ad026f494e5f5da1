"""A site with topics and no Redis."""

import sys
from types import ModuleType
from typing import Any

import pytest

from tests.testing.topics import topics
from ws_service import rpc


def add(caller: Any, *, a: int, b: int = 1) -> dict[str, Any]:
    return {"sum": a + b, "of": caller.user.pk}


@pytest.fixture
def site_without_redis(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    routing = ModuleType("testing_routing")
    vars(routing).update(topics=topics, rpc_methods=[rpc("add", add)])
    monkeypatch.setitem(sys.modules, routing.__name__, routing)
    # Nobody listens there.
    settings.WS_SERVICE = {"ROUTING": routing.__name__, "REDIS_URL": "redis://127.0.0.1:1/0"}


@pytest.fixture(autouse=True)
def site(request: pytest.FixtureRequest) -> None:
    """Unless the test has a Redis."""
    if "store" not in request.fixturenames:
        request.getfixturevalue("site_without_redis")
