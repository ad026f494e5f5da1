"""What clients and consumers say to each other; ``docs/consumers.md`` is its description.

In: ``{"message": "text"}``. Out: ``{"type": "message", "message": …, "sender": …, "at": …,
"node": …}``, or ``{"type": "error", "code": …, "message": …}`` when the input was bad; the
connection stays.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ws_service import node_id

LENGTH_LIMIT: Final = 4_096
"""Characters of a message's text."""

FRAME_LIMIT: Final = 8 * LENGTH_LIMIT
"""Characters of a frame: a text of LENGTH_LIMIT characters, all of them escaped, still fits."""


class BadInput(Exception):
    """The client sent something it should not; ``code`` and ``text`` go back to it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    def as_json(self) -> str:
        return json.dumps({"type": "error", "code": self.code, "message": self.text})


def decode(text: str | None) -> Any:
    """Read one text frame as JSON.

    Raises BadInput for a binary frame (text is None), for what is not JSON (NaN and Infinity
    included) and for what is too long or too deep.
    """
    if text is None:
        raise BadInput("binary_not_allowed", "This address expects text frames with JSON.")
    if len(text) > FRAME_LIMIT:
        raise BadInput("too_long", f"A frame has at most {FRAME_LIMIT} characters.")
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise BadInput("invalid_json", "This is not JSON.") from None


def read_message(text: str | None) -> str:
    """The text of ``{"message": "text"}``. Raises BadInput."""
    content = decode(text)
    if not isinstance(content, dict):
        raise BadInput("not_an_object", 'Send an object: {"message": "text"}.')
    if "message" not in content:
        raise BadInput("message_missing", 'The object has no "message".')
    message = content["message"]
    if not isinstance(message, str):
        raise BadInput("message_not_text", '"message" must be a text.')
    if len(message) > LENGTH_LIMIT:
        raise BadInput("too_long", f'"message" has at most {LENGTH_LIMIT} characters.')
    if not is_encodable(message):
        raise BadInput("invalid_text", '"message" has half a surrogate pair: not valid Unicode.')
    return message


def stamp(scope: Mapping[str, Any]) -> dict[str, str]:
    """Who sent it, when (UTC, ISO 8601, milliseconds), and through which process."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {
        "sender": display_name(scope["user"]),
        "at": now.replace("+00:00", "Z"),
        "node": node_id(),
    }


def display_name(user: Any) -> str:
    """What others may see of a user: never the e-mail address that a login name may be."""
    if not user.is_authenticated:
        return "anonymous"
    short_name = getattr(user, "get_short_name", str)()
    return short_name or f"user {user.pk}"


def is_encodable(text: str) -> bool:
    """JSON may escape half of a surrogate pair, which no encoder takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _finite(digits: str) -> float:
    """1e400 is well-formed and becomes infinite, which JSON can't answer with."""
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large")
    return number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
