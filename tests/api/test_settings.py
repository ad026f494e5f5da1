"""``API_KEY`` and ``API_BIND`` that can't be meant (E014)."""

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from ws_service.bind import Bind
from ws_service.conf import API_PORT, load_config


def problems(**ws_service: Any) -> list[str]:
    with override_settings(WS_SERVICE=ws_service):
        return [f"{m.id} {m.msg} {m.hint}" for m in run_checks(tags=["ws_service"])]


@pytest.mark.parametrize("key", ["", "fifteen-letters", "with a space in it", "grüße-grüße-grüße"])
def test_a_key_that_is_short_or_no_header_can_carry_stops_the_start(key: str) -> None:
    """It could be guessed, or never be sent; the text doesn't repeat it."""
    (problem,) = problems(API_KEY=key)
    assert problem.startswith("ws_service.E014 WS_SERVICE['API_KEY']")
    assert "secrets.token_urlsafe" in problem
    assert not key or key not in problem


@pytest.mark.parametrize("bind", ["::1:8003", "127.0.0.1:http", "unix:", "127.0.0.1:70000"])
def test_an_address_that_can_not_be_read_stops_the_start(bind: str) -> None:
    """Also where there is no key yet."""
    (problem,) = problems(API_BIND=bind)
    assert problem.startswith("ws_service.E014 WS_SERVICE['API_BIND']")


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("127.0.0.1:8003", Bind(port=8003)),
        ("0.0.0.0", Bind("0.0.0.0", 8003)),
        ("[::1]:9000", Bind("::1", 9000)),
        ("unix:/run/api.sock", Bind(unix_path="/run/api.sock", port=8001)),
    ],
)
def test_an_address_without_a_port_has_the_apis_own(text: str, bind: Bind) -> None:
    """Not 8001, where the WebSockets are."""
    with override_settings(WS_SERVICE={"API_BIND": text, "API_KEY": "sixteen-letters!"}):
        config = load_config()
    assert Bind.parse(config.api_bind, API_PORT) == bind
    assert config.api_key == "sixteen-letters!"
    assert "sixteen-letters!" not in repr(config)
