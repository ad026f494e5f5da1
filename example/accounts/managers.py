"""How users are made and found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager

if TYPE_CHECKING:
    from example.accounts.models import User


class UserManager(BaseUserManager["User"]):
    """Makes users with a lower-case e-mail address, and finds them however it is typed."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        # The part before the @ may be case-sensitive by RFC 5321. No mail provider that
        # people use makes the difference, and people type their address in any case.
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=self.normalize_email(username))

    async def aget_by_natural_key(self, username: str | None) -> User:
        return await self.aget(email=self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a user. Raises ValueError without an e-mail address."""
        email = self.normalize_email(email)
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a user who may do everything, for ``createsuperuser``."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
