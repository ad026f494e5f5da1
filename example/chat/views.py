"""The room's page, and the view that saves what is said and tells everybody."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from example.chat.forms import MessageForm
from example.chat.models import Message, Room
from example.pages.cookie_jars import cookie_jars
from example.pages.seam import position_or_none
from ws_service import publish, topic_name

SHOWN = 50


@require_safe
def chat(request: HttpRequest, room: str = Room.LOBBY) -> HttpResponse:
    """What was said last; the page hears the rest from its topic."""
    if room not in Room:
        raise Http404("There is no such room.")
    since = position_or_none(topic_name("chat", room=room))  # before the first query
    said = Message.objects.filter(room=room).select_related("author").order_by("-pk")
    context = {
        "room": Room(room),
        "rooms": Room,
        "said": reversed(said[:SHOWN]),
        "since": since,
        "jars": cookie_jars(request),
    }
    return render(request, "chat/room.html", context)


@require_POST
def say(request: HttpRequest, room: str) -> JsonResponse:
    """Save a message, then publish it."""
    if room not in Room:
        raise Http404("There is no such room.")
    if not request.user.is_authenticated:
        return _refusal(403, "You have been logged out. Log in to say something.")
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _refusal(400, " ".join(form.errors["text"]))
    form.instance.room, form.instance.author = room, request.user
    message = form.save()
    publish(topic_name("chat", room=room), message.as_data())
    return JsonResponse(message.as_data(), status=201)


def _refusal(status: int, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": "not_said", "message": message}}, status=status)
