from django.urls import path

from example.whiteboard import views

urlpatterns = [path("", views.whiteboard, name="whiteboard")]
