"""What a benchmark found: a table on the screen, JSON for whoever compares."""

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks import placement
from devkit import checkout

_PACKAGES = (
    *("django", "channels", "channels-redis", "daphne", "uvicorn", "websockets", "redis"),
    *("twisted", "asgiref", "msgspec", "django-ws-service"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that a run must reach. is_most: a ceiling, else a floor."""

    what: str
    wanted: float
    found: float
    is_most: bool = False

    @property
    def is_met(self) -> bool:
        return self.found <= self.wanted if self.is_most else self.found >= self.wanted

    def __str__(self) -> str:
        sign = "≤" if self.is_most else "≥"
        verdict = "met" if self.is_met else "NOT MET"
        return f"{self.what}: {self.found:.1f} (wanted {sign} {self.wanted:g}): {verdict}"


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one benchmark found. invalid: why its figures count for nothing, if they don't."""

    benchmark: str
    conditions: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    targets: Sequence[Target] = ()
    invalid: Sequence[str] = ()
    details: Any = None

    @property
    def is_good(self) -> bool:
        return not self.invalid and all(target.is_met for target in self.targets)


def finish(findings: Findings) -> int:
    """Show the findings and write them down; gives the exit status."""
    print()
    _show(findings.rows)
    for target in findings.targets:
        print(f"  {target}")
    for reason in findings.invalid:
        print(f"  INVALID: {reason}")
    folder = checkout.STATE / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{findings.benchmark}.json"
    content = asdict(findings) | {"machine": _machine()}
    file.write_text(json.dumps(content, indent=1) + "\n")
    print(f"  all figures: {checkout.brief(file)}")
    return 0 if findings.is_good else 1


def _show(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    cells = [list(rows[0])] + [[_text(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        first, *others = line
        padded = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        print("  " + "  ".join([first.ljust(widths[0]), *padded]))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    return str(value)


def _machine() -> dict[str, str]:
    found = {"python": platform.python_version(), "system": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "placement": placement.describe(),
        "interpreter": sys.implementation.name,
        **found,
    }
