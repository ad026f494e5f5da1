"""What runs where, with the addresses of this very instance: the start page's picture."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from example.pages.live_address import live_host


@dataclass(frozen=True, slots=True)
class Landscape:
    """Where the parts listen. Nobody but developers is told where Redis is."""

    site: str
    service: str
    redis: str

    @classmethod
    def around(cls, request: HttpRequest) -> Self:
        """The parts as seen from a request."""
        return cls(
            site=request.get_host(),
            service=live_host(request),
            redis=_redis_host() if settings.DEBUG else "",
        )


def _redis_host() -> str:
    address = urlsplit(settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"][0]["address"])
    return address.netloc.rpartition("@")[2]  # without a password
