"""What may be said about a kind of topic, and what can't be meant."""

import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final, Literal

from ws_service.topics.history import History

Recovery = Literal["stream", "cache"]
JoinLeave = Literal["off", "asked", "all"]

NAMES: Final = (
    "history", "recovery", "presence", "join_leave", "max_publication_size", "publish_rate",
)  # fmt: skip


def option_problems(topic_class: type[Any]) -> Iterator[str]:
    """What is wrong with a class's options, one sentence each."""
    history, presence = topic_class.history, topic_class.presence
    if history is not None and not isinstance(history, History):
        yield f"history is {history!r}: a History(size=…, ttl=…) or None"
    if topic_class.recovery not in ("stream", "cache"):
        yield f'recovery is {topic_class.recovery!r}: "stream" or "cache"'
    elif topic_class.recovery == "cache" and history is None:
        yield 'recovery = "cache" needs a history of one publication at least'
    if not isinstance(presence, bool):
        yield f"presence is {presence!r}: True or False"
    if topic_class.join_leave not in ("off", "asked", "all"):
        yield f'join_leave is {topic_class.join_leave!r}: "off", "asked" or "all"'
    elif topic_class.join_leave != "off" and not presence:
        yield "join_leave needs presence = True"
    size, rate = topic_class.max_publication_size, topic_class.publish_rate
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        yield f"max_publication_size is {size!r}: a number of bytes, or None"
    if rate is not None and (
        isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1e6
    ):
        yield f"publish_rate is {rate!r}: publications a second, or None"


def policy_problems(topic_class: type[Any], known: type[Any]) -> Iterator[str]:
    """What stands where the service calls a method, and can't be called like it.

    known: the class whose methods are meant.
    """
    for name, method in vars(known).items():
        value = getattr(topic_class, name)
        if isinstance(method, classmethod):
            if not isinstance(inspect.getattr_static(topic_class, name), classmethod):
                yield f"{name} must be a @classmethod: nobody is subscribed yet"
        elif inspect.isfunction(method) and not callable(value):
            yield f"{name} is {value!r}: write def {name}(self)"


def misspelt(topic_class: type[Any], known: type[Any]) -> Iterator[tuple[str, str]]:
    """Attributes that look like an option or a policy which they are not, and what is meant.

    known: the class whose public names are meant.
    """
    meant = [name for name in vars(known) if not name.startswith("_")]
    for name in vars(topic_class):
        if name.startswith("_") or hasattr(known, name):
            continue
        near = get_close_matches(name, meant, n=1, cutoff=0.85)
        if near:
            yield name, near[0]
