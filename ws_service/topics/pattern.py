"""Text with converters, as in a ``urls.py``, read in both directions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.urls.resolvers import RoutePattern

_PARAMETER: Final = re.compile(r"<(?:[^>:]+:)?(?P<name>[^>]+)>")


@dataclass(frozen=True, slots=True)
class Pattern:
    """``"orders:<int:pk>"``: ``"orders:42"`` is ``{"pk": 42}``, and the other way round."""

    text: str
    _route: RoutePattern

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Raises ValueError for text that Django can't use as a route."""
        try:
            route = RoutePattern(text, is_endpoint=True)
            route.match("")  # compiles it
        except (ImproperlyConfigured, re.error) as error:
            raise ValueError(str(error)) from error
        return cls(text, route)

    @property
    def converters(self) -> Mapping[str, Any]:
        """The parameters' names and Django's converters."""
        return self._route.converters

    @property
    def literals(self) -> str:
        """What every text of this pattern has, without the parameters."""
        return _PARAMETER.sub("", self.text)

    def match(self, text: str) -> Mapping[str, Any] | None:
        """What the converters make of a text, None if it isn't one of this pattern's."""
        found = self._route.match(text)
        return None if found is None else found[2]

    def fill(self, kwargs: Mapping[str, Any]) -> str:
        """The text with exactly these parameters; it may not match, if they don't fit.

        Raises ValueError or TypeError, whichever a converter raises.
        """
        # As Django's reverse() does: to_url() of <str:…> gives back whatever it was given.
        texts = {name: str(self.converters[name].to_url(value)) for name, value in kwargs.items()}
        return _PARAMETER.sub(lambda parameter: texts[parameter["name"]], self.text)
