"""A service that starts before its Redis."""

from collections.abc import Callable

from devkit.ports import free_port
from tests.live import Service, wait_until


def test_a_redis_that_is_away_at_the_start_is_named_without_its_password(
    start: Callable[..., Service],
) -> None:
    """Else the first client would notice it, and nobody would know which Redis."""
    port = free_port()
    service = start(
        ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
        settings="example.settings",
        environment={"REDIS_URL": f"redis://:secret@127.0.0.1:{port}/3"},
    )
    wait_until(lambda: "Listening on" in service.child.tail(50))
    log = service.child.tail(50)
    assert f"redis://127.0.0.1:{port}/3 does not answer" in log
    assert "secret" not in log
