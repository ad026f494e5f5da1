"""The user's notifications, and the few things that can be done with them."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from example.notifications.forms import NotificationForm
from example.notifications.models import Notification, tell
from example.pages.cookie_jars import cookie_jars

SHOWN = 20
SUGGESTION = "Your tea is ready"


@login_required
@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """The last ones; more come as they are sent."""
    form = NotificationForm(request.user, initial={"user": request.user.pk, "text": SUGGESTION})
    context = {"notifications": _last(request), "form": form, "jars": cookie_jars(request)}
    return render(request, "notifications/list.html", context)


@login_required
@never_cache
@require_safe
def unread(request: HttpRequest) -> JsonResponse:
    """What the bell asks for when it can't know what it has missed."""
    return JsonResponse({"unread": Notification.unread_of(request.user.pk).count()})


@login_required
@require_POST
def read(request: HttpRequest) -> JsonResponse:
    """All are read: the bell becomes quiet on each of the user's pages, not only on this one."""
    Notification.unread_of(request.user.pk).update(is_read=True)
    tell(request.user.pk)
    return JsonResponse({"read": True})


@login_required
@require_POST
def send(request: HttpRequest) -> JsonResponse:
    """Send one; saving it tells its user."""
    form = NotificationForm(request.user, request.POST)
    if not form.is_valid():
        message = " ".join(text for texts in form.errors.values() for text in texts)
        return JsonResponse({"error": {"code": "not_sent", "message": message}}, status=400)
    return JsonResponse(form.save().as_data(), status=201)


def _last(request: HttpRequest) -> list[Notification]:
    return list(Notification.objects.filter(user_id=request.user.pk)[:SHOWN])
