"""``game``, lights and scores and who plays; ``moves``, where everybody is."""

from typing import Any

from example.game import rules
from example.pages.shared_topic import SharedTopic


class GameTopic(SharedTopic):
    """Only the rules publish here. No history: who comes back asks how the game stands."""

    history = None
    presence = True
    join_leave = "all"

    async def can_publish(self) -> bool:
        return False


class MovesTopic(SharedTopic):
    """Published by the players' browsers, as often as the rules allow."""

    history = None
    publish_rate = float(rules.STEPS_A_SECOND)
    max_publication_size = 100

    def clean(self, data: Any) -> dict[str, int]:
        return rules.move(self.user, data)
