"""The field. How the game stands is asked of the service, as often as the page connects."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from example.game.models import GOAL
from example.pages.cookie_jars import cookie_jars


@require_safe
def game(request: HttpRequest) -> HttpResponse:
    return render(request, "game/game.html", {"goal": GOAL, "jars": cookie_jars(request)})
