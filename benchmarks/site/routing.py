"""The topics that are measured; anybody may subscribe, as in the tutorial's chat."""

from datetime import timedelta

from ws_service import History, Topic, topic


class OpenTopic(Topic):
    """A topic as it is by default, but open to everybody."""

    def can_subscribe(self) -> bool:
        return True


class LedgerTopic(OpenTopic):
    """A history that is long enough to count every call in it."""

    history = History(size=100_000, ttl=timedelta(minutes=10))


websocket_urlpatterns: list[object] = []
topics = [
    topic("room:<int:number>", OpenTopic, name="room"),
    topic("ledger:<int:number>", LedgerTopic, name="ledger"),
]
