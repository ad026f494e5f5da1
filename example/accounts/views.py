"""The one-click login of the demonstration. Everything else is Django's."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from example.accounts.demonstration import ONE_CLICK_USERS
from example.accounts.models import User


def be(request: HttpRequest, who: str) -> HttpResponse:
    """Become Ada or Grace without a password; there is no such page unless DEMO is on."""
    if not settings.DEMO or who not in ONE_CLICK_USERS:
        raise Http404("There is no such page.")
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    user = User.objects.filter(email=ONE_CLICK_USERS[who].email, is_active=True).first()
    if user is None:
        messages.error(
            request,
            "The demonstration's users are not there. Make them with"
            " “python -m example.manage demo_users”.",
        )
        return redirect("login")
    login(request, user)
    return redirect(_next_page(request))


def _next_page(request: HttpRequest) -> str:
    """Where to go: back to the page with the button, never to another site."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return target
    return resolve_url(settings.LOGIN_REDIRECT_URL)
