from django.urls import path

from example.ticker import views

urlpatterns = [path("", views.ticker, name="ticker")]
