"""Signals that a site may listen to."""

from django.dispatch import Signal

publish_failed = Signal()
"""A publication was not made after its transaction had been committed.

Arguments: ``topic`` (str), ``error`` (BrokerUnavailable). Sent in the thread that committed;
receivers that raise are logged and stop nobody.
"""
