"""Ordinary synchronous views. None of them knows what a WebSocket is."""

import logging

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from example.pages import points
from example.pages.rooms import LOBBY, NAME_LIMIT, SUGGESTED_ROOMS, ImpossibleRoom, room_named

logger = logging.getLogger(__name__)


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    return render(request, "example/start.html")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "example/index.html")


@require_safe
def chat(request: HttpRequest, room: str = LOBBY) -> HttpResponse:
    """The page of one room; ``?room=…`` is what the form for another room sends."""
    try:
        if "room" in request.GET:
            return redirect("room", room=room_named(request.GET["room"]))
        room = room_named(room)
    except ImpossibleRoom as error:
        messages.error(request, str(error))
        return redirect("chat")
    return render(
        request,
        "example/chat.html",
        {
            "room": room,
            "lobby": LOBBY,
            "rooms": SUGGESTED_ROOMS if room in SUGGESTED_ROOMS else (*SUGGESTED_ROOMS, room),
            "name_limit": NAME_LIMIT,
            # Two hosts are two cookie jars, so one browser can be two people.
            "jars": [f"{host}:{request.get_port()}" for host in ("localhost", "127.0.0.1")],
        },
    )


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "example/dashboard.html")


@require_POST
def spike(request: HttpRequest) -> JsonResponse:
    """Send a point at once, from synchronous code, to dashboards held by another process."""
    name = request.user.get_short_name() if request.user.is_authenticated else "anonymous"
    try:
        points.send(points.measure(spike_by=name))
    except points.ChannelLayerUnreachable as error:
        logger.warning("A spike was not sent: the channel layer is unreachable (%s)", error)
        return JsonResponse(
            {
                "error": {
                    "code": "channel_layer_unreachable",
                    "message": "The point was not sent: the site can't reach Redis, through which"
                    " it talks to the service. Try again when Redis is back.",
                }
            },
            status=503,
        )
    return JsonResponse({"sent": True})
