from django.contrib.auth import get_user_model

from ws_service import Topic, topic


class OrdersTopic(Topic):
    """Asks the database, as most sites' policies do."""

    def can_subscribe(self):
        others = get_user_model().objects.filter(pk=self.kwargs["user_pk"])
        return others.filter(pk=self.user.pk).exists()


topics = [topic("orders:<int:user_pk>", OrdersTopic, name="orders")]
