"""The number that the front page is about."""

from typing import Self

from django.db import models


class Counter(models.Model):
    """A number that only grows; counter 1 is the one on the front page."""

    n = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"counter {self.pk} at {self.n}"

    @classmethod
    def first(cls) -> Self:
        """Counter 1, made on its first use."""
        return cls.objects.get_or_create(pk=1)[0]
