"""The README's page: its view, its template and its JavaScript, in a browser."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from devkit.child import Child
from devkit.ports import free_port
from devkit.redis_server import RedisServer
from tests.integration.test_readme import make_fresh_site, readme_blocks, readme_parts
from tests.live import LOGIN, Service, http_answer, wait_until

pytestmark = pytest.mark.browser

LIMIT_MS = 20_000
# What the README leaves to its reader: orders, the address of the page, what show() does.
MODELS = """
from django.conf import settings
from django.db import models


class Order(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="orders")
"""
URLS = """
from django.urls import path
from mysite.views import orders

urlpatterns = [path("orders/", orders)]
"""
SHOW = """
function show(data) {
  const line = document.createElement("li");
  line.textContent = `${data.id}: ${data.state}`;
  document.getElementById("orders").append(line);
}
"""


class ReadmeSite:
    """A fresh site with the README's page under runserver, and the service beside it."""

    def __init__(self, parent: Path, redis_url: str) -> None:
        self.site = make_fresh_site(parent, redis_url)
        self.port = free_port()
        serve = ("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}")
        log = parent / "service.log"
        self.service = Service(self.site, log, serve, settings="mysite.settings")
        self.web = Child(
            "runserver",
            [
                *(sys.executable, "-m", "django", "runserver", "--noreload"),
                f"127.0.0.1:{self.port}",
            ],
            env=self.site.environment(),
            cwd=self.site.folder,
            log=parent / "web.log",
        )
        self._write_the_page()
        self._move_the_ports()
        self.site.manage("migrate", "--run-syncdb")
        login = LOGIN.format(
            user="create_user('grace', password='x')",
            backend="django.contrib.auth.backends.ModelBackend",
        )
        self.session_key = self.site.run_in_django(login).strip()

    def url(self, path: str) -> str:
        """By the name of the machine that runserver prints."""
        return f"http://127.0.0.1:{self.port}{path}"

    def publish(self, state: str) -> None:
        """The README's publish(), from a process of its own."""
        line = readme_parts()["anywhere"]
        assert line.count('"paid"') == 1
        self.site.run_in_django(
            "from django.contrib.auth import get_user_model\n"
            "user = get_user_model().objects.get()\n"
            f"#{line}".replace('"paid"', repr(state))
        )

    def _write_the_page(self) -> None:
        package = self.site.folder / "mysite"
        (page,) = readme_blocks("django")
        (script,) = readme_blocks("js")
        files = {
            "models.py": MODELS,
            "urls.py": URLS,
            "views.py": readme_blocks("python")[1],
            "templates/orders.html": f'<link rel="icon" href="data:,"><ul id="orders"></ul>{page}',
            "static/mysite/orders.js": SHOW + script,
        }
        for name, text in files.items():
            (package / name).parent.mkdir(parents=True, exist_ok=True)
            (package / name).write_text(text)

    def _move_the_ports(self) -> None:
        """8000 and 8001 may be taken here."""
        settings = self.site.folder / "mysite" / "settings.py"
        text = settings.read_text()
        assert text.count('":8001"') == 1
        assert text.count("127.0.0.1:8000") == 1
        text = text.replace('":8001"', f'":{self.service.port}"')
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        settings.write_text(f"{text}\nINSTALLED_APPS += ['mysite']\n")


@pytest.fixture
def readme_site(tmp_path: Path, redis_server: RedisServer) -> Iterator[ReadmeSite]:
    readme_site = ReadmeSite(tmp_path, redis_server.url)
    with readme_site.web:
        readme_site.service.start()
        try:
            wait_until(lambda: http_answer(readme_site.port)[0] != 0)
            yield readme_site
        finally:
            readme_site.service.stop()


@pytest.fixture
def page(readme_site: ReadmeSite, context: BrowserContext) -> Page:
    """A page of somebody who is logged in."""
    cookie = {"name": "sessionid", "value": readme_site.session_key, "url": readme_site.url("/")}
    context.add_cookies([cookie])
    return context.new_page()


@pytest.mark.promise("readme")
def test_the_readmes_page_shows_each_publication_once(readme_site: ReadmeSite, page: Page) -> None:
    """Also of what was published while the page was loading, and while the service was away."""

    def publish_first(route: Route) -> None:
        readme_site.publish("placed")
        route.continue_()

    lines = page.locator("#orders li")
    page.route("**/mysite/orders.js", publish_first)
    page.goto(readme_site.url("/orders/"))
    expect(lines).to_have_text(["42: placed"], timeout=LIMIT_MS)

    readme_site.service.stop()
    readme_site.publish("paid")
    readme_site.service.start()
    readme_site.publish("sent")

    expect(lines).to_have_text(["42: placed", "42: paid", "42: sent"], timeout=LIMIT_MS)


@pytest.mark.promise("readme")
def test_the_readmes_page_says_in_the_console_that_it_may_not_subscribe(
    readme_site: ReadmeSite, page: Page
) -> None:
    """A page that stays silent has its reason where its author looks."""
    template = readme_site.site.folder / "mysite" / "templates" / "orders.html"
    others = template.read_text().replace("user_pk=user.pk", "user_pk=4242")
    template.write_text(others)

    with page.expect_console_message(
        lambda message: "permission denied (103)" in message.text, timeout=LIMIT_MS
    ):
        page.goto(readme_site.url("/orders/"))
