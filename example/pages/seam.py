"""Where a page's topic is, for pages that come also while Redis is away.

Such a page shows what the database has. It gets what is published after it has subscribed.
"""

import logging

from ws_service import HistoryPage, Position, get_history, position
from ws_service.errors import BrokerUnavailable

logger = logging.getLogger(__name__)


def position_or_none(topic: str) -> Position | None:
    """Where the topic is now. Call it before the first query of what the page shows."""
    try:
        return position(topic)
    except BrokerUnavailable as error:
        logger.warning("A page is shown without the position of %s: %s", topic, error)
        return None


def history_or_none(topic: str, limit: int) -> HistoryPage | None:
    """The topic's last publications, the oldest first, and where they end."""
    try:
        return get_history(topic, limit=limit)
    except BrokerUnavailable as error:
        logger.warning("A page is shown without the history of %s: %s", topic, error)
        return None
