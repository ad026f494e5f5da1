"""`python3 dev.py lock`: the locked requirements, made anew from the `.in` files."""

from devkit import checkout, step
from devkit.interruption import Interruption
from devkit.step import Outcome
from devkit.terminal import Terminal
from devkit.virtualenv import VirtualEnvironment

NAMES = tuple(sorted(path.stem for path in checkout.REQUIREMENTS.glob("*.in")))
_TIMEOUT_S = 300.0


def lock(
    venv: VirtualEnvironment, terminal: Terminal, interruption: Interruption, *, upgrade: bool
) -> list[Outcome]:
    """Resolve each `.in` file for every supported Python and system; keep pins unless `upgrade`.

    Raises:
        Interrupted: somebody asked for the end meanwhile.
    """
    folder = checkout.brief(checkout.REQUIREMENTS)
    return [
        step.take(
            f"lock {name}.txt",
            [
                *(venv.script("uv"), "pip", "compile", f"{folder}/{name}.in"),
                *("--output-file", f"{folder}/{name}.txt", "--quiet"),
                *("--universal", "--python-version", "3.11", "--generate-hashes"),
                *("--no-emit-index-url", "--no-emit-find-links", "--no-header"),
                *("--annotation-style", "line"),
                *(["--upgrade"] if upgrade else []),
            ],
            terminal,
            interruption,
            timeout_s=_TIMEOUT_S,
        )
        for name in NAMES
    ]
