"""Tokens as a site would write them by hand, and as nobody should."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any, Final

import jwt

from tests.sites.gateway_site.keys import TOKEN_KEY

LIFE_S: Final = 600.0


def connection(user: str, *, key: str = TOKEN_KEY, algorithm: str = "HS256", **claims: Any) -> str:
    """Valid, but for what the claims change; a claim that is ... is left out."""
    all_claims = {"sub": user, "aud": "ws_service", "exp": time.time() + LIFE_S, **claims}
    given = {name: value for name, value in all_claims.items() if value is not ...}
    # By hand: PyJWT refuses to write what it would refuse to read.
    payload = json.dumps(given).encode()
    return jwt.PyJWS().encode(payload, key, algorithm)


def subscription(user: str, channel: str, **changes: Any) -> str:
    """As ``connection``."""
    return connection(user, channel=channel, **changes)


def unsigned(token: str) -> str:
    """The same claims with ``alg`` none, and no signature."""
    return f"{_part(alg='none', typ='JWT')}.{token.split('.')[1]}."


def disguised(token: str) -> str:
    """Signed as it was, but it says RS256: the key would be taken for a public one."""
    return _resigned(token, alg="RS256", typ="JWT")


def extended(token: str) -> str:
    """With a header that changes how the rest is to be read."""
    return _resigned(token, alg="HS256", typ="JWT", crit=["b64"], b64=False)


def tampered(token: str, **claims: Any) -> str:
    """Other claims under the same signature."""
    head, _, signature = token.split(".")
    return f"{head}.{_part(**claims)}.{signature}"


def _resigned(token: str, **header: Any) -> str:
    signed = f"{_part(**header)}.{token.split('.')[1]}"
    key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{signed}.{_encoded(key.sign(signed.encode(), TOKEN_KEY.encode()))}"


def _part(**fields: Any) -> str:
    return _encoded(json.dumps(fields).encode())


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
