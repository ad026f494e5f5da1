"""Signals that a site may listen to."""

from django.dispatch import Signal

publish_failed = Signal()
"""A publication was lost that nobody waits for: after its transaction had been committed, or beside
an event to a group (``ws_service.layers``).

Arguments: ``topic`` (str, or None where a group's topic could not be told), ``error``
(BrokerUnavailable, or a bug's exception). Sent in the
thread that committed, or from the loop that sent to the group; receivers that raise are logged and
stop nobody.
"""
