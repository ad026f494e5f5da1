"""One origin: what each proxy serves by itself, and what it makes of a client's claims."""

import re
import time
from http import HTTPStatus

from tests.deploy.containers.compose.asking import ask, hear, open_socket
from tests.deploy.containers.compose.stack import Front, Stack
from tests.live import happens

FORGED = {
    "X_Forwarded_For": "6.6.6.6",
    "X_Real_IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6",
    "X_Forwarded_Host": "evil.example",
    "X_Forwarded_Proto": "gopher",
    "Daphne_Root_Path": "/ws",
    "Script_Name": "/evil",
    "X_Script_Name": "/evil",
}
_TOKEN = re.compile(rb'value="[A-Za-z0-9]{64}"')
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(32))
_SAVE_PICTURE = f"""
from django.core.files.base import ContentFile
from example.orders.models import Order
order = Order.objects.first()
order.picture.save("x.png", ContentFile({PICTURE!r}))
print(order.picture.url)
"""


def access_lines(stack: Stack, path: str) -> list[str]:
    """What Gunicorn has logged of a path."""
    lines = stack.container("web").logs().splitlines()
    return [line for line in lines if f' {path}"' in line]


def test_static_files_come_from_the_proxy(stack: Stack, front: Front) -> None:
    """The site's few workers have better things to do."""
    answer = ask(front, "/static/example/site.css")
    assert answer.status == HTTPStatus.OK
    assert answer.headers["content-type"].startswith("text/css")
    assert "max-age" in answer.headers["cache-control"]
    client = ask(front, "/static/ws_service/centrifuge.js")
    assert client.status == HTTPStatus.OK
    assert access_lines(stack, "/static/example/site.css") == []


def test_what_was_uploaded_comes_from_the_proxy(stack: Stack, front: Front) -> None:
    """The web container writes it, the proxy reads it, and Django serves no files."""
    url = stack.run_in_django(_SAVE_PICTURE)
    answer = ask(front, url)
    assert (answer.status, answer.body) == (HTTPStatus.OK, PICTURE)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert access_lines(stack, url) == []


def test_what_a_client_claims_to_be_reaches_nobody(stack: Stack, front: Front) -> None:
    """Whoever could write X-Forwarded-For would never be blocked, and never be found."""
    path = f"/claims-{front.service}-{time.monotonic_ns()}/"
    assert ask(front, path, **FORGED).status == HTTPStatus.NOT_FOUND
    assert happens(lambda: bool(access_lines(stack, path)), 5)
    (line,) = access_lines(stack, path)
    assert "6.6.6.6" not in line
    networks = stack.container(front.service).inspect("NetworkSettings", "Networks")
    (network,) = networks.values()
    assert line.split()[0] == network["Gateway"]  # from where Docker hands on published ports


def test_a_page_is_the_same_with_forged_headers(front: Front) -> None:
    """Links, forms and policies are made of what the proxy says."""
    honest, forged = ask(front, "/accounts/login/"), ask(front, "/accounts/login/", **FORGED)
    assert honest.status == forged.status == HTTPStatus.OK
    assert _TOKEN.sub(b"", honest.body) == _TOKEN.sub(b"", forged.body)
    policy = "content-security-policy"
    assert honest.headers[policy] == forged.headers[policy]


def test_a_websocket_is_the_same_with_forged_headers(front: Front) -> None:
    """Daphne takes a root path from a header: rules on paths would see another path."""
    for headers in ({}, FORGED):
        with open_socket(front, "/ws/chat/forged/", **headers) as socket:
            joined = hear(socket)
            assert (joined["type"], joined["room"]) == ("joined", "forged")


def test_a_redirect_leads_to_where_the_browser_is(front: Front) -> None:
    """Neither the container's name nor its port gets out."""
    for path, target in (("/orders/", "/accounts/login/?next=/orders/"), ("/orders", "/orders/")):
        answer = ask(front, path)
        assert answer.status in {HTTPStatus.FOUND, HTTPStatus.MOVED_PERMANENTLY}
        assert answer.headers["location"].removeprefix(front.origin) == target


def test_a_host_that_is_not_the_site_s_gets_nothing(front: Front) -> None:
    """A name that somebody points here would be trusted in links and in mails."""
    assert ask(front, "/", Host="evil.example").status in {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.MISDIRECTED_REQUEST,
    }


def test_a_page_of_another_origin_may_not_connect(front: Front) -> None:
    """It would act with its visitor's cookies."""
    answer = ask(
        front,
        "/connection/websocket",
        Origin="https://evil.example",
        Connection="Upgrade",
        Upgrade="websocket",
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==",
    )
    assert answer.status == HTTPStatus.FORBIDDEN
