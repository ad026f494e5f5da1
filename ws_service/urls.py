"""Paths for the site's own ``urls.py``: ``path("live/", include("ws_service.urls"))``."""

from django.urls import path

from ws_service.views import token

app_name = "ws_service"
urlpatterns = [path("token/", token, name="token")]
