"""``orders:42``: what a customer's page subscribes to."""

from datetime import timedelta

from example.orders.models import Order
from ws_service import History, Topic


class OrderTopic(Topic):
    """For the customer of the order, and for nobody else."""

    history = History(size=100, ttl=timedelta(hours=1))

    def can_subscribe(self) -> bool:
        if not self.user.is_authenticated:
            return False
        return Order.objects.filter(pk=self.kwargs["pk"], customer=self.user).exists()
