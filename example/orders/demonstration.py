"""The orders of the demonstration's customers."""

from example.accounts.demonstration import ADA, GRACE
from example.accounts.models import User
from example.orders.models import Order

_ITEMS = {
    ADA.email: ("A difference engine, brass", "Punched cards, box of 500"),
    GRACE.email: ("Eleven inches of wire (a nanosecond)",),
}


def bring_about() -> list[Order]:
    """Make the orders that are not there; those that are keep their state."""
    made = []
    for email, items in _ITEMS.items():
        customer = User.objects.get(email=email)
        for item in items:
            order, is_new = Order.objects.get_or_create(customer=customer, item=item)
            made += [order] if is_new else []
    return made
