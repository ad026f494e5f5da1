"""Who may log in, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.backends import ModelBackend

from example.accounts.models import User

if TYPE_CHECKING:
    from django.http import HttpRequest


class EmailBackend(ModelBackend):
    """Log in with an e-mail address, in whatever case it is typed, and a password."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        *,
        email: str | None = None,
        **_: Any,
    ) -> User | None:
        address = email or username
        if not address or password is None:
            return None
        try:
            user = User.objects.get_by_natural_key(address)
        except User.DoesNotExist:
            # Take as long as for a real user, or the time tells who has an account.
            User().set_password(password)
            return None
        if user.check_password(password) and self.user_can_authenticate(user):
            return user
        return None
