#!/usr/bin/env python3
"""The two commands of a clone, and a few more: `python3 dev.py run`, `python3 dev.py test`.

Only this file has to be readable by an old Python, so that one can say what is missing; the
work is done in `devkit/`, with the standard library alone.
"""

import shutil
import subprocess
import sys

_OLDEST = (3, 11)
_NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")


def _remedy() -> str:
    for name in _NEWER:
        # Found is not enough: pyenv's stand-ins are there for versions that aren't switched on.
        if (
            shutil.which(name)
            and subprocess.call([name, "-S", "-c", ""], stderr=subprocess.DEVNULL) == 0
        ):
            return " ".join(["try:", name, "dev.py", *sys.argv[1:]])
    return "install a newer one (https://www.python.org/downloads/, apt, brew, pyenv or uv)"


if sys.platform == "win32":
    sys.exit("dev.py needs Unix signals and a Redis: on Windows, run it inside WSL.")
if sys.version_info < _OLDEST:
    sys.exit(
        "dev.py needs Python 3.11 or newer, this is {}.{}: {}".format(  # noqa: UP032
            sys.version_info[0], sys.version_info[1], _remedy()
        )
    )

from devkit.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
