"""An order's picture: what may be uploaded, and under which name it is kept."""

import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files import File

SIZE_LIMIT_BYTES = 2 * 1024 * 1024
_HEAD_BYTES = 12


def extension_of(head: bytes) -> str | None:
    """By its first bytes; neither a file's name nor its declared type proves anything."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    return None


def validate_picture(file: File) -> None:
    """Raises ValidationError for what is too large, or no picture that browsers only show.

    An SVG or a page among the media files would run scripts in the name of this site.
    """
    try:
        size, extension = file.size, _extension(file)
    except FileNotFoundError:  # an earlier one: forms check what is there, too
        raise ValidationError("The picture's file is gone: clear it, or upload another.") from None
    if size > SIZE_LIMIT_BYTES:
        raise ValidationError("A picture has 2 MB at most.")
    if extension is None:
        raise ValidationError("A picture is a PNG, a JPEG or a WebP file.")


def picture_name(order: Any, uploaded_name: str) -> str:
    """A name that can't be guessed: the proxy hands files to everybody who knows theirs."""
    return f"orders/{secrets.token_urlsafe(16)}.{_extension(order.picture.file)}"


def _extension(file: Any) -> str | None:
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    return extension_of(head)
