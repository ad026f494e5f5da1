"""The forms that differ from Django's because a user has an e-mail address, not a user name."""

from typing import ClassVar

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, AuthenticationForm, UserChangeForm

from example.accounts.models import User


class LoginForm(AuthenticationForm):
    """Django's login form with the keyboard and the auto-fill of an e-mail field."""

    error_messages: ClassVar = {
        **AuthenticationForm.error_messages,
        "invalid_login": "The e-mail address or the password is wrong. Mind capital letters in"
        " the password; in the address they make no difference.",
    }

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
