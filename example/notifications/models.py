"""Something that one user should know."""

from typing import Any, Self

from django.conf import settings
from django.db import models, transaction

from ws_service import publish


class Notification(models.Model):
    """Saved for one user, and told to every page that the user has open."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    text = models.CharField(max_length=200)
    is_read = models.BooleanField("read", default=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"To {self.user}: {self.text}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new one is told as soon as the transaction is committed."""
        is_new = self._state.adding
        with transaction.atomic():
            super().save(*args, **kwargs)
            if is_new:
                tell(self.user_id, self)

    def as_data(self) -> dict[str, Any]:
        """What a page needs to show it."""
        return {
            "id": self.pk,
            "text": self.text,
            "is_read": self.is_read,
            "at": self.at.isoformat(timespec="milliseconds"),
        }

    @classmethod
    def unread_of(cls, user_id: int) -> models.QuerySet[Self]:
        return cls._default_manager.filter(user_id=user_id, is_read=False)


def tell(user_id: int, new: Notification | None = None) -> None:
    """Tell all of a user's pages how many are unread, and what is new."""
    data = {"unread": Notification.unread_of(user_id).count(), "new": new and new.as_data()}
    publish(f"#{user_id}", data)
