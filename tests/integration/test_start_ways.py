"""Every way to start the service ends in the same small conversation."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tests.live import ANSWER_LIMIT_S, Service, Site, happens, hear, http_answer, tell, wait_until

Start = Callable[..., Service]


def hold_the_small_conversation(service: Service, site: Site) -> None:
    """Text, binary, a room, ping and close, as a logged-in user."""
    cookie = site.cookie_of("Ada")
    with service.connect("/ws/index/", cookie=cookie) as socket:
        answer = tell(socket, {"message": "grüße"})
        assert (answer["message"], answer["sender"]) == ("grüße", "Ada")
        assert socket.ping().wait(ANSWER_LIMIT_S)
        socket.close(4321)
        # Servers answer a close with its own code or with 1000; a cut would be 1006.
        assert socket.close_code in (1000, 4321)
    with service.connect("/ws/binary/", cookie=cookie) as socket:
        socket.send(b"\x00\xff")
        assert socket.recv(timeout=ANSWER_LIMIT_S) == b"\x00\xff"
    with service.connect("/ws/chat/", cookie=cookie) as socket:
        assert hear(socket)["type"] == "joined"
        assert tell(socket, {"message": "hi"})["message"] == "hi"
    with pytest.raises(InvalidStatus):
        service.connect("/ws/nothing/")
    with pytest.raises(InvalidStatus):
        service.connect("/ws/index/", origin="http://evil.example")


@pytest.mark.promise("http-426")
def test_ws_service_serve(service: Service, site: Site) -> None:
    """The recommended way; plain HTTP gets 426 and a body that says what to do."""
    hold_the_small_conversation(service, site)
    status, body = http_answer(service.port)
    assert status == 426
    assert b"ws_service.probe" in body


def test_serve_builds_the_application_from_the_settings(start: Start, site: Site) -> None:
    """Site mode: the site's own settings, no ASGI module."""
    service = start(
        ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"), settings="example.settings"
    )
    hold_the_small_conversation(service, site)
    with service.connect("/ws/dashboard/"):
        pass


def test_daphne_by_tcp(start: Start, site: Site) -> None:
    """The textbook command."""
    service = start(("-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "asgi:application"))
    hold_the_small_conversation(service, site)
    assert http_answer(service.port)[0] == 426


def test_daphne_by_unix_socket(start: Start, site: Site, tmp_path: Path) -> None:
    """Behind a proxy on the same host."""
    path = tmp_path / "d.sock"
    service = start(("-m", "daphne", "-u", str(path), "asgi:application"), unix_path=path)
    hold_the_small_conversation(service, site)


def test_serve_by_unix_socket(start: Start, site: Site, tmp_path: Path) -> None:
    """The same with our own command."""
    path = tmp_path / "s.sock"
    service = start(("-m", "ws_service", "serve", "--bind", f"unix:{path}"), unix_path=path)
    hold_the_small_conversation(service, site)


@pytest.mark.parametrize(
    "command", [("daphne", "asgi:application"), ("ws_service", "serve", "asgi:application")]
)
def test_a_tls_endpoint(start: Start, site: Site, tmp_path: Path, command: tuple[str, ...]) -> None:
    """TLS without a proxy; the certificate is verified."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    files = f"privateKey={tmp_path}/key.pem:certKey={tmp_path}/cert.pem"
    endpoint = f"ssl:{{port}}:interface=127.0.0.1:{files}"
    service = start(("-m", *command, "-e", endpoint), tls=context)
    hold_the_small_conversation(service, site)


@pytest.mark.parametrize("options", [(), ("--reload",)])
def test_uvicorn_by_tcp(start: Start, site: Site, options: tuple[str, ...]) -> None:
    """The other server that Django teams use."""
    service = start(
        ("-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", *options, "asgi:application")
    )
    hold_the_small_conversation(service, site)
    assert http_answer(service.port)[0] == 426
    with pytest.raises(InvalidStatus) as refused:
        service.connect("/ws/nothing/")
    assert refused.value.response.status_code == 404


def test_uvicorn_by_unix_socket(start: Start, site: Site, tmp_path: Path) -> None:
    """Behind a proxy on the same host."""
    path = tmp_path / "u.sock"
    service = start(("-m", "uvicorn", "--uds", str(path), "asgi:application"), unix_path=path)
    hold_the_small_conversation(service, site)


@pytest.mark.parametrize("server", ["ws_service", "daphne", "uvicorn"])
def test_unified_with_the_sites_pages(start: Start, site: Site, server: str) -> None:
    """One process for pages and WebSockets; get_asgi_application() first."""
    address: dict[str, tuple[str, ...]] = {
        "ws_service": ("serve", "--bind", "127.0.0.1:{port}"),
        "daphne": ("-p", "{port}"),
        "uvicorn": ("--port", "{port}"),
    }
    service = start(
        ("-m", server, *address[server], "example.asgi:application"), settings="example.settings"
    )
    hold_the_small_conversation(service, site)
    status, body = http_answer(service.port)
    assert status == 200
    assert b"<html" in body


def test_runserver_with_daphne_installed(start: Start, site: Site) -> None:
    """Channels' development server, with the same application."""
    service = start(
        ("-m", "django", "runserver", "{port}", "--noreload"),
        settings="tests.sites.runserver_settings",
    )
    hold_the_small_conversation(service, site)
    assert http_answer(service.port)[0] == 200


def test_reload_beside_a_wsgi_runserver(start: Start, site: Site, tmp_path: Path) -> None:
    """A developer's two terminals: a changed routing is served without a restart by hand."""
    routing = tmp_path / "reloaded.py"
    routing.write_text(ROUTING.format(path="ws/before/"))
    service = start(
        ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}", "--reload"),
        settings="tests.sites.reloaded_settings",
        environment={"PYTHONPATH": str(tmp_path)},
    )
    pages = Service(
        site,
        tmp_path / "runserver.log",
        ("-m", "django", "runserver", "{port}"),
        settings="example.settings",
    )
    with pages.child:
        wait_until(lambda: http_answer(pages.port)[0] == 200)
        assert is_echoing(service, "/ws/before/")

        def is_served_after_saving() -> bool:
            routing.write_text(ROUTING.format(path="ws/after/"))
            return happens(lambda: is_echoing(service, "/ws/after/"), limit_s=8)

        # Django's reloader takes a file as it first sees it, which may be after the change: as a
        # developer would, save again.
        wait_until(is_served_after_saving, limit_s=60)
        assert not is_echoing(service, "/ws/before/")


def is_echoing(service: Service, path: str) -> bool:
    try:
        with service.connect(path) as socket:
            return tell(socket, {"message": "x"})["message"] == "x"
    except (OSError, InvalidHandshake, ConnectionClosed):
        return False


ROUTING = """\
from django.urls import path
from consumers.index import IndexConsumer
websocket_urlpatterns = [path("{path}", IndexConsumer.as_asgi())]
"""
