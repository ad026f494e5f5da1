"""What stands beside a publication's data comes out as it went in."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ws_service.protocol.codec import encode_publication
from ws_service.protocol.extra import decode_extra, encode_extra

text = st.text(st.characters(exclude_categories=["Cs"]))
infos = st.none() | st.dictionaries(text, text).map(lambda info: json.dumps(info).encode())


@given(infos, st.dictionaries(text, text), st.integers(0, 2**53))
def test_info_and_tags_stand_beside_the_data(
    info: bytes | None, tags: dict[str, str], offset: int
) -> None:
    """Whatever a site's users are called."""
    extra = encode_extra(info or b"", tags)
    publication = json.loads(encode_publication(b"[1]", offset, extra))
    assert publication.pop("data") == [1]
    assert publication.pop("offset", 0) == offset
    assert publication.pop("info", None) == (json.loads(info) if info else None)
    assert publication.pop("tags", {}) == tags
    assert not publication
    decoded = decode_extra(extra)
    assert (bytes(decoded.info) or None) == info
    assert decoded.tags == tags


def test_nothing_to_say_costs_nothing() -> None:
    """Most publications have neither."""
    assert encode_extra() == encode_extra(b"", {}) == b""
    assert decode_extra(b"").tags == {}


@pytest.mark.parametrize("fragment", [b"x", b'"tags":[]', b'"tags":{"a":1}', b'"info":', b","])
def test_a_fragment_of_somebody_else_is_refused(fragment: bytes) -> None:
    """A stream that somebody else has written to must not end a reader."""
    with pytest.raises(msgspec.MsgspecError):
        decode_extra(fragment)
