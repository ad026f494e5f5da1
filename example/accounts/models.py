"""The site's own user model."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone

from example.accounts.managers import UserManager


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who logs in by e-mail and is shown to others by name."""

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField("name", max_length=80, blank=True)
    is_staff = models.BooleanField("may use the admin", default=False)
    is_active = models.BooleanField("active", default=True)
    date_joined = models.DateTimeField("joined", default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = type(self).objects.normalize_email(self.email)

    def get_full_name(self) -> str:
        return self.get_short_name()

    def get_short_name(self) -> str:
        """The name that others see; never the whole e-mail address."""
        return self.name or self.email.partition("@")[0]
