"""The handshake's guards: first the origin, then who connects."""

import logging
from typing import Final

from django.contrib.sessions.backends.base import SessionBase
from django.http import parse_cookie

from ws_service.asgi_types import ASGIApplication, Receive, Scope, Send
from ws_service.conf import ServiceConfig
from ws_service.database_threads import DatabaseThreads
from ws_service.errors import Refusal
from ws_service.identity.django_session import User, read_django_session, user_of
from ws_service.identity.headers import header_values
from ws_service.identity.origin import OriginPolicy
from ws_service.identity.users import anonymous
from ws_service.refusal import refuse

logger = logging.getLogger(__name__)

# From the handshake's arrival, waiting for a thread included. Client libraries give up at 5 s.
TIME_LIMIT_S: Final = 4.0


class OriginMiddleware:
    """Refuse handshakes from pages of other sites."""

    def __init__(self, application: ASGIApplication, policy: OriginPolicy) -> None:
        self.application = application
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.policy.allows(scope["headers"], scope.get("scheme")):
            return await self.application(scope, receive, send)
        logger.warning(
            "Refused a handshake for %r from a page of %r (the Host asked for is %r):"
            " add the origin to WS_SERVICE['ALLOWED_ORIGINS'] or CSRF_TRUSTED_ORIGINS"
            " if it is yours.",
            scope["path"],
            ", ".join(header_values(scope["headers"], b"origin")),
            ", ".join(header_values(scope["headers"], b"host")),
        )
        return await refuse(scope, send, Refusal.ORIGIN_NOT_ALLOWED)


class IdentityMiddleware:
    """Add ``cookies``, ``session`` and ``user`` to the scope, as Channels' own stack names them.

    A store that can't be reached in time refuses the handshake: it never means anonymous. Where
    ``django.contrib.auth`` isn't installed there is no session, and nobody has a name yet: a token
    may give one later.
    """

    def __init__(
        self, application: ASGIApplication, config: ServiceConfig, threads: DatabaseThreads
    ) -> None:
        self.application = application
        self.config = config
        self.threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cookies = _trusted_cookies(scope)
        if not self.config.has_users:
            scope = {**scope, "cookies": cookies, "user": anonymous()}
            return await self.application(scope, receive, send)
        session_key = cookies.get(self.config.session_cookie_name)
        try:
            session, user = await self._identify(session_key)
        except Exception:
            logger.exception("Refused a handshake: the session store or user could not be read")
            return await refuse(scope, send, Refusal.UNAVAILABLE)
        scope = {**scope, "cookies": cookies, "session": session, "user": user}
        return await self.application(scope, receive, send)

    async def _identify(self, session_key: str | None) -> tuple[SessionBase, User]:
        if session_key is None:
            # No thread, no query: a stranger costs nothing.
            return read_django_session(self.config.session_engine, None), anonymous()

        def identify() -> tuple[SessionBase, User]:
            session = read_django_session(self.config.session_engine, session_key)
            return session, user_of(session, self.config.authentication_backends)

        return await self.threads.run(TIME_LIMIT_S, identify)


def _trusted_cookies(scope: Scope) -> dict[str, str]:
    # Without an Origin this is no browser: whoever wrote the cookie header could have written
    # anything, and a page that can suppress Origin must not act for the user.
    if not header_values(scope["headers"], b"origin"):
        return {}
    return parse_cookie("; ".join(header_values(scope["headers"], b"cookie")))
