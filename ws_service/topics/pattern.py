"""Text with converters, as in a ``urls.py``, read in both directions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.urls.converters import DEFAULT_CONVERTERS
from django.urls.resolvers import RoutePattern

_PARAMETER: Final = re.compile(r"<(?:(?P<converter>[^>:]+):)?(?P<name>[^>]+)>")
_TEXT: Final = "str"
_USER: Final = "user"


@dataclass(frozen=True, slots=True)
class Pattern:
    """``"orders:<int:pk>"``: ``"orders:42"`` is ``{"pk": 42}``, and the other way round."""

    text: str
    regex: re.Pattern[str]
    converters: Mapping[str, Any]
    """By the parameters' names."""

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Raises ValueError for text that Django can't use as a route."""
        try:
            route = RoutePattern(text, is_endpoint=True)
            return cls(text, route.regex, route.converters)
        except (ImproperlyConfigured, re.error) as error:
            raise ValueError(str(error)) from error

    @classmethod
    def written(cls, text: str, regex: str) -> "Pattern":
        """A pattern that another process has parsed; a site's own converters give text here.

        Raises re.error.
        """
        kinds = {found["name"]: found["converter"] or _TEXT for found in _PARAMETER.finditer(text)}
        djangos = DEFAULT_CONVERTERS
        converters = {name: djangos.get(kind, djangos[_TEXT]) for name, kind in kinds.items()}
        return cls(text, re.compile(regex), converters)

    @property
    def of_any_user(self) -> "Pattern | None":
        """Of ``"#<str:user>"``: the same for ids with slashes, which Django's ``str`` doesn't take.

        None for a pattern with other parameters as well: where the id ends would be a guess.
        """
        parameters = list(_PARAMETER.finditer(self.text))
        if [(each["converter"] or _TEXT, each["name"]) for each in parameters] != [(_TEXT, _USER)]:
            return None
        return Pattern.parse(_PARAMETER.sub(f"<path:{_USER}>", self.text))

    @property
    def literals(self) -> str:
        """What every text of this pattern has, without the parameters."""
        return _PARAMETER.sub("", self.text)

    def match(self, text: str) -> Mapping[str, Any] | None:
        """What the converters make of a text, None if it isn't one of this pattern's."""
        found = self.regex.search(text)
        if found is None:
            return None
        try:
            # As RoutePattern.match() does.
            return {
                name: self.converters[name].to_python(value)
                for name, value in found.groupdict().items()
            }
        except ValueError:
            return None

    def fill(self, kwargs: Mapping[str, Any]) -> str:
        """The text with exactly these parameters; it may not match, if they don't fit.

        Raises ValueError or TypeError, whichever a converter raises.
        """
        # As Django's reverse() does: to_url() of <str:…> gives back whatever it was given.
        texts = {name: str(self.converters[name].to_url(value)) for name, value in kwargs.items()}
        return _PARAMETER.sub(lambda parameter: texts[parameter["name"]], self.text)
