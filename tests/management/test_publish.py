"""``manage.py publish`` for shells and scripts."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from devkit.redis_server import RedisServer
from tests.publishing.store import Store
from ws_service import position


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("publish", *arguments, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``stdin(text)``: what the command reads from "-"."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_it_publishes_and_prints_the_position(store: Store) -> None:
    """So that a script can wait for it."""
    assert run("orders:42", '{"status": "paid"}') == str(position("orders:42"))
    assert store.data("orders:42") == [{"status": "paid"}]


def test_a_topic_without_history_has_no_position(store: Store) -> None:
    """Nothing was kept; it was published all the same."""
    assert run("cursor:a", "[1, 2]") == "published"


def test_a_dash_reads_standard_input(store: Store, stdin: Any) -> None:
    """What another program printed, over several lines."""
    stdin('{\n  "status": "paid"\n}\n')
    run("orders:42", "-")
    assert store.data("orders:42") == [{"status": "paid"}]


def test_lines_are_publications_of_their_own(store: Store, stdin: Any) -> None:
    """A file of readings, in its order; more of them than go together."""
    stdin("\n".join(str(number) for number in range(1_200)) + "\n\n")
    assert run("orders:42", "-", "--lines") == f"1200 published, the last at 1200:{epoch()}"
    assert store.data("orders:42") == list(range(1_100, 1_200))


def epoch() -> str:
    return position("orders:42").epoch


def test_no_lines_are_no_mistake(store: Store, stdin: Any) -> None:
    """An empty file."""
    stdin("")
    assert run("orders:42", "-", "--lines") == "0 published"


def test_a_repetition_with_the_same_key_publishes_nothing(store: Store, stdin: Any) -> None:
    """A cron job that ran twice; each line has a key of its own."""
    for _ in range(2):
        run("orders:42", "0", "--idempotency-key", "nightly")
        stdin("1\n2\n")
        run("orders:42", "-", "--lines", "--idempotency-key", "import")
    assert store.data("orders:42") == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing:1", "1"), "no topic pattern matches 'nothing:1'"),
        (("orders:42", "paid"), "'paid' is no JSON"),
        (("orders:42", "NaN"), "can't be published as JSON"),
        (("orders:42", "1\n{\n3", "--lines"), "line 2: '{' is no JSON"),
        (("orders:42", "1", "--idempotency-key", "x" * 256), "an idempotency key has 1 to 255"),
    ],
)
def test_a_mistake_is_one_line(store: Store, arguments: tuple[str, ...], words: str) -> None:
    """No traceback, status 1."""
    with pytest.raises(CommandError, match=words):
        run(*arguments)
    assert store.data("orders:42") == []


def test_redis_away_is_one_line(store: Store, own_redis: RedisServer, settings: Any) -> None:
    """It names no password."""
    settings.WS_SERVICE = settings.WS_SERVICE | {
        "REDIS_URL": f"redis://:secret@127.0.0.1:{own_redis.port}/0"
    }
    own_redis.stop()
    with pytest.raises(CommandError, match="can't connect to Redis") as failed:
        run("orders:42", "1")
    assert "secret" not in str(failed.value)
