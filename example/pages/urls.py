from django.urls import path
from django.views.generic import RedirectView

from example.pages import views
from example.pages.rooms import LOBBY

urlpatterns = [
    path("", views.start, name="start"),
    path("examples/", RedirectView.as_view(pattern_name="start")),
    path("examples/index/", views.index, name="index"),
    path("examples/chat/", views.chat, name="chat"),
    path(f"examples/chat/{LOBBY}/", RedirectView.as_view(pattern_name="chat")),
    path("examples/chat/<str:room>/", views.chat, name="room"),
    path("examples/dashboard/", views.dashboard, name="dashboard"),
    path("examples/dashboard/spike/", views.spike, name="spike"),
]
