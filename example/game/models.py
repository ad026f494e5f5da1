"""The lights that were caught, and the one that shines."""

import random
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count

FIELD = 1000
"""The field's width and height, in its own units."""
MARGIN = 80
GOAL = 10
"""Who has caught so many wins the round."""


def anywhere() -> int:
    """One coordinate of something on the field, not too near its edge."""
    return random.randint(MARGIN, FIELD - MARGIN)  # noqa: S311 - no secret


class Light(models.Model):
    """One light. The newest shines until somebody catches it."""

    round = models.PositiveIntegerField(default=1)
    x = models.PositiveSmallIntegerField(default=anywhere)
    y = models.PositiveSmallIntegerField(default=anywhere)
    caught_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"Light {self.pk} of round {self.round}"

    @classmethod
    def shining(cls) -> Self:
        """The light to be caught now. Locked, inside a transaction: one player gets it."""
        lights = cls._default_manager.select_for_update().filter(caught_by=None)
        return lights.last() or cls._default_manager.create()

    def scores(self) -> list[dict[str, Any]]:
        """Who has caught how many in this round, the best first."""
        rows = (
            Light.objects.filter(round=self.round, caught_by__isnull=False)
            .values("caught_by", "caught_by__name")
            .annotate(score=Count("pk"))
            .order_by("-score", "caught_by")
        )
        return [
            {
                "user": str(row["caught_by"]),
                "name": row["caught_by__name"] or "somebody",
                "score": row["score"],
            }
            for row in rows
        ]
