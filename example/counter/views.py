"""The front page, and the buttons on it that dev.py answers."""

import logging

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from example.counter import control
from example.counter.models import Counter
from example.pages.seam import position_or_none
from ws_service import topic_name

logger = logging.getLogger(__name__)

SIDES = (
    {
        "id": "left",
        "title": "Plain Channels",
        "call": 'group_send("counter", {"type": "counter.step", "n": n})',
    },
    {"id": "right", "title": "ws-service", "call": 'publish("counter:1", {"n": n})'},
)


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Stock Channels on the left, ws-service on the right, the same counter to both."""
    # The position first, the number second: what is published in between comes twice, which a
    # page can see by the number, and never not at all.
    since = position_or_none(topic_name("counter", number=1))
    return render(
        request,
        "counter/compare.html",
        {
            "since": since,
            "counter": Counter.first(),
            "sides": SIDES,
            "actions": control.offered(request),
        },
    )


@require_POST
def act(request: HttpRequest, action: str) -> JsonResponse:
    """Ask dev.py to restart the service, or to stop Redis for five seconds."""
    if action not in control.offered(request):
        raise Http404("There is no such page.")
    try:
        control.ask(action)
    except control.NobodyListens as error:
        logger.warning("%s was asked for, and nobody listens: %s", action, error)
        message = "dev.py did not listen. Is it still running?"
        return JsonResponse({"error": {"code": "nobody_listens", "message": message}}, status=503)
    return JsonResponse({"asked": action}, status=202)
