"""Answers that say: this server is not the one to which the topics belong, or not any more.

After a fail-over behind one address, the old master stays up as a replica, and so do connections to
it. Nothing but these answers tells that the address leads elsewhere by now.
"""

from collections.abc import Mapping
from typing import Final

from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

_BY_CLASS: Final[Mapping[type[RedisError], str]] = {
    ReadOnlyError: "READONLY",
    BusyLoadingError: "LOADING",
    MasterDownError: "MASTERDOWN",
    ClusterDownError: "CLUSTERDOWN",
}
"""redis-py leaves the code out of their text. A subclass stands before its base."""

_BY_TEXT: Final = ("NOREPLICAS", "UNBLOCKED")
"""A master that lost its replicas, as it does at the losing side of a partition; a call that was
waiting when its server became a replica.
"""


def demotion_code(error: BaseException) -> str | None:
    """The code of such an answer, None for any other error.

    Not among them: TRYAGAIN, BUSY, OOM and MISCONF, with which the right server refuses too; MOVED
    and ASK, by which a cluster tells clients of another kind where to go.
    """
    for error_class, code in _BY_CLASS.items():
        if isinstance(error, error_class):
            return code
    code = str(error).partition(" ")[0]
    return code if isinstance(error, ResponseError) and code in _BY_TEXT else None
