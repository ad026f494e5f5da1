"""The page's side of topics: ``{% ws_client %}`` and ``{% ws_topic %}``.

    {% load ws_service %}
    {% ws_client %}
    {% ws_topic "order" pk=order.pk since=position %}
    <script src="{% static 'mysite/order.js' %}"></script>

Nothing here is inline script: a strict Content-Security-Policy is enough.
"""

import logging
from typing import Final

from django import template
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template import Context, Node, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.templatetags.static import static
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

# From the package: this module shares its name, by which `{% load %}` finds it.
from ws_service.broker.position import Position
from ws_service.conf import load_config
from ws_service.errors import BrokerUnavailable
from ws_service.publishing import position
from ws_service.topics import topic_name

try:
    from django.middleware.csp import get_nonce as _django_nonce
except ImportError:  # Django 5.2 has no policy of its own

    def _django_nonce(request: HttpRequest) -> None:  # type: ignore[misc]
        return None


logger = logging.getLogger("ws_service.templatetags")
register = template.Library()

CLIENT_ELEMENT_ID: Final = "ws-service-client"
_OWN_ARGUMENTS: Final = ("since", "element_id", "token")


@register.simple_tag(takes_context=True)
def ws_client(context: Context, token_url: str | None = None) -> SafeString:
    """Load the official SDK and ``window.wsService``, which knows where the service is.

    Put it before the scripts that use it. The scripts get the request's CSP nonce if it has one:
    django-csp's, or the one of Django 6.

    token_url: where the page gets tokens, ``{% url "ws_service:token" %}``. With it, who is logged
        in connects with a token instead of the session's cookie; needed where the service doesn't
        get that cookie.
    """
    config = load_config()
    told: dict[str, object] = {"url": config.client_url}
    if token_url:
        told["tokens"] = _tokens(context, token_url, config.csrf_header)
    settings = json_script(told, CLIENT_ELEMENT_ID)
    nonce = _nonce(context)
    attribute = format_html(' nonce="{}"', nonce) if nonce else ""
    scripts = (
        format_html('<script src="{}"{}></script>', static(f"ws_service/{name}"), attribute)
        for name in ("centrifuge.js", "client.js")
    )
    return SafeString("\n".join((settings, *scripts)))


def _tokens(context: Context, url: str, csrf_header: str) -> dict[str, object]:
    """How the page's script asks the site for tokens.

    Raises TemplateSyntaxError without a request: the site would refuse the page's questions.
    """
    request = _request(context)
    if request is None:
        raise TemplateSyntaxError("ws_client needs the request in the context for its token_url")
    user = getattr(request, "user", None)
    return {
        "url": url,
        "csrf_header": csrf_header,
        "csrf_token": get_token(request),
        "for_connection": user is not None and user.is_authenticated,
    }


@register.tag
def ws_topic(parser: Parser, token: Token) -> "TopicNode":
    """Tell the page's scripts of a topic, and from where in its history they need it.

        {% ws_topic "order" pk=order.pk since=position %}
        {% ws_topic "order" pk=order.pk since=position as sub %} … {{ sub|json_script:"order" }}

    The name and the keyword arguments are those of ``topic_name()``; it is the topic's name in
    ``topics``, as with ``{% url %}``. The first form writes a ``<script type="application/json">``
    whose id is ``ws-topic-<name>``, or ``element_id=…``; ``wsService.subscription(id)`` reads it.
    The second form gives what is in it:
    ``{"channel": "orders:42", "since": {"offset": 5, "epoch": "xyz"}}``.

    ``since`` is what ``position()`` gave before the view's first query: everything published
    after it reaches the page. Without ``since`` the position is read while the page is rendered,
    which covers only data that is queried later. None: the page gets what is published after it
    has subscribed, and so does it when Redis does not answer while the page is rendered.

    ``token=True``: the page subscribes with a token, which it gets from the ``token_url`` of
    ``{% ws_client %}``. So it does by default where the name begins with ``$``.

    Raises, when rendered:
        InvalidTopicName: no topic has this name and these arguments.
        TypeError: ``since`` is no Position, for instance the name of a variable that isn't there.
    """
    tag, *bits = token.split_contents()
    variable = None
    if bits[-2:-1] == ["as"]:
        *bits, _, variable = bits
    if not bits:
        raise TemplateSyntaxError(f"{tag} needs the name of a topic")
    name = parser.compile_filter(bits.pop(0))
    arguments = token_kwargs(bits, parser)
    if bits:
        raise TemplateSyntaxError(f"{tag}: {bits[0]!r} is no keyword argument")
    return TopicNode(name, arguments, variable)


class TopicNode(Node):
    """One ``{% ws_topic %}`` in a template."""

    def __init__(
        self,
        name: FilterExpression,
        arguments: dict[str, FilterExpression],
        variable: str | None,
    ) -> None:
        self._name = name
        self._arguments = arguments
        self._variable = variable

    def render(self, context: Context) -> str:
        name = self._name.resolve(context)
        given = {key: value.resolve(context) for key, value in self._arguments.items()}
        own = {key: given.pop(key) for key in _OWN_ARGUMENTS if key in given}
        channel = topic_name(name, **given)
        since = own["since"] if "since" in own else self._position(channel, context)
        subscription: dict[str, object] = {"channel": channel, "since": _since(since)}
        if own.get("token", channel.startswith(_PRIVATE)):
            subscription["token"] = True
        if self._variable:
            context[self._variable] = subscription
            return ""
        return json_script(subscription, own.get("element_id") or f"ws-topic-{name}")

    def _position(self, channel: str, context: Context) -> Position | None:
        """Where the topic is now. A broker that is away costs a page one wait and one log line."""
        # The render context lasts for one rendering of one template.
        state = context.render_context
        if state.get(_BROKER_IS_AWAY):
            return None
        try:
            return position(channel)
        except BrokerUnavailable as error:
            state[_BROKER_IS_AWAY] = True
            logger.warning("a page is rendered without positions of its topics: %s", error)
            return None


_PRIVATE: Final = "$"
_BROKER_IS_AWAY: Final = "ws_service: broker is away"


def _since(given: object) -> dict[str, object] | None:
    match given:
        case None | Position(epoch=""):  # without history there is nothing to catch up with
            return None
        case Position(offset=offset, epoch=epoch):
            return {"offset": offset, "epoch": epoch}
    raise TypeError(
        f"since must be what position() gave, or None, not {given!r}: "
        "is the variable in the template's context?"
    )


def _request(context: Context) -> HttpRequest | None:
    found: HttpRequest | None = context.get("request") or getattr(context, "request", None)
    return found


def _nonce(context: Context) -> str | None:
    """The nonce of the page's Content-Security-Policy.

    A lazy nonce is false until it is used, so it is compared with None.
    """
    request = _request(context)
    nonces = (
        context.get("csp_nonce"),
        getattr(request, "csp_nonce", None),
        _django_nonce(request) if request else None,
    )
    return next((str(nonce) for nonce in nonces if nonce is not None), None)
