"""A device that the site knows."""

import hashlib
import secrets
from typing import Self

from django.conf import settings
from django.db import models, transaction

from ws_service import publish


class Device(models.Model):
    """A thing with an account of its own: to the service it is a user like any other.

    Its key is for the site alone, which gives it connection tokens. Only a digest is kept.
    """

    name = models.CharField(max_length=80)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="device"
    )
    key_digest = models.CharField(max_length=64, unique=True, editable=False)
    is_lamp_wanted = models.BooleanField("the lamp should be on", default=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def by_key(cls, key: str) -> Self:
        """The device with this key. Raises DoesNotExist."""
        return cls._default_manager.select_related("user").get(key_digest=_digest(key))

    def new_key(self) -> str:
        """Give the device another key; it is shown once, and the old one is worth nothing."""
        key = secrets.token_urlsafe(32)
        self.set_key(key)
        return key

    def set_key(self, key: str) -> None:
        self.key_digest = _digest(key)

    def switch(self, *, is_on: bool) -> None:
        """Tell the device what is wanted of its lamp. It obeys when it can, and reports."""
        with transaction.atomic():
            self.is_lamp_wanted = is_on
            self.save(update_fields=["is_lamp_wanted"])
            publish(f"#{self.user_id}", {"lamp": is_on})


def _digest(key: str) -> str:
    # The key is long and random: there is nothing to guess, so no slow hash is needed.
    return hashlib.sha256(key.encode()).hexdigest()
