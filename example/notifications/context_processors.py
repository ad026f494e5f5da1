from typing import Any

from django.http import HttpRequest

from example.notifications.models import Notification


def bell(request: HttpRequest) -> dict[str, Any]:
    """What the bell on every page shows at first, and where it hears of more."""
    user = getattr(request, "user", None)  # not there when the middleware has failed
    if user is None or not user.is_authenticated:
        return {}
    return {
        "bell_topic": f"#{user.pk}",
        # Templates call it: pages without a bell, such as the admin's, ask no database.
        "unread": lambda: Notification.unread_of(user.pk).count(),
    }
