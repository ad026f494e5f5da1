from typing import Any

from django.conf import settings
from django.http import HttpRequest

from example.accounts.demonstration import ONE_CLICK_USERS


def live(request: HttpRequest) -> dict[str, Any]:
    """What every page needs to know: where the service is, and who one may become by a click."""
    return {
        "live_url": settings.LIVE_URL,
        "one_click_users": ONE_CLICK_USERS.values() if settings.DEMO else (),
    }
