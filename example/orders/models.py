"""An order, and what has happened to it so far."""

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Max

from example.orders.pictures import picture_name, validate_picture
from ws_service import publish, topic_name


class State(models.TextChoices):
    """How far an order has come."""

    PLACED = "placed", "Placed"
    PAID = "paid", "Paid"
    PACKED = "packed", "Packed"
    SHIPPED = "shipped", "On its way"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"


class Order(models.Model):
    """What a customer has bought. Every save that shows is noted, and told to open pages."""

    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="orders"
    )
    item = models.CharField("item", max_length=120)
    state = models.CharField("state", max_length=16, choices=State, default=State.PLACED)
    note = models.CharField("note to the customer", max_length=200, blank=True)
    picture = models.FileField(
        "picture", upload_to=picture_name, validators=[validate_picture], blank=True
    )
    updated_at = models.DateTimeField("last changed", auto_now=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"Order {self.pk}: {self.item}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, note the change, and tell it once the transaction is committed."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            # The lock gives two that save at once two numbers; SQLite has one writer anyway.
            Order.objects.select_for_update().get(pk=self.pk)
            last = self.changes.last()
            if last and (last.state, last.note) == (self.state, self.note):
                return
            change = self.changes.create(
                number=1 + (self.changes.aggregate(top=Max("number"))["top"] or 0),
                state=self.state,
                note=self.note,
            )
            # No "now" here: a page must not hear of what a rollback takes back.
            publish(topic_name("order", pk=self.pk), change.as_data())


class Change(models.Model):
    """One line of an order's history; the first is number 1, and none is left out."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="changes")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=State)
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("order", "number"), name="one_change_a_number"),
        )

    def __str__(self) -> str:
        return f"{self.number}: {self.get_state_display()}"

    def as_data(self) -> dict[str, Any]:
        """What a page needs to show it."""
        return {
            "number": self.number,
            "state": self.state,
            "label": self.get_state_display(),
            "note": self.note,
            "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
