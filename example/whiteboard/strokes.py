"""What may be drawn. A client can send anything: here it is decided what goes on the board."""

from typing import Any

from django.core.exceptions import ValidationError

WIDTH, HEIGHT = 1600, 1200
"""The board's own units; each screen shows them at its own size."""
COLOURS = {
    "ink": "Ink",
    "red": "Red",
    "orange": "Orange",
    "green": "Green",
    "blue": "Blue",
    "violet": "Violet",
}
SIZES = {4: "Thin", 10: "Medium", 24: "Thick"}
MOST_POINTS = 150


def clean_stroke(data: Any) -> dict[str, Any]:
    """A stroke and nothing else: a colour, a size, and points as [x, y, x, y, …].

    Raises ValidationError.
    """
    match data:
        case {"colour": str(colour), "size": int(size), "points": list(points)}:
            pass
        case _:
            raise ValidationError("A stroke has a colour, a size and points.")
    if colour not in COLOURS or size not in SIZES:
        raise ValidationError("There is no such pen.")
    if len(points) % 2 or not 0 < len(points) <= 2 * MOST_POINTS:
        raise ValidationError(f"A stroke has 1 to {MOST_POINTS} points.")
    if not all(map(_is_inside, points[::2], points[1::2])):
        raise ValidationError("A stroke stays on the board.")
    return {"colour": colour, "size": size, "points": points}


def _is_inside(x: Any, y: Any) -> bool:
    return type(x) is type(y) is int and 0 <= x <= WIDTH and 0 <= y <= HEIGHT
