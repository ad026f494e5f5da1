"""The request headers of a handshake, as an ASGI scope holds them."""

from collections.abc import Iterable


def header_values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    """All values of one header, in order. ``name`` is lower case, as ASGI wants it."""
    return [value.decode("latin-1") for key, value in headers if key == name]
