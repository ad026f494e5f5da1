from django.urls import path

from example.game import views

urlpatterns = [path("", views.game, name="game")]
