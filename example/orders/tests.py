"""Who hears of an order, and when: ``python example/manage.py test example``, without Redis."""

from django.db import transaction
from django.test import TestCase
from django.urls import reverse

from example.accounts.models import User
from example.orders.models import Order, State
from ws_service import topic_name
from ws_service.testing import Communicator, PushAssertions, Refused, capture_publications


class OrderTopicTests(PushAssertions, TestCase):
    """Ada has bought an engine; Grace has an account, too."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.ada = User.objects.create_user("ada@example.com", name="Ada")
        cls.grace = User.objects.create_user("grace@example.com", name="Grace")
        cls.order = Order.objects.create(customer=cls.ada, item="An engine")
        cls.topic = topic_name("order", pk=cls.order.pk)

    def set_state(self, state: State) -> None:
        self.order.state = state
        self.order.save()

    def test_only_its_customer_may_see_an_order(self) -> None:
        self.assertMaySubscribe(self.ada, self.topic)
        self.assertMayNotSubscribe(self.grace, self.topic)
        self.assertMayNotSubscribe(None, self.topic)

    def test_a_new_state_is_published_after_the_commit(self) -> None:
        with capture_publications() as published:
            self.set_state(State.PAID)
            self.assertEqual(published, [])  # not before
        (publication,) = published
        self.assertEqual(publication.topic, self.topic)
        self.assertEqual(publication.data["label"], "Paid")

    def test_a_state_that_was_rolled_back_is_published_to_nobody(self) -> None:
        with (
            capture_publications() as published,
            self.assertRaises(ConnectionError),
            transaction.atomic(),
        ):
            self.set_state(State.SHIPPED)
            raise ConnectionError("the parcel service is away")
        self.assertEqual(published, [])

    def test_the_customers_page_hears_every_change_in_order(self) -> None:
        page = Communicator(self.ada)
        page.subscribe(self.topic)
        with capture_publications():
            self.set_state(State.PAID)
            self.set_state(State.PACKED)
        self.assertEqual(
            [change["label"] for change in page.received(self.topic)], ["Paid", "Packed"]
        )

    def test_nobody_publishes_to_an_order_from_a_browser(self) -> None:
        with self.assertRaises(Refused) as refused:
            Communicator(self.ada).publish(self.topic, {"state": "paid"})
        self.assertEqual(refused.exception.message, "permission denied")

    def test_the_page_carries_where_the_topic_stands(self) -> None:
        self.client.force_login(self.ada)
        with capture_publications():
            page = self.client.get(reverse("order", args=[self.order.pk]))
        self.assertContains(page, self.topic)
