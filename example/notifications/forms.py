from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet

from example.accounts.demonstration import ONE_CLICK_USERS
from example.accounts.models import User
from example.notifications.models import Notification


class RecipientField(forms.ModelChoiceField):
    """Users by the name that others see."""

    def label_from_instance(self, user: User) -> str:
        return user.get_short_name()


class NotificationForm(forms.ModelForm):
    """To whom, and what."""

    user = RecipientField(User.objects.none(), label="To", empty_label=None)

    class Meta:
        model = Notification
        fields = ("user", "text")

    def __init__(self, sender: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["user"].queryset = _recipients(sender)
        self.fields["text"].widget.attrs["autocomplete"] = "off"


def _recipients(sender: User) -> "QuerySet[User]":
    """Oneself; and in the demonstration those whom everybody may be."""
    demonstration = [one.email for one in ONE_CLICK_USERS.values()] if settings.DEMO else []
    return User.objects.filter(Q(pk=sender.pk) | Q(email__in=demonstration, is_active=True))
