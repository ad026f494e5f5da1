"""What was said, and where."""

from typing import Any

from django.conf import settings
from django.db import models


class Room(models.TextChoices):
    """The rooms that there are."""

    LOBBY = "lobby", "Lobby"
    KITCHEN = "kitchen", "Kitchen"
    WORKSHOP = "workshop", "Workshop"


class Message(models.Model):
    """Something that somebody said in a room."""

    room = models.SlugField(choices=Room)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    text = models.CharField(max_length=1000)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.author} in {self.room}: {self.text}"

    def as_data(self) -> dict[str, Any]:
        """What a page needs to show it."""
        return {
            "id": self.pk,
            "user": str(self.author_id),
            "name": self.author.get_short_name(),
            "text": self.text,
            "at": self.at.isoformat(timespec="milliseconds"),
        }
