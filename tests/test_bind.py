import pytest

from ws_service.bind import Bind
from ws_service.errors import InvalidBind


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("0.0.0.0:8001", Bind("0.0.0.0", 8001)),
        ("0.0.0.0", Bind("0.0.0.0", 8001)),
        (":9000", Bind("127.0.0.1", 9000)),
        ("9000", Bind("127.0.0.1", 9000)),
        ("[::1]:9000", Bind("::1", 9000)),
        ("[::]", Bind("::", 8001)),
        ("localhost:0", Bind("localhost", 0)),
        (" localhost ", Bind("localhost", 8001)),
        ("unix:/run/ws.sock", Bind(unix_path="/run/ws.sock")),
        ("unix:///run/ws.sock", Bind(unix_path="/run/ws.sock")),
    ],
)
def test_addresses_are_read_as_people_write_them(text: str, bind: Bind) -> None:
    """Daphne takes host and port apart, Gunicorn together; here both are right."""
    assert Bind.parse(text) == bind


@pytest.mark.parametrize(
    "text",
    ["::1:8001", "host:http", "host:99999", "[::1", "[::1]8001", "unix:", "host:-1", "host:²"],
)
def test_a_wrong_address_is_explained(text: str) -> None:
    """One line that says what would be right."""
    with pytest.raises(InvalidBind):
        Bind.parse(text)


def test_what_is_printed_can_be_read_again() -> None:
    """Log lines are copied into commands."""
    for bind in (Bind(), Bind("::1", 1), Bind("0.0.0.0", 2), Bind(unix_path="/a b")):
        assert Bind.parse(str(bind)) == bind


def test_a_wildcard_is_reached_over_loopback() -> None:
    """The probe runs in the same container."""
    assert Bind("0.0.0.0", 5).reachable() == Bind("127.0.0.1", 5)
    assert Bind("::", 5).reachable() == Bind("::1", 5)
    assert Bind("10.0.0.1", 5).reachable() == Bind("10.0.0.1", 5)


def test_a_list_is_separated_by_commas() -> None:
    """IPv4 and IPv6 at once."""
    assert Bind.parse_list("127.0.0.1:1, [::1]:1,") == [Bind("127.0.0.1", 1), Bind("::1", 1)]
