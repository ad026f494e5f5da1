from django.urls import path

from example.notifications import views

urlpatterns = [
    path("", views.notifications, name="notifications"),
    path("unread/", views.unread, name="unread"),
    path("read/", views.read, name="read"),
    path("send/", views.send, name="notify"),
]
