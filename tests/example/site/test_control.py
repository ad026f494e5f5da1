"""The buttons of the front page that dev.py answers: only there, only for its own developer."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

RESTART = "Restart the service"


@pytest.fixture
def pipe(tmp_path: Path, settings: Any) -> Iterator[int]:
    """The reading end of a pipe as dev.py makes it."""
    path = tmp_path / "control"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    settings.DEBUG = True
    settings.DEMO_CONTROL = str(path)
    settings.DEMO_ACTIONS = ["restart-service"]
    yield reader
    os.close(reader)


def press(client: Client, action: str = "restart-service", **extra: str) -> int:
    return client.post(reverse("act", args=[action]), **extra).status_code


def test_a_press_reaches_dev_py(client: Client, pipe: int) -> None:
    """One line, with the action's name."""
    assert RESTART in client.get(reverse("start")).content.decode()
    assert press(client) == 202

    assert os.read(pipe, 100) == b"restart-service\n"


def test_only_what_dev_py_offers_can_be_asked_for(client: Client, pipe: int) -> None:
    """A Redis of the developer's own is left alone."""
    assert "Stop Redis" not in client.get(reverse("start")).content.decode()
    assert press(client, "stop-redis") == 404
    assert press(client, "rm-rf") == 404

    assert os.read(pipe, 100) == b""


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", ""])
def test_other_machines_have_no_buttons(client: Client, pipe: int, address: str) -> None:
    """A developer's site may be open to the office."""
    page = client.get(reverse("start"), REMOTE_ADDR=address)

    assert RESTART not in page.content.decode()
    assert press(client, REMOTE_ADDR=address) == 404


def test_there_are_no_buttons_without_debug(client: Client, pipe: int, settings: Any) -> None:
    """Whatever else is set by mistake."""
    settings.DEBUG = False

    assert RESTART not in client.get(reverse("start")).content.decode()
    assert press(client) == 404


def test_there_are_no_buttons_without_dev_py(client: Client, settings: Any) -> None:
    """Started in another way, the site has nobody to ask."""
    settings.DEBUG = True

    assert RESTART not in client.get(reverse("start")).content.decode()
    assert press(client) == 404


def test_a_press_needs_a_token_and_a_post(pipe: int) -> None:
    """Another site's page must not restart anything."""
    strict = Client(enforce_csrf_checks=True)

    assert press(strict) == 403
    assert strict.get(reverse("act", args=["restart-service"])).status_code == 405


def test_dev_py_that_has_gone_is_a_503_that_says_so(
    client: Client, pipe: int, settings: Any, tmp_path: Path
) -> None:
    """The page shows the sentence instead of waiting for ever."""
    for path in (tmp_path / "nothing", tmp_path / "file"):
        settings.DEMO_CONTROL = str(path)
        (tmp_path / "file").touch()
        response = client.post(reverse("act", args=["restart-service"]))

        assert response.status_code == 503
        assert "dev.py did not listen" in response.json()["error"]["message"]
