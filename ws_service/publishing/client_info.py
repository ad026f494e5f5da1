"""Who somebody is on the other end: a client, as others see it."""

from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """A client of a topic.

    user: the user's primary key as text, ``""`` for somebody anonymous.
    client: the id of the connection; a user may have several.
    conn_info: what is said of the connection; None for nothing.
    chan_info: what the topic's ``info()`` says of its subscriber; None for nothing.
    """

    user: str
    client: str
    conn_info: Any = None
    chan_info: Any = None


_decoder = msgspec.json.Decoder(ClientInfo)


def decode_client_info(info: bytes) -> ClientInfo:
    """From the JSON that is stored. Raises msgspec.MsgspecError."""
    return _decoder.decode(info)
