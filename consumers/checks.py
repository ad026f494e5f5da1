"""Nobody should run the demonstrations in production without knowing."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004


@register()
def check_demo_is_meant(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG or not settings.DEMO_CONSUMERS:
        return []
    return [
        Warning(
            "The demonstration consumers are routed in production: anybody may chat and echo.",
            hint="Unset DEMO_CONSUMERS unless that is what you want.",
            id="consumers.W001",
        )
    ]
