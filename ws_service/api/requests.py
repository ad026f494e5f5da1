"""What the methods are asked. Fields that they don't know are ignored, as Centrifugo does.

A field that would narrow what is done, and can't be obeyed, is named: it is refused, not ignored.
"""

from base64 import b64decode
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import decode

from ws_service.api.errors import ApiError, Fault


class Content(Struct, kw_only=True):
    """What is published, by ``publish`` and ``broadcast``."""

    data: Any | UnsetType = UNSET
    b64data: str | None = None
    skip_history: bool | None = None
    tags: dict[str, str] | None = None
    idempotency_key: str | None = None
    version: int | None = None

    def payload(self) -> Any:
        """The data. Raises ApiError where there is none, or it is no JSON."""
        if self.version:
            raise ApiError(Fault.BAD_REQUEST, "'version' is not supported")
        if self.b64data:
            return _json_of(self.b64data)
        if self.data is UNSET:
            raise ApiError(Fault.BAD_REQUEST, "there is no 'data'")
        return self.data


class PublishRequest(Content, kw_only=True):
    """One publication."""

    channel: str


class BroadcastRequest(Content, kw_only=True):
    """The same data to several topics."""

    channels: list[str]


class ChannelRequest(Struct, kw_only=True):
    """Something about one topic."""

    channel: str


class Since(Struct, kw_only=True):
    """A position."""

    offset: Annotated[int, Meta(ge=0, le=2**53)] = 0
    epoch: str = ""


class HistoryRequest(Struct, kw_only=True):
    """limit: 0 asks for the position alone, a negative one for everything that is kept."""

    channel: str
    limit: int | None = None
    since: Since | None = None
    reverse: bool | None = None


class UserRequest(Struct, kw_only=True):
    """Something about the connections of one user. client: only this one."""

    user: str
    client: str | None = None
    session: str | None = None

    def check(self) -> None:
        """Raises ApiError where it would mean all connections, and meant one."""
        if not self.user:
            raise ApiError(Fault.BAD_REQUEST, "there is no 'user'")
        if self.session:
            raise ApiError(Fault.BAD_REQUEST, "'session' is not supported: name the 'client'")


class UnsubscribeRequest(UserRequest, kw_only=True):
    """Ends a user's subscriptions to one topic."""

    channel: str


class End(Struct, kw_only=True):
    """What a closed connection is told."""

    code: int = 0
    reason: str = ""


class DisconnectRequest(UserRequest, kw_only=True):
    """Ends a user's connections, except those in ``whitelist``."""

    whitelist: list[str] | None = None
    disconnect: End | None = None


class InfoRequest(Struct):
    """About all processes of the service."""


def _json_of(b64data: str) -> Any:
    try:
        return decode(b64decode(b64data, validate=True))
    except (ValueError, RecursionError) as error:  # both of Base64 and of JSON
        text = "'b64data' is no Base64 of JSON; clients of this service get JSON only"
        raise ApiError(Fault.BAD_REQUEST, text) from error
