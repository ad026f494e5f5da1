"""``counter:1``: what the right-hand side of the front page subscribes to."""

from datetime import timedelta

from ws_service import History, Topic


class CounterTopic(Topic):
    """A number is no secret, so everybody may watch."""

    # A minute of steps, five in a second: enough for a restart of anything.
    history = History(size=300, ttl=timedelta(minutes=10))

    async def can_subscribe(self) -> bool:
        return True

    async def can_see_history(self) -> bool:
        return True
