"""``ws-service serve`` explains itself."""

import argparse
import socket
from pathlib import Path

import pytest

from devkit.ports import free_port
from tests.cli.starting import serve, site_with
from ws_service.bind import Bind
from ws_service.cli.serve import add_parser, listening_addresses
from ws_service.errors import InvalidBind


def addresses(*arguments: str) -> list[Bind]:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    return listening_addresses(parser.parse_args(["serve", *arguments]))


@pytest.mark.parametrize(
    ("arguments", "binds"),
    [
        ((), [Bind()]),
        (("--bind", "0.0.0.0:9000"), [Bind("0.0.0.0", 9000)]),
        (("-b", "0.0.0.0", "-p", "9000"), [Bind("0.0.0.0", 9000)]),
        (("-p", "9000"), [Bind(port=9000)]),
        (("-b", "127.0.0.1:1", "-b", "[::1]:1"), [Bind(port=1), Bind("::1", 1)]),
        (("-u", "/x.sock"), [Bind(unix_path="/x.sock")]),
        (("-e", "ssl:8443"), []),
    ],
)
def test_daphnes_options_and_gunicorns_notation_both_work(
    arguments: tuple[str, ...], binds: list[Bind]
) -> None:
    """``--bind 0.0.0.0:8001`` is an error in Daphne that everybody makes once."""
    assert addresses(*arguments) == binds


def test_the_environment_says_where_to_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's manifest has one place for it, which the probe reads too."""
    monkeypatch.setenv("WS_SERVICE_BIND", "0.0.0.0:8001,[::]:8001")
    assert addresses() == [Bind("0.0.0.0", 8001), Bind("::", 8001)]
    assert addresses("-b", ":1") == [Bind(port=1)]


def test_two_ports_that_disagree_are_refused() -> None:
    """Better than listening where nobody expects it."""
    with pytest.raises(InvalidBind):
        addresses("--bind", "0.0.0.0:9000", "--port", "9001")


def test_whose_settings() -> None:
    """The first question of a start."""
    status, text = serve()
    assert status == 1
    assert "DJANGO_SETTINGS_MODULE" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--bind", "::1:8001"), "write IPv6 in brackets"),
        (("asgi",), "write module:attribute"),
        (("nowhere:application",), "No module named 'nowhere'"),
        (("asgi:app",), "asgi has no 'app'"),
        (("--settings", "nowhere"), "No module named 'nowhere'"),
        (("--settings", "settings.production"), "REDIS_URL is not set"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments: tuple[str, ...], words: str) -> None:
    """No traceback for a typo."""
    status, text = serve(*arguments, DJANGO_SETTINGS_MODULE="settings.development")
    assert status == 1
    assert words in text


def test_a_port_in_use_ends_with_a_reason() -> None:
    """Stock Daphne logs it and exits 0: an orchestrator thinks all is well."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        status, text = serve("-p", str(port), DJANGO_SETTINGS_MODULE="settings.development")
    assert status == 1
    assert "Address already in use" in text


LOGGING_OF_A_SITE = {
    "the default that disables": """
LOGGING = {
    "version": 1,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}""",
    "no handlers": 'LOGGING = {"version": 1}',
    "nothing": "LOGGING = {}",
    "another way": "LOGGING_CONFIG = None",
    "configured while the settings are read": """
import logging.config
LOGGING_CONFIG = None
logging.config.dictConfig({"version": 1})""",
    "only what is critical": """
LOGGING = {
    "version": 1,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "CRITICAL"},
}""",
    "to nowhere": """
LOGGING = {
    "version": 1,
    "handlers": {"nowhere": {"class": "logging.NullHandler"}},
    "root": {"handlers": ["nowhere"], "level": "INFO"},
}""",
    "our logger by its name": """
LOGGING = {
    "version": 1,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"ws_service": {"handlers": ["stderr"], "level": "INFO"}},
}""",
}


@pytest.mark.promise("start-says-why")
@pytest.mark.parametrize("logging_of_the_site", LOGGING_OF_A_SITE.values(), ids=LOGGING_OF_A_SITE)
def test_what_ends_the_start_is_said_once_whatever_logging_does(
    tmp_path: Path, logging_of_the_site: str
) -> None:
    """Status 1 and not a word: nothing to search for, in a container that restarts for ever."""
    settings = site_with(tmp_path, logging_of_the_site)
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        status, text = serve(
            "-p", str(port), DJANGO_SETTINGS_MODULE=settings, PYTHONPATH=str(tmp_path)
        )
    assert status == 1
    assert text.count("Address already in use") == 1
    assert f"127.0.0.1:{port}" in text


@pytest.mark.parametrize(
    "name", ["the default that disables", "no handlers", "another way", "our logger by its name"]
)
def test_our_own_lines_are_written_once_whatever_was_disabled(tmp_path: Path, name: str) -> None:
    """``disable_existing_loggers`` is Django's default, and the server is imported before it."""
    settings = site_with(tmp_path, LOGGING_OF_A_SITE[name])
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        _, text = serve("-p", str(port), DJANGO_SETTINGS_MODULE=settings, PYTHONPATH=str(tmp_path))
    assert text.count("is node") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-b", "unix:/nowhere/s.sock"), "No such file or directory"),
        (("-b", f"unix:/{'x' * 300}"), "File name too long"),
        (("-b", "192.0.2.1:8001"), "Cannot assign requested address"),
        (("-e", "ssl:8443:privateKey=/nowhere.pem"), "/nowhere.pem"),
        (("-e", "nothing:8443"), "nothing"),
    ],
)
def test_an_address_that_can_not_be_is_said_once(arguments: tuple[str, ...], words: str) -> None:
    """The same line, whichever part of the server minds it."""
    status, text = serve(*arguments, DJANGO_SETTINGS_MODULE="settings.development")
    assert status == 1
    assert text.count(words) == 1
    assert "isten" in text


def test_every_address_that_can_not_be_is_named() -> None:
    """Who mends one should not have to come back for the next."""
    ports = [free_port(), free_port()]
    with (
        socket.create_server(("127.0.0.1", ports[0])),
        socket.create_server(("127.0.0.1", ports[1])),
    ):
        binds = [part for port in ports for part in ("-b", f"127.0.0.1:{port}")]
        status, text = serve(*binds, DJANGO_SETTINGS_MODULE="settings.development")
    assert status == 1
    assert text.count("Address already in use") == 2


def test_wrong_settings_are_listed_before_anything_listens() -> None:
    """The same texts as the system checks."""
    status, text = serve(DJANGO_SETTINGS_MODULE="tests.sites.wrong_settings")
    assert status == 1
    assert "ws_service.E002" in text
    assert "ws_service.E004" in text


@pytest.mark.promise("bad-settings")
@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("tests.sites.push_site.settings", "BROKER_URL", "WS_SERVICE['REDIS_URL'] is no URL"),
        ("tests.sites.gateway_site.settings", "REDIS_URL", "CHANNEL_LAYERS['default'] names one"),
        ("settings.production", "REDIS_URL", "REDIS_URL is malformed"),
        ("settings.gateway", "REDIS_URL", "REDIS_URL is malformed"),
    ],
)
@pytest.mark.parametrize("url", ["redis://:a#hunter2@127.0.0.1", "redis://u:hunter2@h?hunter2=1"])
def test_a_malformed_redis_url_is_refused_and_not_shown(
    module: str, name: str, words: str, url: str
) -> None:
    """A traceback would show a part of the password."""
    status, text = serve(DJANGO_SETTINGS_MODULE=module, **{name: url})
    assert status == 1
    assert words in text
    assert "hunter2" not in text
