from django.urls import path

from example.device import views

urlpatterns = [
    path("", views.device, name="device"),
    path("token/", views.token, name="device-token"),
    path("<int:pk>/switch/", views.switch, name="switch"),
]
