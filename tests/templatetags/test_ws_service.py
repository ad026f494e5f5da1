"""What the template tags write into a page."""

import importlib
import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import django
import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.utils.functional import SimpleLazyObject, lazystr

from devkit.redis_server import RedisServer
from tests.live import CHECKOUT
from ws_service.broker.position import Position
from ws_service.errors import InvalidTopicName
from ws_service.publishing import position, publish
from ws_service.topics import Topic, topic

SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>")
SRC = re.compile(r'src="([^"]*)"')


class OrderTopic(Topic):
    """Kept for a while, as topics are by default."""


class CursorTopic(Topic):
    """Where somebody's mouse is: only the present is of interest."""

    history = None


@pytest.fixture(autouse=True)
def page_settings(settings: Any, monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer) -> Any:
    """A site with topics and a Redis."""
    routing = ModuleType("page_routing")
    routing.topics = [  # type: ignore[attr-defined]
        topic("orders:<int:pk>", OrderTopic, name="order"),
        topic("cursor", CursorTopic, name="cursor"),
        topic("$secret:<int:pk>", OrderTopic, name="secret"),
        topic("notes:<str:id>", OrderTopic, name="note"),
    ]
    monkeypatch.setitem(sys.modules, "page_routing", routing)
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
    settings.STATIC_URL = "/static/"
    configure(settings, REDIS_URL=redis_server.url)
    return settings


def configure(settings: Any, **options: Any) -> None:
    settings.WS_SERVICE = {"ROUTING": "page_routing", **options}


def rendered(text: str, **variables: Any) -> str:
    return Template("{% load ws_service %}" + text).render(Context(variables))


def data_of(html: str, element_id: str) -> Any:
    """What ``JSON.parse(document.getElementById(element_id).textContent)`` gives."""
    for attributes, content in SCRIPT.findall(html):
        if f'id="{element_id}"' in attributes:
            assert 'type="application/json"' in attributes
            return json.loads(content)
    raise AssertionError(f"no {element_id} in {html}")


@pytest.mark.parametrize("url", [None, ":8001", "wss://live.example.com"])
def test_the_page_learns_where_the_service_is(page_settings: Any, url: str | None) -> None:
    """Where that is differs between development, staging and production."""
    configure(page_settings, CLIENT_URL=url)
    assert data_of(rendered("{% ws_client %}"), "ws-service-client") == {"url": url}


def with_request(text: str, **attributes: Any) -> str:
    request = HttpRequest()
    for name, value in attributes.items():
        setattr(request, name, value)
    return Template("{% load ws_service %}" + text).render(RequestContext(request))


@pytest.mark.parametrize("is_authenticated", [True, False])
def test_the_page_learns_where_its_tokens_come_from(
    page_settings: Any, is_authenticated: bool
) -> None:
    """Strangers have none for their connection, and still may need one for a topic."""
    page_settings.CSRF_HEADER_NAME = "HTTP_X_XSRF_TOKEN"
    user = SimpleNamespace(is_authenticated=is_authenticated)
    html = with_request('{% ws_client token_url="/live/token/" %}', user=user)
    tokens = data_of(html, "ws-service-client")["tokens"]
    assert len(tokens.pop("csrf_token")) == 64
    assert tokens == {
        "url": "/live/token/",
        "csrf_header": "X-XSRF-TOKEN",
        "for_connection": is_authenticated,
    }


def test_tokens_need_the_request() -> None:
    """Otherwise the site would refuse the page's questions, one by one, in production."""
    with pytest.raises(TemplateSyntaxError, match="request"):
        rendered('{% ws_client token_url="/live/token/" %}')


def test_a_topic_is_subscribed_to_with_a_token_if_it_says_so() -> None:
    """A name that begins with ``$`` says so itself."""
    for tag, needs in [
        ('{% ws_topic "order" pk=42 since=None %}', False),
        ('{% ws_topic "order" pk=42 since=None token=True %}', True),
        ('{% ws_topic "secret" pk=42 since=None element_id="ws-topic-order" %}', True),
    ]:
        assert ("token" in data_of(rendered(tag), "ws-topic-order")) is needs


def test_the_sdk_is_loaded_before_what_uses_it_and_nothing_is_inline() -> None:
    """A strict Content-Security-Policy refuses inline script."""
    scripts = SCRIPT.findall(rendered("{% ws_client %}"))
    assert [content for attributes, content in scripts if "src=" in attributes] == ["", ""]
    sources = [found[1] for attributes, _ in scripts if (found := SRC.search(attributes))]
    assert [Path(source).name for source in sources] == ["centrifuge.js", "client.js"]
    inline = [attributes for attributes, _ in scripts if "src=" not in attributes]
    assert [attributes for attributes in inline if "application/json" not in attributes] == []


def lazily(nonce: str) -> SimpleLazyObject:
    """As django-csp and Django 6 have it: false until it is used."""

    class Lazy(SimpleLazyObject):
        def __bool__(self) -> bool:
            return False

    return Lazy(lambda: nonce)


def test_the_scripts_carry_the_nonce_of_django_csp() -> None:
    """A policy with 'strict-dynamic' allows only what has one."""
    request = HttpRequest()
    request.csp_nonce = lazily("bm9uY2U")  # type: ignore[attr-defined]
    for context in (RequestContext(request), Context({"request": request})):
        html = Template("{% load ws_service %}{% ws_client %}").render(context)
        assert html.count(' nonce="bm9uY2U"></script>') == 2


def test_the_scripts_carry_the_nonce_of_djangos_context_processor() -> None:
    """Django 6 has a policy of its own."""
    assert rendered("{% ws_client %}", csp_nonce=lazily('a"b')).count(' nonce="a&quot;b">') == 2


if django.VERSION >= (6, 0):  # a skipped test would count as left out

    def test_the_scripts_carry_the_nonce_of_djangos_middleware() -> None:
        """The context processor may be missing where the middleware isn't."""
        csp = importlib.import_module("django.middleware.csp")
        request = HttpRequest()
        csp.ContentSecurityPolicyMiddleware(HttpResponse).process_request(request)
        html = Template("{% load ws_service %}{% ws_client %}").render(RequestContext(request))
        assert html.count(f' nonce="{csp.get_nonce(request)}"></script>') == 2


def test_without_a_policy_there_is_no_nonce() -> None:
    """An empty one would be a mistake in every validator."""
    assert "nonce" not in rendered("{% ws_client %}", request=HttpRequest())


def test_a_topic_is_written_with_the_position_of_the_view() -> None:
    """From there the page's state is continued without a gap."""
    html = rendered('{% ws_topic "order" pk=42 since=seen %}', seen=Position(5, "xyz"))
    assert data_of(html, "ws-topic-order") == {
        "channel": "orders:42",
        "since": {"offset": 5, "epoch": "xyz"},
    }


def test_a_topic_can_be_kept_in_a_variable() -> None:
    """To write it under another id, or to hand it to something else of the page."""
    html = rendered(
        "{% ws_topic name pk=order.pk since=seen as sub %}"
        '{{ sub.channel }}{{ sub|json_script:"s" }}',
        name="order",
        order={"pk": 7},
        seen=Position(1, "e"),
    )
    assert html.startswith("orders:7<script")
    assert data_of(html, "s") == {"channel": "orders:7", "since": {"offset": 1, "epoch": "e"}}


def test_several_topics_of_one_kind_have_ids_of_their_own() -> None:
    """A list of orders, each of them live."""
    html = rendered('{% ws_topic "order" pk=1 since=None element_id="first" %}')
    assert data_of(html, "first") == {"channel": "orders:1", "since": None}


def test_a_parameter_of_a_topic_may_be_called_id() -> None:
    """Half of all URL patterns have one."""
    html = rendered('{% ws_topic "note" id="x" since=None %}')
    assert data_of(html, "ws-topic-note")["channel"] == "notes:x"


def test_what_a_user_wrote_does_not_end_the_script() -> None:
    """A topic's name may have been chosen by somebody else."""
    html = rendered('{% ws_topic "note" id=id since=None %}', id="<&'\"!--")
    assert html.count("<") == 2
    assert data_of(html, "ws-topic-note")["channel"] == "notes:<&'\"!--"


def test_without_since_the_position_is_read_while_the_page_is_rendered() -> None:
    """Enough for a page that queries later, in its template or by a request of its own."""
    publish("orders:11", {"n": 1}, on_commit=False)
    now = position("orders:11")
    html = rendered('{% ws_topic "order" pk=11 %}')
    assert data_of(html, "ws-topic-order")["since"] == {
        "offset": now.offset,
        "epoch": now.epoch,
    }
    assert now.offset > 0


def test_a_topic_without_history_has_no_since() -> None:
    """There is nothing to catch up with."""
    assert data_of(rendered('{% ws_topic "cursor" %}'), "ws-topic-cursor")["since"] is None


def test_the_page_is_rendered_without_redis_and_the_log_says_so_once(
    page_settings: Any, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Push is away for a while: the shop stays open, and waits for Redis once a page at most."""
    configure(page_settings, REDIS_URL=own_redis.url, PUBLISH_TIMEOUT=0.5)
    own_redis.stop()
    with caplog.at_level(logging.INFO):
        html = rendered('{% ws_topic "order" pk=1 %}{% ws_topic "note" id="x" %}')
    assert data_of(html, "ws-topic-order") == {"channel": "orders:1", "since": None}
    assert data_of(html, "ws-topic-note") == {"channel": "notes:x", "since": None}
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "without positions" in record.message


def test_a_since_that_is_no_position_is_refused() -> None:
    """A variable's name with a typo is an empty string to Django, and would be a silent gap."""
    with pytest.raises(TypeError, match="is the variable in the template's context"):
        rendered('{% ws_topic "order" pk=1 since=postion %}')


def test_an_unknown_topic_is_refused() -> None:
    """As a URL that can't be reversed."""
    with pytest.raises(InvalidTopicName, match="did you mean 'order'"):
        rendered('{% ws_topic "ordr" pk=1 since=None %}')


@pytest.mark.parametrize(
    ("tag", "says"),
    [("{% ws_topic %}", "needs the name"), ('{% ws_topic "order" 42 %}', "'42' is no keyword")],
)
def test_a_malformed_tag_is_refused_when_the_template_is_loaded(tag: str, says: str) -> None:
    """Not only on the one page where it is rendered."""
    with pytest.raises(TemplateSyntaxError, match=says):
        Template("{% load ws_service %}" + tag)


def test_the_static_files_can_be_collected_under_names_with_hashes(tmp_path: Path) -> None:
    """A reference to a source map that isn't there would stop every deployment."""
    (tmp_path / "collecting.py").write_text(
        "from settings.test import *\n"
        'INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.staticfiles"]\n'
        'STATIC_URL, STATIC_ROOT = "static/", "collected"\n'
        'BACKEND = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"\n'
        'STORAGES = {"staticfiles": {"BACKEND": BACKEND}}\n'
    )
    collected = subprocess.run(
        [sys.executable, "-m", "django", "collectstatic", "--no-input", "--settings=collecting"],
        env={"PYTHONPATH": f"{tmp_path}:{CHECKOUT}", "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert collected.returncode == 0, collected.stderr
    manifest = json.loads((tmp_path / "collected" / "staticfiles.json").read_text())
    assert {"ws_service/centrifuge.js", "ws_service/client.js"} <= manifest["paths"].keys()


def test_arguments_of_tags_may_be_lazy() -> None:
    """``reverse_lazy()`` in a view's context, a translated name of an element."""
    request = HttpRequest()
    html = Template(
        "{% load ws_service %}{% ws_client token_url=url %}"
        "{% ws_topic name pk=pk since=None element_id=element %}{% ws_topic name pk=8 since=None %}"
    ).render(
        RequestContext(
            request,
            {
                "url": lazystr("/live/token/"),
                "name": lazystr("order"),
                "pk": lazystr("7"),
                "element": lazystr("an-element"),
            },
        )
    )
    assert '"url": "/live/token/"' in html
    assert '<script id="an-element" type="application/json">{"channel": "orders:7"' in html
    assert '<script id="ws-topic-order" type="application/json">{"channel": "orders:8"' in html
