"""docs/adopt.md as a script reads it: sections, changes to files, new files, commands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.live import CHECKOUT

GUIDE = CHECKOUT / "docs" / "adopt.md"

_HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# A new file's first line names it: `# orders/topics.py: …` or `// …`.
_NAMED = re.compile(r"(?:#|//) (?P<path>[\w./-]+\.\w+)\b")


class Impossible(Exception):
    """A change of the guide doesn't fit the file that it is for."""


@dataclass(frozen=True)
class Change:
    """What a ``diff`` block does to one existing file."""

    path: str
    hunks: tuple[tuple[str, ...], ...]

    @property
    def changed_lines(self) -> int:
        """A line that is replaced counts once."""
        return sum(
            max(sum(line[0] == sign for line in hunk) for sign in "+-") for hunk in self.hunks
        )

    def apply(self, folder: Path) -> None:
        """Each hunk fits in exactly one place; one without context goes to the end.

        Raises Impossible.
        """
        file = folder / self.path
        text = file.read_text() if file.exists() else ""
        for hunk in self.hunks:
            text = _apply(text, hunk, self.path)
        file.write_text(text)

    def undo(self, folder: Path) -> None:
        """Take it back. Raises Impossible."""
        swapped = {"+": "-", "-": "+", " ": " "}
        hunks = tuple(tuple(swapped[line[0]] + line[1:] for line in hunk) for hunk in self.hunks)
        Change(self.path, tuple(reversed(hunks))).apply(folder)


def _apply(text: str, hunk: tuple[str, ...], path: str) -> str:
    before = "".join(f"{line[1:]}\n" for line in hunk if line[0] in " -")
    after = "".join(f"{line[1:]}\n" for line in hunk if line[0] in " +")
    if not before:
        return text + after
    # From the start of a line on: `orders` must not be found inside of `my_orders`.
    places = [found.start() for found in re.finditer(f"^{re.escape(before)}", text, re.MULTILINE)]
    if len(places) != 1:
        raise Impossible(f"{path} has {len(places)} places for:\n{before}")
    return text[: places[0]] + after + text[places[0] + len(before) :]


@dataclass(frozen=True)
class Command:
    """A line after a ``$`` of a ``console`` block, and what stands below it."""

    line: str
    output: str

    def matches(self, printed: str) -> bool:
        """Whether that is what was printed. ``…`` stands for anything within a line; at the end,
        on a line of its own, for any more lines.
        """
        text, cut, _ = self.output.strip().partition("\n…")
        pattern = re.escape(text).replace("…", ".*") + (r"(?:\n.*)*" if cut else "")
        return re.fullmatch(pattern, printed.strip().replace("\r", "")) is not None


class Section:
    """A part of the guide: a heading, and all below it."""

    def __init__(self, title: str, text: str) -> None:
        self.title = title
        self.text = text

    def blocks(self, language: str) -> list[str]:
        return [b["text"] for b in _BLOCK.finditer(self.text) if b["language"] == language]

    def changes(self) -> list[Change]:
        """To existing files."""
        return [_change(text) for text in self.blocks("diff")]

    def new_files(self) -> dict[str, str]:
        """By path: every block, in whatever language, whose first line names a file."""
        found = {}
        for block in _BLOCK.finditer(self.text):
            if block["language"] not in ("diff", "console") and (
                name := _NAMED.match(block["text"])
            ):
                found[name["path"]] = block["text"]
        return found

    def commands(self) -> list[Command]:
        return [command for text in self.blocks("console") for command in _commands(text)]

    def command(self, start: str) -> Command:
        """The one that begins so."""
        (found,) = [each for each in self.commands() if each.line.startswith(start)]
        return found


def _change(text: str) -> Change:
    head, *lines = text.splitlines()
    if not head.startswith("+++ "):
        raise Impossible(f"a diff names its file first, not {head!r}")
    hunks: list[list[str]] = [[]]
    for line in lines:
        if line == "@@":
            hunks.append([])
        else:
            hunks[-1].append(line or " ")
    return Change(head.removeprefix("+++ "), tuple(tuple(hunk) for hunk in hunks if hunk))


def _commands(text: str) -> Iterator[Command]:
    _, *pieces = re.split(r"^\$ ", text, flags=re.MULTILINE)
    for piece in pieces:
        # A command goes on below a line that ends with a backslash.
        line, _, output = re.sub(r"\\\n\s*", "", piece).partition("\n")
        yield Command(line, output)


def sections() -> dict[str, Section]:
    """All of them by title; a section has its sub-sections in it."""
    text = GUIDE.read_text()
    heads = list(_HEADING.finditer(text))
    found = {}
    for number, head in enumerate(heads):
        later = (h for h in heads[number + 1 :] if len(h[1]) <= len(head[1]))
        end = next((h.start() for h in later), len(text))
        found[head[2]] = Section(head[2], text[head.end() : end])
    return found


def steps() -> list[Section]:
    """The numbered ones, in order."""
    return [each for title, each in sections().items() if re.match(r"\d+\. ", title)]


def section(title: str) -> Section:
    return sections()[title]
