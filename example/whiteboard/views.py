"""The board as it is now, and from where the page follows it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from example.pages.cookie_jars import cookie_jars
from example.pages.seam import history_or_none
from example.whiteboard import strokes
from example.whiteboard.topics import SIZE
from ws_service import topic_name


@require_safe
def whiteboard(request: HttpRequest) -> HttpResponse:
    """Render the history and hand the page its end: nothing falls in between."""
    board = history_or_none(topic_name("board"), SIZE)
    context = {
        "drawn": [publication.data for publication in board.publications] if board else [],
        "since": board.position if board else None,
        "colours": strokes.COLOURS,
        "sizes": strokes.SIZES,
        "width": strokes.WIDTH,
        "height": strokes.HEIGHT,
        "jars": cookie_jars(request),
    }
    return render(request, "whiteboard/whiteboard.html", context)
