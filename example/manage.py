#!/usr/bin/env python3
"""``python -m example.manage`` or ``python example/manage.py``, from the root of the checkout."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    """Run one management command with the site's own settings."""
    # Run by its path, Python looks for modules in this folder first, where the site's own
    # routing.py would be mistaken for the one at the root that it includes.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != FOLDER]
    root = str(FOLDER.parent)
    if root not in sys.path:
        sys.path.insert(0, root)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
