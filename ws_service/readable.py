"""JSON that can be read by whoever gets it: by ``json``, by ``msgspec``, by a browser.

Some JSON is well-formed, and a reader refuses it all the same: half of a surrogate pair has no
UTF-8 form, Python reads no number of more than 4,300 digits, ``1e999`` becomes infinite, and deep
nesting ends a parser's recursion. It is refused where it enters. It is never repaired: two names
would become one, and one text another.
"""

from typing import Any, Final

import msgspec

NESTING_LIMIT: Final = 100
"""Levels of what is sent to others: JSON libraries give up at some hundred, whoever sent them."""

_BRACKETS: Final = b"[]{}"
_ALL_ELSE: Final = bytes(each for each in range(256) if each not in _BRACKETS)


class UnreadableJSON(ValueError):
    """JSON that somebody could not read; the text says why, and may be sent to its author."""


def read_json(data: bytes) -> Any:
    """What the JSON says.

    Raises UnreadableJSON for what is no JSON, and for what another reader would refuse.
    """
    try:
        content = msgspec.json.decode(data)
    except UnicodeDecodeError:
        raise UnreadableJSON("a text in it has no UTF-8 form") from None
    except RecursionError:
        raise UnreadableJSON(_too_deep()) from None
    except msgspec.ValidationError:  # of any type: it is the range of a number
        raise UnreadableJSON("a number in it is too large") from None
    except msgspec.MsgspecError as error:
        raise UnreadableJSON(str(error)) from None
    if may_be_deep(data, NESTING_LIMIT) and not is_shallow(content, NESTING_LIMIT):
        raise UnreadableJSON(_too_deep())
    return content


def check_nesting(data: bytes) -> None:
    """Raises UnreadableJSON for JSON that is nested too deep. data: well-formed."""
    if may_be_deep(data, NESTING_LIMIT):
        read_json(data)


def may_be_deep(data: bytes, levels: int) -> bool:
    """False only where JSON is certainly nested so deep at most; found without reading it."""
    if data.count(b"[") + data.count(b"{") <= levels:
        return False
    left = data.translate(None, _ALL_ELSE)
    for _ in range(levels):
        # What holds nothing any more is taken away, a level each time.
        rest = left.replace(b"[]", b"").replace(b"{}", b"")
        if len(rest) == len(left):
            break  # nothing is left, or brackets within a text are in the way
        left = rest
    return bool(left)


def is_shallow(data: Any, levels: int) -> bool:
    """Whether decoded JSON is nested so deep at most. It goes no deeper itself."""
    if not isinstance(data, dict | list):
        return True
    inner = data.values() if isinstance(data, dict) else data
    return levels > 0 and all(is_shallow(each, levels - 1) for each in inner)


def _too_deep() -> str:
    return f"it is nested more than {NESTING_LIMIT} levels deep"
