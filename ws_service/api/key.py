"""Who may use the API: whoever has its key."""

import hmac
from typing import Any

_SCHEME = "apikey"


def has_key(environ: dict[str, Any], key: str) -> bool:
    """Whether a WSGI request brings the key: ``X-API-Key``, or ``Authorization: apikey …``.

    Not in the URL, where Centrifugo would take it too: URLs are logged. How long the answer takes
    tells nothing about the key.
    """
    given = environ.get("HTTP_X_API_KEY")
    if given is None:
        scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != _SCHEME:
            return False
    # WSGI hands over a header's bytes as Latin-1.
    return hmac.compare_digest(given.strip().encode("latin-1"), key.encode())
