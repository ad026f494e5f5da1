from django.conf import settings
from django.urls import path
from django.views.generic import RedirectView

from example.pages import views
from example.pages.rooms import LOBBY

urlpatterns = [
    path("about/", views.about, name="about"),
    # Pages without a link to an icon, such as the admin's, make browsers ask for this one.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}example/icon.svg")),
    path("examples/", RedirectView.as_view(pattern_name="about")),
    path("examples/index/", views.index, name="index"),
    path("examples/chat/", views.rooms, name="rooms"),
    path(f"examples/chat/{LOBBY}/", RedirectView.as_view(pattern_name="rooms")),
    path("examples/chat/<path:room>/", views.rooms, name="room"),
    path("examples/dashboard/", views.dashboard, name="dashboard"),
    path("examples/dashboard/point/", views.send_point, name="send-point"),
    # With the slash: addresses that only lack theirs are still led to the right place.
    path("examples/<path:rest>/", views.not_found),
]
