"""The ticker's page: everything on it comes from the topic."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from example.ticker.prices import SHARES


@require_safe
def ticker(request: HttpRequest) -> HttpResponse:
    return render(request, "ticker/ticker.html", {"shares": SHARES})
