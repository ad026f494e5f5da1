"""`python3 dev.py bench`: the measurements of `benchmarks/`, one after the other."""

from collections.abc import Sequence

from devkit import checkout, step
from devkit.interruption import Interruption
from devkit.step import Outcome
from devkit.terminal import Terminal
from devkit.virtualenv import VirtualEnvironment

NAMES = ("fan_out", "publish", "publish_many", "topics", "policies", "cost")
STATE = checkout.STATE / "bench"
_TIMEOUT_S = 3600.0  # twelve bursts, each with a limit of its own


def unknown(names: Sequence[str]) -> str:
    """Give those of the names that no benchmark has."""
    return ", ".join(name for name in names if name not in NAMES)


def measure(
    names: Sequence[str],
    arguments: Sequence[str],
    venv: VirtualEnvironment,
    terminal: Terminal,
    interruption: Interruption,
) -> list[Outcome]:
    """Run the benchmarks of these names, all without any; `arguments` go to each of them.

    An outcome is bad when the figures are invalid, or miss what is wanted.

    Raises:
        Interrupted: somebody asked for the end meanwhile.
    """
    return [
        step.take(
            name,
            [venv.python, "-m", f"benchmarks.{name}", *arguments],
            terminal,
            interruption,
            timeout_s=_TIMEOUT_S,
            logs=STATE / "logs",
            streams=True,
        )
        for name in names or NAMES
    ]
