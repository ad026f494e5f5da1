import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.message import BadInput, decode, display_name, read_message

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def answer_to(text: str) -> dict[str, Any]:
    try:
        return {"type": "message", "message": read_message(text)}
    except BadInput as error:
        return json.loads(error.as_json())


@given(st.text())
def test_no_frame_ends_in_anything_but_a_message_or_a_named_error(text: str) -> None:
    """Whatever arrives, the connection stays."""
    answer = answer_to(text)
    assert answer["type"] == "error" or isinstance(answer["message"], str)


@given(json_values)
def test_json_of_any_shape_is_a_message_or_a_named_error(value: Any) -> None:
    """The same for well-formed JSON."""
    answer = answer_to(json.dumps(value))
    assert answer["type"] == "error" or answer["message"] == value["message"]


@given(json_values)
def test_json_is_read_as_it_was_written(value: object) -> None:
    """Nothing is lost on the way in."""
    text = json.dumps(value)
    if len(text) < 30_000:
        assert decode(text) == value


@pytest.mark.parametrize(
    ("user", "name"),
    [
        (SimpleNamespace(is_authenticated=False), "anonymous"),
        (SimpleNamespace(is_authenticated=True, pk=7, get_short_name=lambda: "Ada"), "Ada"),
        (SimpleNamespace(is_authenticated=True, pk=7, get_short_name=lambda: ""), "user 7"),
        (SimpleNamespace(is_authenticated=True, pk=7), "user 7"),
    ],
)
def test_a_display_name_is_never_an_address(user: object, name: str) -> None:
    """A login name may be an e-mail address, which is nobody else's business."""
    assert display_name(user) == name
