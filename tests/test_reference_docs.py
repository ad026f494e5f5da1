"""The tables of settings in the docs are the code's own."""

import re

from settings.env import VARIABLES
from tests.live import CHECKOUT
from ws_service.conf import OPTIONS

ROW = re.compile(r"^\| `(?P<name>[A-Z_]+)` \|", re.MULTILINE)


def section(heading: str) -> str:
    text = (CHECKOUT / "docs" / "settings.md").read_text()
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_every_option_is_documented() -> None:
    """And no option that is gone."""
    assert ROW.findall(section("`WS_SERVICE`")) == list(OPTIONS)


def test_every_variable_is_documented() -> None:
    """And in the same order."""
    names = [variable.name for variable in VARIABLES]
    assert ROW.findall(section("Environment")) == names
