"""The forms that differ from Django's because a user has an e-mail address, not a user name."""

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, AuthenticationForm, UserChangeForm

from example.accounts.models import User


class LoginForm(AuthenticationForm):
    """Django's login form with the keyboard and the auto-fill of an e-mail field."""

    username = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "email"}),
    )


class NewUserForm(AdminUserCreationForm):
    """The admin's form for a new user."""

    class Meta:
        model = User
        fields = ("email", "name")


class ChangeUserForm(UserChangeForm):
    """The admin's form for an existing user."""

    class Meta:
        model = User
        fields = "__all__"
