"""The service's topics in Redis: one text, written by the service, read by publishers."""

from ws_service.broker.keys import Keys
from ws_service.broker.scripts import Call, script


def write_table_call(keys: Keys, table: bytes, *, only_if_missing: bool = False) -> Call:
    """Write the topics, if others are there; or only where there are none at all."""
    return Call(script("table_write"), (keys.topic_table(),), (table, int(only_if_missing)))


def read_table_call(keys: Keys) -> Call:
    """Answers the text, None where there is none."""
    return Call(script("table_read"), (keys.topic_table(),), ())
