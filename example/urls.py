"""What the site serves over HTTP. Its WebSocket paths are in ``example/routing.py``."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("example.counter.urls")),
    path("", include("example.pages.urls")),
    path("orders/", include("example.orders.urls")),
    path("chat/", include("example.chat.urls")),
    path("notifications/", include("example.notifications.urls")),
    path("ticker/", include("example.ticker.urls")),
    path("whiteboard/", include("example.whiteboard.urls")),
    path("game/", include("example.game.urls")),
    path("device/", include("example.device.urls")),
    path("accounts/", include("example.accounts.urls")),
    path("live/", include("ws_service.urls")),
    path("admin/", admin.site.urls),
    # While developing; elsewhere the proxy serves what was uploaded.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
