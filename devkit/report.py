"""What pytest did, read from its JUnit report and its closing line."""

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CLOSING = re.compile(r"^=* ?.*\b\d+ (passed|failed|skipped|errors?|deselected|xfailed)\b.* in .*s")


@dataclass(frozen=True, slots=True)
class Report:
    """Counts and what was left out, with reasons."""

    ran: int
    left_out: tuple[tuple[str, str], ...]
    deselected: int
    closing_line: str

    def reasons(self) -> list[str]:
        """Give each reason once, with the number of tests that it left out."""
        counts = Counter(reason for _, reason in self.left_out)
        rows = [f"{count} × {reason}" for reason, count in counts.most_common()]
        return rows + ([f"{self.deselected} × deselected"] if self.deselected else [])

    def complaints(self, *, may_deselect: bool = False) -> tuple[str, ...]:
        """Give what speaks against this being a run of everything."""
        complaints = [f"left out: {name}: {reason}" for name, reason in self.left_out]
        if self.deselected and not may_deselect:
            complaints.append(f"left out: {self.deselected} deselected")
        if not self.ran:
            complaints.append("no test ran")
        return tuple(complaints)


def read(junit_file: Path, output: str) -> Report:
    """Read the report of a run; one that is missing or broken counts as no test run."""
    plain = _COLOURS.sub("", output)
    closing_line = next(
        (line for line in reversed(plain.splitlines()) if _CLOSING.match(line)), "no closing line"
    )
    deselected = re.search(r"(\d+) deselected", closing_line)
    try:
        cases = list(ElementTree.parse(junit_file).iter("testcase"))  # noqa: S314 - pytest's own
    except (OSError, ElementTree.ParseError):
        cases = []
    left_out = tuple(
        (f"{case.get('classname')}::{case.get('name')}", skipped.get("message") or "no reason")
        for case in cases
        if (skipped := case.find("skipped")) is not None
    )
    return Report(
        ran=len(cases) - len(left_out),
        left_out=left_out,
        deselected=int(deselected[1]) if deselected else 0,
        closing_line=closing_line,
    )
