from django.urls import path

from example.counter import views

urlpatterns = [
    path("", views.compare, name="start"),
    path("demonstration/<slug:action>/", views.act, name="act"),
]
