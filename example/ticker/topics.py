"""``ticker``: prices, of which yesterday's are of no use and the latest is all."""

from datetime import timedelta

from ws_service import History, Topic


class TickerTopic(Topic):
    """Who comes, or comes back, gets the latest prices at once, and not those in between."""

    history = History(size=1, ttl=timedelta(minutes=1))
    recovery = "cache"

    async def can_subscribe(self) -> bool:
        return True
