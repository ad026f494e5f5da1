"""Topics with a policy of each kind."""

from ws_service import History, Topic, topic


class Orders(Topic):
    """Kept for a while."""


class Brief(Topic):
    """Keeps three."""

    history = History(size=3)


class Cursor(Topic):
    """Only the present is of interest."""

    history = None


topics = [
    topic("orders:<int:pk>", Orders, name="order"),
    topic("brief:<str:name>", Brief),
    topic("cursor:<str:name>", Cursor),
]
