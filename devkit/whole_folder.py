"""A folder that is there whole or not at all."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def made_anew(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `folder`; it takes its place unless the block raises."""
    making = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    yield making
    shutil.rmtree(folder, ignore_errors=True)
    making.rename(folder)
