from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from example.accounts.forms import LoginForm
from example.accounts.views import be

urlpatterns = [
    path(
        "login/",
        LoginView.as_view(authentication_form=LoginForm, redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("be/<slug:who>/", be, name="be"),
]
