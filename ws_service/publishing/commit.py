"""Publishing after the transaction, when nobody waits for it any more."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ws_service.errors import BrokerUnavailable
from ws_service.metrics import count
from ws_service.publishing.broker import publisher
from ws_service.publishing.outgoing import Outgoing
from ws_service.signals import publish_failed

logger = logging.getLogger(__name__)

TOPICS_NAMED: Final = 5
"""In one line of the log."""


def publish_after_commit(publications: Sequence[Outgoing], using: str | None) -> None:
    """Publish after the transaction of a database; at once where none is open, never if it is
    rolled back. What was saved stays a success, whatever becomes of the publications.

    Raises BrokerNotConfigured, InvalidSettings: at the call, when somebody can mend it.
    """
    publisher()
    publish_now = _AfterCommit(publications)
    alias = using or DEFAULT_DB_ALIAS
    if _is_idle(connections[alias]):
        publish_now()
    else:
        transaction.on_commit(publish_now, using=alias, robust=True)


def is_publication(callback: object) -> bool:
    """Whether something that waits for a commit is ours."""
    return isinstance(callback, _AfterCommit)


def _is_idle(connection: BaseDatabaseWrapper) -> bool:
    """Whether there is nothing to wait for: a gateway or a script may have no database, and one
    that isn't connected has no transaction. Django would connect it to find out.
    """
    if connection.settings_dict["ENGINE"] == "django.db.backends.dummy":
        return True
    is_connected = connection.connection is not None
    commits = connection.autocommit if is_connected else connection.settings_dict["AUTOCOMMIT"]
    return bool(commits) and not connection.in_atomic_block


class _AfterCommit:
    """What happens then. It raises nothing, whatever is wrong: Django would leave out what other
    parts of the site have asked for after the same commit.
    """

    def __init__(self, publications: Sequence[Outgoing]) -> None:
        self._publications = publications
        self.__qualname__ = type(self).__qualname__  # by it Django names a callback that fails

    def __call__(self) -> None:
        try:
            publisher().send(self._publications)
        except Exception as error:  # noqa: BLE001 - it is told
            tell_of_loss([publication.topic for publication in self._publications], error)


def tell_of_loss(names: Sequence[str], error: Exception) -> None:
    """Log, count and signal that these publications were lost: nobody waits for an exception.

    names: of the topics, one for each publication.
    error: with a traceback in the log, unless it is BrokerUnavailable.
    """
    count("ws_service_publish_failures_total", len(names))
    topics = list(dict.fromkeys(names))
    _log(len(names), topics, error)
    for topic in topics:
        # A receiver that raises is logged by Django.
        publish_failed.send_robust(sender=None, topic=topic, error=error)


def _log(number: int, topics: Sequence[str], error: Exception) -> None:
    is_ours = not isinstance(error, BrokerUnavailable)
    tell = partial(logger.error, exc_info=error if is_ours else None)
    if number == 1:
        tell("A publication to %r was lost: %s", topics[0], error)
        return
    tell(
        "%d publications to %s%s, or some of them, were lost: %s",
        number,
        ", ".join(map(repr, topics[:TOPICS_NAMED])),
        ", …" if len(topics) > TOPICS_NAMED else "",
        error,
    )
