"""Much, a bounded part at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def in_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most ``size`` items, in their order."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
