"""The topics that are measured; anybody may subscribe, as in the tutorial's chat."""

import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from ws_service import History, Topic, topic


class OpenTopic(Topic):
    """A topic as it is by default, but open to everybody."""

    def can_subscribe(self) -> bool:
        return True


class LedgerTopic(OpenTopic):
    """A history that is long enough to count every call in it."""

    history = History(size=100_000, ttl=timedelta(minutes=10))


class HallTopic(Topic):
    """Its policy needs no thread."""

    async def can_subscribe(self) -> bool:
        return True


class AnsweringTopic(Topic):
    """Its policy asks the database."""

    def can_subscribe(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True


class RaisingTopic(Topic):
    """Its policy raises while there is trouble."""

    def can_subscribe(self) -> bool:
        if _is_in_trouble():
            raise LookupError("a policy's bug")
        return True


class SleepingTopic(Topic):
    """Its policy hangs while there is trouble, longer than anybody waits for it."""

    def can_subscribe(self) -> bool:
        if _is_in_trouble():
            time.sleep(6)
        return True


def _is_in_trouble() -> bool:
    return (Path(settings.BENCH_FOLDER) / "trouble").exists()


websocket_urlpatterns: list[object] = []
topics = [
    topic("room:<int:number>", OpenTopic, name="room"),
    topic("hall:<int:number>", HallTopic, name="hall"),
    topic("answers:<int:number>", AnsweringTopic, name="answers"),
    topic("raises:<int:number>", RaisingTopic, name="raises"),
    topic("sleeps:<int:number>", SleepingTopic, name="sleeps"),
    topic("gone:<int:number>", AnsweringTopic, name="gone"),
    topic("ledger:<int:number>", LedgerTopic, name="ledger"),
]
