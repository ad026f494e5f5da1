"""Whitenoise and hashed names: the library's static files pass through ``collectstatic``."""

import json

import pytest
from playwright.sync_api import Page, Response, expect

from tests.adoption.site import MakeSite, StartProduction
from tests.adoption.visits import LIMIT_MS, log_in

WHITENOISE = """
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
"""
# The strictest that Django has: it follows `import` and `export` in scripts, too.
STRICT_STORAGE = """
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
"""
NGINX_FILES = "    location /static/"
SCRIPTS = ("ws_service/centrifuge.js", "ws_service/client.js", "orders/live.js")


@pytest.mark.browser
def test_a_page_of_whitenoise_with_hashed_names_receives_a_push(
    make_site: MakeSite,
    production: StartProduction,
    page: Page,
) -> None:
    """``collectstatic`` reads every source map and every url() in a file, and stops at one that
    leads nowhere.
    """
    site = make_site(WHITENOISE)
    running = production(site)
    # Gunicorn serves them: nginx has no files.
    lines = running.nginx_conf.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(NGINX_FILES)]
    running.nginx_conf.write_text("".join(kept))
    site.adopt()
    running.start()
    answers: dict[str, Response] = {}
    page.on("response", lambda answer: answers.update({answer.url: answer}))

    log_in(page, running)
    site.manage("publish", "orders:1", '{"id": 1, "state": "sent"}')
    expect(page.locator("#order-1")).to_have_text("sent", timeout=LIMIT_MS)

    manifest = json.loads((site.folder / "static-files" / "staticfiles.json").read_text())["paths"]
    for name in SCRIPTS:
        assert manifest[name] != name
        answer = answers[f"{running.origin}/static/{manifest[name]}"]
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] in ("gzip", "br")


def test_collectstatic_passes_with_imports_followed(make_site: MakeSite) -> None:
    """Django looks into every script then, also into a minified one."""
    site = make_site(WHITENOISE)
    site.adopt()
    site.write("mysite/storage.py", STRICT_STORAGE)
    site.add_to_settings("STORAGES['staticfiles']['BACKEND'] = 'mysite.storage.StaticFiles'")
    site.manage("collectstatic", "--noinput")
    collected = {file.name.split(".")[0] for file in (site.folder / "static-files").rglob("*.js")}
    assert {"centrifuge", "client", "live"} <= collected
