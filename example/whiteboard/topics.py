"""``board``, what is on it; ``pens``, what is being drawn at this moment."""

from datetime import timedelta
from typing import Any

from example.pages.shared_topic import SharedTopic
from example.whiteboard.strokes import clean_stroke
from ws_service import History

SIZE = 300
CLEAR = {"clear": True}


class BoardTopic(SharedTopic):
    """The history is the board: whoever comes later gets the strokes that it holds."""

    history = History(size=SIZE, ttl=timedelta(days=1))
    presence = True
    join_leave = "all"
    publish_rate = 10.0
    # All strokes together fit into one answer.
    max_publication_size = 1700

    async def clean(self, data: Any) -> dict[str, Any]:
        return CLEAR if data == CLEAR else clean_stroke(data)


class PensTopic(SharedTopic):
    """A part of a stroke that is not finished. The whole of it follows on the board."""

    history = None
    publish_rate = 25.0
    max_publication_size = 1700

    async def clean(self, data: Any) -> dict[str, Any]:
        return clean_stroke(data)
