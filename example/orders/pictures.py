"""An order's picture: what may be uploaded, and under which name it is kept."""

import secrets
from pathlib import PurePath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files import File

SIZE_LIMIT_BYTES = 2 * 1024 * 1024
_HEAD_BYTES = 12
# By its name the proxy says what a file is; by these bytes it is that, and not a page or an SVG
# drawing, which would run scripts as this site.
_BEGINNINGS = {
    ".png": (b"\x89PNG\r\n\x1a\n", b""),
    ".jpg": (b"\xff\xd8\xff", b""),
    ".jpeg": (b"\xff\xd8\xff", b""),
    ".webp": (b"RIFF", b"WEBP"),
}


def validate_picture(file: File) -> None:
    """Raises ValidationError for what is too large, or is not the picture that its name says."""
    try:
        if file.size > SIZE_LIMIT_BYTES:
            raise ValidationError("A picture has 2 MB at most.")
        if not _is_picture(file):
            raise ValidationError("A picture is a PNG, a JPEG or a WebP file, and named so.")
    except FileNotFoundError:  # an earlier one: forms check what is there, too
        raise ValidationError("The picture's file is gone: clear it, or upload another.") from None


def picture_name(order: Any, uploaded_name: str) -> str:
    """A name that can't be guessed: the proxy hands files to everybody who knows theirs."""
    return f"orders/{secrets.token_urlsafe(16)}{_suffix(uploaded_name)}"


def _is_picture(file: File) -> bool:
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    begins, ends = _BEGINNINGS.get(_suffix(file.name), (None, b""))
    return begins is not None and head.startswith(begins) and head.endswith(ends)


def _suffix(name: str | None) -> str:
    return PurePath(name or "").suffix.lower()
