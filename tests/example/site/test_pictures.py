"""Pictures of orders: what may be uploaded, and what becomes of it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from example.orders.pictures import SIZE_LIMIT_BYTES
from ws_service.testing import capture_publications

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@pytest.fixture
def order(demo_users: None, settings: Any, tmp_path: Path) -> Any:
    from example.accounts.models import User  # after the settings are chosen
    from example.orders.models import Order

    settings.MEDIA_ROOT = tmp_path
    with capture_publications():
        return Order.objects.create(customer=User.objects.get(name="Ada"), item="An engine")


def upload(client: Client, order: Any, name: str, content: bytes) -> Any:
    """In the admin, as the shop does."""
    from example.accounts.models import User

    client.force_login(User.objects.get(name="Admin"))
    form = {
        "customer": order.customer_id,
        "item": order.item,
        "state": order.state,
        "picture": SimpleUploadedFile(name, content),
        "changes-TOTAL_FORMS": 0,
        "changes-INITIAL_FORMS": 0,
    }
    with capture_publications():
        response = client.post(reverse("admin:orders_order_change", args=[order.pk]), form)
    order.refresh_from_db()
    return response


def test_a_picture_is_shown_to_the_customer_under_another_name(client: Client, order: Any) -> None:
    """The proxy hands it to everybody who knows the name, so nobody may guess it."""
    assert upload(client, order, "Engine.PNG", PNG).status_code == 302
    assert order.picture.name.endswith(".png")
    assert "ngine" not in order.picture.name
    client.force_login(order.customer)
    page = client.get(reverse("order", args=[order.pk])).content.decode()
    assert f'src="/media/{order.picture.name}"' in page


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("engine.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
        ("engine.png", b"\x89PN"),
        ("engine.webp", b"RIFF" * 3),
        ("engine.html", PNG + b"<script>"),
        ("engine", PNG),
    ],
)
def test_what_is_not_the_picture_that_its_name_says_is_refused(
    client: Client, order: Any, name: str, content: bytes
) -> None:
    """A page among the media files would run in the name of the site."""
    response = upload(client, order, name, content)
    assert "A picture is a PNG, a JPEG or a WebP file" in response.content.decode()
    assert not order.picture


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jpg", b"\xff\xd8\xff" + bytes(32)), ("a.webp", b"RIFF1234WEBPVP8 " + bytes(32))],
)
def test_jpeg_and_webp_are_pictures_too(
    client: Client, order: Any, name: str, content: bytes
) -> None:
    """What phones and browsers make."""
    assert upload(client, order, name, content).status_code == 302


def test_a_picture_that_is_too_large_is_refused(client: Client, order: Any) -> None:
    """A disk is full sooner than one thinks."""
    response = upload(client, order, "engine.png", PNG + bytes(SIZE_LIMIT_BYTES))
    assert "A picture has 2 MB at most" in response.content.decode()


def test_an_order_whose_file_is_gone_can_still_be_changed(client: Client, order: Any) -> None:
    """Somebody restored the database and forgot the files."""
    upload(client, order, "engine.png", PNG)
    Path(order.picture.path).unlink()
    response = upload(client, order, "new.png", PNG)
    assert response.status_code == 302
    assert Path(order.picture.path).exists()
