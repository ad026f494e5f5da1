"""The view that gives tokens to the pages of a site; ``ws_service.urls`` has its path."""

import logging
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final

import msgspec
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from ws_service.errors import InvalidTopicName, UnknownTopic
from ws_service.identity.users import anonymous
from ws_service.tokens import connection_token, subscription_token
from ws_service.topics import Topic, site_topics

logger = logging.getLogger(__name__)

BODY_LIMIT_BYTES: Final = 4_096


class Wanted(msgspec.Struct):
    """What a page asks for: a token for a topic, or for its connection."""

    channel: str | None = None


@never_cache
@csrf_protect
def token(request: HttpRequest) -> HttpResponseBase:
    """Answer ``POST {}`` with ``{"token": …}`` for a connection of the user who is logged in.

    ``POST {"channel": "orders:42"}`` gives one for a subscription, once the topic's
    ``can_subscribe`` has said yes, asked here, in the site's own request. 403: nobody is logged in
    or the topic says no; 400: the body isn't understood, or names no topic of the site; 405: no
    POST. All with ``{"error": "…"}``. A policy that raises fails the request, as in any view.
    """
    if request.method != "POST":
        refused = HttpResponseNotAllowed(["POST"], content_type="application/json")
        refused.content = b'{"error": "POST, please"}'
        return refused
    body = request.read(BODY_LIMIT_BYTES + 1)
    try:
        if len(body) > BODY_LIMIT_BYTES:
            raise ValueError("too large")
        wanted = msgspec.json.decode(body or b"{}", type=Wanted)
    except (ValueError, RecursionError):
        return _refusal(400, 'write {} for a connection, {"channel": "…"} for a subscription')
    user = getattr(request, "user", None) or anonymous()
    if wanted.channel is None:
        if not user.is_authenticated:
            return _refusal(403, "nobody is logged in")
        return JsonResponse({"token": connection_token(user)})
    return _for_subscription(user, wanted.channel)


def _for_subscription(user: Any, channel: str) -> JsonResponse:
    try:
        topic = site_topics().match(channel).seen_by(user)
    except (UnknownTopic, InvalidTopicName) as error:
        logger.warning("A page asked for a token: %s", error)
        return _refusal(400, "the site has no such topic")
    if not _may_subscribe(topic):
        return _refusal(403, "this user may not subscribe to this topic")
    # The service may run without the site's code, and then can't ask for it.
    info = _answer_of(topic.info)
    return JsonResponse({"token": subscription_token(user, channel, info=info)})


def _may_subscribe(topic: Topic) -> bool:
    try:
        return bool(_answer_of(topic.can_subscribe))
    except (PermissionDenied, Http404):
        return False


def _answer_of(method: Any) -> Any:
    if iscoroutinefunction(method):
        return async_to_sync(method)()
    answer = method()
    if isawaitable(answer):
        # Its truth would be a coroutine's, which is always true.
        if hasattr(answer, "close"):
            answer.close()
        raise TypeError(f"{method.__qualname__} awaits: it must be an async def")
    return answer


def _refusal(status: int, text: str) -> JsonResponse:
    return JsonResponse({"error": text}, status=status)
