"""The device's page, its switch, and the address at which the device itself calls."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from example.device.models import Device
from example.pages.seam import history_or_none
from ws_service import connection_token, topic_name

READINGS = 120


@require_safe
def device(request: HttpRequest) -> HttpResponse:
    """The first device there is, with its last readings."""
    found = Device.objects.first()
    context = {"device": found, "debug": settings.DEBUG}
    if found:
        history = history_or_none(topic_name("device", pk=found.pk), READINGS)
        context["readings"] = [each.data for each in history.publications] if history else []
        context["since"] = history.position if history else None
    return render(request, "device/device.html", context)


@require_POST
def switch(request: HttpRequest, pk: int) -> JsonResponse:
    """Save what is wanted and command it. That it is done, the device itself has to say."""
    if not request.user.is_authenticated:
        message = "You have been logged out. Log in to use the switch."
        return JsonResponse({"error": {"code": "not_allowed", "message": message}}, status=403)
    found = get_object_or_404(Device, pk=pk)
    found.switch(is_on=request.POST.get("lamp") == "on")
    return JsonResponse({"lamp": found.is_lamp_wanted}, status=202)


@csrf_exempt  # no browser calls here, and no cookie counts: the key does
@require_POST
def token(request: HttpRequest) -> JsonResponse:
    """A device shows its key and gets a token for the service, and what is wanted of it."""
    try:
        key = str(json.loads(request.body)["key"])
        found = Device.by_key(key)
    except (ValueError, KeyError, TypeError, Device.DoesNotExist):
        return JsonResponse({"error": {"code": "unknown_key"}}, status=403)
    return JsonResponse(
        {
            "token": connection_token(found.user),
            "topic": topic_name("device", pk=found.pk),
            "lamp": found.is_lamp_wanted,
        }
    )
