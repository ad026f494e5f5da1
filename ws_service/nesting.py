"""How deep JSON is nested: what others must read has to be possible to read for them."""

from typing import Any


def is_shallow(data: Any, levels: int) -> bool:
    """Whether decoded JSON is nested so deep at most. It goes no deeper itself."""
    if not isinstance(data, dict | list):
        return True
    inner = data.values() if isinstance(data, dict) else data
    return levels > 0 and all(is_shallow(each, levels - 1) for each in inner)
