"""The groups of the channel layer over which a topic may be declared."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ws_service.topics.pattern import Pattern

# channels.layers.BaseChannelLayer: fewer than 100 characters, of these.
_LEGAL: Final = re.compile(r"[A-Za-z0-9_.-]{1,99}")
_LEGAL_PART: Final = re.compile(r"[A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class GroupPattern:
    """``"chat.<slug:room>"``: a group for each topic of a route, and a topic for each group."""

    _pattern: Pattern

    @classmethod
    def parse(cls, text: str, topic_pattern: Pattern) -> "GroupPattern":
        """Raises ValueError for what names no groups, or not the same ones as the topics."""
        if not isinstance(text, str) or not text:
            raise ValueError("a group is text, like 'chat.<slug:room>'")
        pattern = Pattern.parse(text)
        if not _LEGAL_PART.fullmatch(pattern.literals):
            raise ValueError(
                f"{text!r} names no groups: a group's name has ASCII letters, digits, '-', '_' and"
                " '.', fewer than 100"
            )
        ours, theirs = _kinds(pattern), _kinds(topic_pattern)
        if ours != theirs:
            raise ValueError(
                f"{text!r} takes {ours}, the topic takes {theirs}: both need the same converters,"
                " so that each topic has one group and each group one topic"
            )
        return cls(pattern)

    def match(self, group: str) -> Mapping[str, Any] | None:
        """What the converters make of a group's name, None if it isn't one of these."""
        return self._pattern.match(group)

    def name_of(self, kwargs: Mapping[str, Any]) -> str | None:
        """The group with these parameters, None where its name would not be legal."""
        name = self._pattern.fill(kwargs)
        return name if _LEGAL.fullmatch(name) else None


def _kinds(pattern: Pattern) -> dict[str, str]:
    return {name: type(each).__name__ for name, each in sorted(pattern.converters.items())}
