"""What stands beside a publication's data: who published it, and its tags.

A fragment of JSON, ``"info":{…},"tags":{…}``: the members of a publication between ``data`` and
``offset``. It is made once, where the publication enters, and embedded as it is.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

_encoder: Final = msgspec.json.Encoder()


class Extra(msgspec.Struct, frozen=True):
    """info: a ClientInfo as JSON, empty where no client has published it."""

    info: msgspec.Raw = msgspec.Raw()
    tags: dict[str, str] = {}


_decoder: Final = msgspec.json.Decoder(Extra)


def encode_extra(info: bytes = b"", tags: Mapping[str, str] | None = None) -> bytes:
    """The fragment; empty where there is nothing to say. info: a ClientInfo as JSON."""
    members = [b'"info":%b' % info] if info else []
    if tags:
        members.append(b'"tags":%b' % _encoder.encode(dict(tags)))
    return b",".join(members)


def decode_extra(fragment: bytes) -> Extra:
    """What ``encode_extra`` was given. Raises msgspec.MsgspecError for anything else."""
    return _decoder.decode(b"{%b}" % fragment)
