r"""Half of a surrogate pair in JSON text: ``"\ud83d"``, what is left of an emoji cut in two.

``JSON.stringify`` writes it, Python's ``json`` reads it, and nothing can put it into UTF-8.
"""

import re
from typing import Final

_REPLACEMENT: Final = r"\ufffd"
# A whole pair, what is left of one (escaped or not), and any other escape: a backslash that is
# escaped itself must not be taken for the beginning of one.
_ESCAPES: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2}|[\ud800-\udfff])"
    r"|\\.",
    re.DOTALL,
)


def without_halves(json_text: str | bytes) -> str:
    """The same JSON with U+FFFD for each half, and where bytes are no UTF-8.

    Slower than a parser: for what a parser has refused.
    """
    text = json_text if isinstance(json_text, str) else json_text.decode(errors="replace")
    return _ESCAPES.sub(lambda found: _REPLACEMENT if found["half"] else found[0], text)
