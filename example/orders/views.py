"""The customer's pages. Each renders what the database says, and where it was in the stream."""

import logging

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from example.orders.models import Change, Order, State
from example.pages.cookie_jars import cookie_jars
from ws_service import Position, position, topic_name
from ws_service.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

# Every line of the list follows a topic of its own, and a connection has a limit of those.
LIST_LIMIT = 50
# A cancelled order leaves the way, it doesn't come to another end of it.
WAY = [state for state in State if state is not State.CANCELLED]


@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """The customer's orders, the newest first."""
    own = Order.objects.filter(customer=request.user).order_by("-pk")
    pks = list(own.values_list("pk", flat=True)[:LIST_LIMIT])
    # The positions before the states: a change in between comes twice, and never not at all.
    since = _positions(pks)
    rows = [
        {
            "order": order,
            "change": _changes(order)[-1],
            "since": since.get(order.pk),
            "element_id": f"order-{order.pk}-topic",
        }
        for order in own.filter(pk__in=pks).prefetch_related("changes")
    ]
    return render(request, "orders/list.html", {"rows": rows, "jars": cookie_jars(request)})


@login_required
@require_safe
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """One order and what has happened to it."""
    since = _positions([pk]).get(pk)  # before the first query
    found = get_object_or_404(Order, pk=pk, customer=request.user)
    changes = _changes(found)
    context = {
        "order": found,
        "changes": changes,
        "change": changes[-1],
        "since": since,
        "way": WAY,
        "jars": cookie_jars(request),
    }
    return render(request, "orders/order.html", context)


def _changes(order: Order) -> list[Change]:
    """The order's history; one that was never saved by this site's code has only its state."""
    return list(order.changes.all()) or [
        Change(number=0, state=order.state, note=order.note, at=order.updated_at)
    ]


def _positions(pks: list[int]) -> dict[int, Position]:
    """Where the orders' topics are now; without those that Redis, being away, can't tell.

    A page comes all the same, and waits for an answer that doesn't come only once.
    """
    found: dict[int, Position] = {}
    try:
        for pk in pks:
            found[pk] = position(topic_name("order", pk=pk))
    except BrokerUnavailable as error:
        logger.warning("Orders are shown without their live part: %s", error)
    return found
