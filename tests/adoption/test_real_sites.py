"""What real sites have and a fresh one hasn't: the guide's sentences about it, tried out."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import InvalidStatus

from devkit.redis_server import RedisServer
from tests.adoption import guide
from tests.adoption.site import (
    ExistingSite,
    MakeSite,
    Production,
    StartProduction,
    build,
    nginx_or_skip,
)
from tests.adoption.visits import LIMIT_MS, Customer, listening, log_in
from tests.live import wait_until

PERMISSION_DENIED = 103
UNKNOWN_CHANNEL = 102
REDIS_CACHE = (
    "CACHES = {{'default': {{'BACKEND': 'django.core.cache.backends.redis.RedisCache',"
    " 'LOCATION': 'redis://127.0.0.1:{port}/3'}}}}"
)
LOCAL_CACHE = "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}"
ENGINE = "SESSION_ENGINE = 'django.contrib.sessions.backends.{}'".format
PROTO = "X-Forwarded-Proto"
MANY_SETTINGS = (
    LOCAL_CACHE,
    ENGINE("cached_db"),
    "DATABASES['default']['ATOMIC_REQUESTS'] = True",
    "MIDDLEWARE.append('mysite.policy.content_security_policy')",
    "SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')",
    "USE_X_FORWARDED_HOST = True",
)
STRICT_POLICY = """
def content_security_policy(get_response):
    def respond(request):
        response = get_response(request)
        response["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:"
        )
        return response

    return respond
"""
FAILING_VIEW = """
from django.contrib.auth.decorators import login_required
from orders.topics import publish_order


@login_required
def order_list(request):
    for order in request.user.orders.all():
        order.state = "never"
        order.save()
        publish_order(order)
    raise LookupError("after it was saved")
"""
FAILING_URL = """
from orders import failing

urlpatterns.append(path("fail/", failing.order_list))
"""
TWO_DATABASES = """
from django.db import transaction
from ws_service import get_history, publish


def rolled_back(topic, **options):
    try:
        with transaction.atomic(using="archive"):
            publish(topic, "said", **options)
            raise LookupError
    except LookupError:
        return len(get_history(topic).publications)


print(rolled_back("orders:4001"), rolled_back("orders:4002", using="archive"))
"""
SAVED = """
from orders.models import Order
from ws_service import get_history

order = Order.objects.get()
order.state = "sent"
order.save()
print(get_history("orders:1", limit=1, reverse=True).publications[0].data)
"""
OWN_SUITE = """
from accounts.models import User
from django.test import TestCase


class OrderTests(TestCase):
    def test_an_order_is_paid(self):
        ada = User.objects.create_user("ada@example.org", "x")
        order = ada.orders.create()
        self.client.force_login(ada)
        with self.captureOnCommitCallbacks(execute=True):
            self.client.post(f"/orders/{order.pk}/pay/")
        self.assertContains(self.client.get("/orders/"), "paid")
"""


def start_ws_of(site: ExistingSite, production: StartProduction) -> Production:
    """The second container alone, of the site after the guide's steps."""
    site.adopt()
    running = production(site)
    running.start_ws()
    return running


@pytest.fixture(scope="module")
def many_settings(
    blueprint: Path, tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer
) -> Iterator[Production]:
    """A site with much of what grows in a settings module over the years; it runs."""
    nginx_or_skip()
    folder = tmp_path_factory.mktemp("many-settings")
    site = build(blueprint, folder, redis_server.url, MANY_SETTINGS, ())
    site.write("mysite/policy.py", STRICT_POLICY)
    site.write("orders/failing.py", FAILING_VIEW)
    urls = site.folder / "mysite" / "urls.py"
    urls.write_text(f"{urls.read_text()}{FAILING_URL}")
    site.adopt()
    with Production(site, folder) as running:
        yield running.start()


@pytest.fixture(scope="module")
def cookie(many_settings: Production) -> str:
    """Ada's."""
    return f"sessionid={many_settings.site.log_in()}"


def test_a_cached_session_is_found_where_the_cache_is_not_shared(
    many_settings: Production, cookie: str
) -> None:
    """``cached_db`` has the database to fall back to; the cache is one process's own here."""
    with listening(many_settings.ws_port, cookie) as page:
        assert page.error is None


def test_a_view_that_fails_under_atomic_requests_publishes_nothing(
    many_settings: Production, cookie: str
) -> None:
    """Its transaction is rolled back; what it would have said was never true."""
    with listening(many_settings.port, cookie, origin=many_settings.origin) as page:
        customer = Customer(many_settings.origin, cookie)
        with pytest.raises(HTTPError, match="500"):
            customer.open("/fail/")
        assert "paid" in customer.pay(1)
        assert page.hear() == {"id": 1, "state": "paid"}


def test_a_topic_that_the_service_does_not_know_yet_is_error_102(
    many_settings: Production, cookie: str
) -> None:
    """A page of a newer image than the second container's."""
    with listening(many_settings.ws_port, cookie, topic="bills:1") as page:
        assert page.error == UNKNOWN_CHANNEL


def test_the_scheme_that_the_proxy_passes_on_is_the_pages(
    many_settings: Production, cookie: str
) -> None:
    """An inner nginx writes ``$scheme``, which is http there: with SECURE_PROXY_SSL_HEADER set,
    no page of an https site is its own then.
    """
    port = many_settings.ws_port
    origin = f"https://127.0.0.1:{port}"
    with listening(port, cookie, origin=origin, headers={PROTO: "https"}) as page:
        assert page.error is None
    with (
        pytest.raises(InvalidStatus, match="403"),
        listening(port, cookie, origin=origin, headers={PROTO: "http"}),
    ):
        pass


def test_the_forwarded_host_counts_where_the_site_says_so(
    many_settings: Production, cookie: str
) -> None:
    """A load balancer that changes the Host and keeps the public one in X-Forwarded-Host."""
    port, origin = many_settings.ws_port, "http://www.shop.localhost"
    headers = {"X-Forwarded-Host": "www.shop.localhost"}
    with listening(port, cookie, origin=origin, headers=headers) as page:
        assert page.error is None
    with pytest.raises(InvalidStatus, match="403"), listening(port, cookie, origin=origin):
        pass


@pytest.mark.browser
def test_a_strict_content_security_policy_needs_no_exception(
    many_settings: Production, page: Page
) -> None:
    """No inline script, and at one origin 'self' covers the WebSocket."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    log_in(page, many_settings)
    many_settings.site.manage("publish", "orders:1", '{"id": 1, "state": "sent"}')
    expect(page.locator("#order-1")).to_have_text("sent", timeout=LIMIT_MS)
    assert complaints == []


@pytest.mark.parametrize("engine", ["cache", "signed_cookies", "file"])
def test_the_service_knows_who_is_logged_in_by_every_session_engine(
    engine: str, make_site: MakeSite, production: StartProduction, redis_server: RedisServer
) -> None:
    """Whatever both containers can read: Redis, the cookie itself, a volume."""
    cache = REDIS_CACHE.format(port=redis_server.port)
    running = start_ws_of(make_site(cache, ENGINE(engine)), production)
    with listening(running.ws_port, f"sessionid={running.site.log_in()}") as page:
        assert page.error is None


def test_a_session_in_a_processs_own_memory_is_nobody_for_the_service(
    make_site: MakeSite, production: StartProduction
) -> None:
    """With one Gunicorn worker such a site works; nothing says why its pages get no push."""
    running = start_ws_of(make_site(LOCAL_CACHE, ENGINE("cache")), production)
    with listening(running.ws_port, f"sessionid={running.site.log_in()}") as page:
        assert page.error == PERMISSION_DENIED


def test_another_secret_key_is_named_in_the_log(
    make_site: MakeSite, production: StartProduction
) -> None:
    """The page says 103 only: the service's log has the reason."""
    site = make_site()
    cookie = f"sessionid={site.log_in()}"
    site.add_to_settings("SECRET_KEY = 'another, as in a container with another environment'")
    running = start_ws_of(site, production)
    with listening(running.ws_port, cookie) as page:
        assert page.error == PERMISSION_DENIED
    wait_until(lambda: "A Django session can't be decoded" in running.ws.tail())


def test_a_proxy_that_hides_the_host_is_named_in_the_log(
    make_site: MakeSite, production: StartProduction
) -> None:
    """The commonest mistake: the line with the Host header was left out."""
    site = make_site()
    running = start_ws_of(site, production)
    block = site.folder / "ws-service.conf"
    lines = block.read_text().splitlines(keepends=True)
    kept = [line for line in lines if "proxy_set_header Host" not in line]
    assert len(kept) == len(lines) - 1
    block.write_text("".join(kept))
    running.start_proxy()
    with (
        pytest.raises(InvalidStatus, match="403"),
        listening(running.port, "", origin=running.origin),
    ):
        pass
    wait_until(lambda: f"from a page of '{running.origin}'" in running.ws.tail())


def test_with_several_databases_using_says_whose_transaction_counts(make_site: MakeSite) -> None:
    """Without it, the default one's: where that has no transaction, the publication goes out."""
    archive = "{**DATABASES['default'], 'NAME': BASE_DIR / 'archive.sqlite3'}"
    site = make_site(f"DATABASES['archive'] = {archive}")
    site.adopt()
    assert site.script(TWO_DATABASES).split() == ["1", "0"]


def test_a_signal_publishes_what_the_admin_saves(make_site: MakeSite) -> None:
    """The guide's other way to publish, without a line in any view."""
    site = make_site()
    site.adopt()
    ready = (
        "from django.apps import AppConfig\n\n\n"
        "class OrdersConfig(AppConfig):\n    name = 'orders'\n\n"
        "    def ready(self):\n        from orders import signals  # noqa: F401\n"
    )
    site.write("orders/apps.py", ready)
    assert site.script(SAVED).strip() == "{'id': 1, 'state': 'sent'}"


def test_wrong_settings_stop_migrate_and_not_gunicorn(make_site: MakeSite) -> None:
    """The guide tells a team to run ``check`` in CI: WSGI servers don't check."""
    site = make_site()
    site.adopt()
    site.add_to_settings("WS_SERVICE['REDIS'] = 'redis://redis:6379/0'")
    assert "ws_service.E002" in site.manage("migrate", fails=True)
    assert site.script("import mysite.wsgi; print(mysite.wsgi.application)")
    first = "from orders.topics import publish_order\nfrom orders.models import Order\n"
    printed = site.run(
        *(sys.executable, "-c", f"import mysite.wsgi\n{first}publish_order(Order.objects.get())"),
        fails=True,
    )
    assert "InvalidSettings" in printed


def test_the_sites_own_suite_needs_no_redis(make_site: MakeSite) -> None:
    """CI goes on as before: the view that asks for a position, the view that publishes."""
    site = make_site(redis_url="redis://127.0.0.1:1/0")  # nobody listens there
    site.adopt()
    site.write("orders/tests.py", OWN_SUITE)
    assert "OK" in site.manage("test", "orders")


@pytest.mark.browser
def test_a_service_at_a_host_of_its_own_gets_the_cookie_of_the_domain(
    make_site: MakeSite, production: StartProduction, page: Page
) -> None:
    """SESSION_COOKIE_DOMAIN covers both, CLIENT_URL names the one, ALLOWED_ORIGINS the other."""
    (lines,) = (
        block
        for block in guide.section("A path, several sites, several hosts").blocks("python")
        if "SESSION_COOKIE_DOMAIN" in block
    )
    site = make_site()
    site.adopt()
    for public, here in (
        ("wss://live.example.com", f"ws://live.shop.localhost:{site.port}"),
        ("https://www.example.com", f"http://www.shop.localhost:{site.port}"),
        ("example.com", "shop.localhost"),
    ):
        assert public in lines
        lines = lines.replace(public, here)
    site.add_to_settings(lines)
    running = production(site).start()
    log_in(page, running, host="www.shop.localhost")
    site.manage("publish", "orders:1", '{"id": 1, "state": "sent"}')
    expect(page.locator("#order-1")).to_have_text("sent", timeout=LIMIT_MS)


@pytest.mark.browser
def test_a_site_below_a_path_has_its_sockets_at_the_root_or_where_client_url_says(
    make_site: MakeSite, production: StartProduction, page: Page
) -> None:
    """FORCE_SCRIPT_NAME moves pages and static files; the service knows nothing of it."""
    site = make_site("FORCE_SCRIPT_NAME = '/shop'")
    site.adopt()
    conf = site.folder / "nginx.conf"
    below = conf.read_text().replace("location /static/", "location /shop/static/")
    pages = "location / { proxy_pass http://web:8000;"
    assert pages in below
    below = below.replace(pages, "location /shop/ { proxy_pass http://web:8000/;")
    conf.write_text(below)
    (block,) = guide.section("A path, several sites, several hosts").blocks("nginx")
    block_file = site.folder / "ws-service.conf"
    block_file.write_text(block_file.read_text() + block)
    running = production(site).start()
    log_in(page, running, below="/shop")
    site.manage("publish", "orders:1", '{"id": 1, "state": "sent"}')
    expect(page.locator("#order-1")).to_have_text("sent", timeout=LIMIT_MS)
    (path,) = re.findall(r"^location (/shop/connection/) ", block, re.MULTILINE)
    cookie = f"sessionid={site.log_in()}"
    with listening(running.port, cookie, origin=running.origin, path=f"{path}websocket") as own:
        site.manage("publish", "orders:1", '{"id": 1, "state": "back"}')
        assert own.hear() == {"id": 1, "state": "back"}
