"""Is it our bug, or is something away that comes back?"""

from typing import Final

import redis.exceptions
from django.db import InterfaceError, OperationalError

_OUTAGES: Final = (
    ConnectionError,
    TimeoutError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    OperationalError,
    InterfaceError,
)


def is_outage(error: BaseException) -> bool:
    """Whether Redis or the database was away: temporary, and not worth a traceback."""
    return isinstance(error, _OUTAGES)


def in_words(error: BaseException) -> str:
    """The kind of failure without addresses or passwords: strangers may read it."""
    match error:
        case redis.exceptions.AuthenticationError():
            return "Redis refused the password"
        case redis.exceptions.TimeoutError():
            return "Redis did not answer in time"
        case redis.exceptions.ConnectionError():
            return "can't connect to Redis"
        case OperationalError() | InterfaceError():
            return "the database failed"
        case TimeoutError():
            return "no answer in time"
        case _:
            return type(error).__name__
