"""What is published: a number, the time of its publishing, and filling up to a size."""

import json
import time
from dataclasses import dataclass
from typing import Any, Final

MARKER: Final = b'"n"'
"""Once in each delivery and nowhere else on the wire, so that counting it counts deliveries."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication as a client got it. sent_at_s: of the system's monotonic clock."""

    number: int
    sent_at_s: float


def make(number: int, size_bytes: int = 128) -> dict[str, Any]:
    """Publication ``number``, as compact JSON of exactly ``size_bytes``, made now."""
    data: dict[str, Any] = {"n": number, "t": time.monotonic_ns(), "pad": ""}
    missing = size_bytes - len(json.dumps(data, separators=(",", ":")))
    if missing < 0:
        raise ValueError(f"a publication has at least {size_bytes - missing} bytes")
    data["pad"] = "x" * missing
    return data


def read(data: Any) -> Publication:
    """The publication in a delivery; raises KeyError or TypeError for anything else."""
    return Publication(data["n"], data["t"] / 1e9)
