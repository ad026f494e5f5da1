"""Where things are in this checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".dev"
REQUIREMENTS = ROOT / "requirements"
PYPROJECT = ROOT / "pyproject.toml"


def brief(path: Path) -> str:
    """Give `path` as one would type it in the checkout, absolute if it is elsewhere."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
