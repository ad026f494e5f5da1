"""The site's routing module can't be imported: what is said of it, and that it is said once."""

import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from ws_service import get_websocket_application
from ws_service.errors import InvalidRouting

_number = count()


@pytest.fixture
def routing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Callable[[str], Path]:
    """Writes a routing module, and names it in the settings."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> Path:
        name = f"routing_of_a_site_{next(_number)}"
        settings.WS_SERVICE = {"ROUTING": name, "REDIS_URL": "redis://localhost"}
        file = tmp_path / f"{name}.py"
        file.write_text(text)
        return file

    return write


def said() -> list[tuple[str | None, str]]:
    return [(message.id, message.msg) for message in run_checks(tags=["ws_service"])]


@pytest.mark.promise("bad-settings")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nowhere", "No module named 'nowhere'"),
        ("from ws_service import Tropic", "cannot import name 'Tropic'"),
        ("topics = [topic('a')]", "NameError: name 'topic' is not defined"),
        ("topics = [", "SyntaxError: '[' was never closed"),
        ("raise LookupError('of the site')", "LookupError: of the site"),
    ],
)
def test_an_error_inside_the_routing_is_said_once_with_its_line(
    routing: Callable[[str], Path], text: str, words: str
) -> None:
    """Two texts for one mistake send people looking for a second one."""
    file = routing(f"\n{text}\n")
    ((id_, message),) = said()
    assert id_ == "ws_service.E007"
    assert words in message
    assert file.name in message
    assert "line 2" in message
    with pytest.raises(InvalidRouting) as raised:
        get_websocket_application()
    assert words in str(raised.value)


def test_an_import_that_fails_another_way_the_second_time_is_said_once(
    routing: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is registered by the first attempt fails the second one for another reason."""
    monkeypatch.setattr(sys, "attempts_at_the_routing", [], raising=False)
    routing(
        "import sys\n"
        "sys.attempts_at_the_routing.append(1)\n"
        "raise ImportError(f'attempt {len(sys.attempts_at_the_routing)}')\n"
    )
    ((_, message),) = said()
    assert "attempt 1" in message


@pytest.mark.promise("bad-settings")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rpc_methods = ['orders.cancel']", "write rpc("),
        ("on_message = 'receive'", "must be a function"),
        ("from ws_service import rpc\nrpc_methods = [rpc('a', lambda: 0)]", "takes the caller"),
        ("topics = [1]", "write topic("),
        ("websocket_urlpatterns = [1]", "use path()"),
    ],
)
def test_what_the_routing_has_is_checked_before_anything_starts(
    routing: Callable[[str], Path], text: str, words: str
) -> None:
    """``manage.py check`` in the site's own CI finds what the start would refuse."""
    routing(f"topics = []\n{text}\n")
    ((id_, message),) = said()
    assert id_ == "ws_service.E007"
    assert words in message
    with pytest.raises(InvalidRouting) as raised:
        get_websocket_application()
    assert words in str(raised.value)
