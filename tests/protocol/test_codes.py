"""The catalogues are the protocol's, entry by entry (reference section 8)."""

import json

import pytest

from ws_service.protocol.codes import Disconnect, ReplyError, Unsubscribe

ERRORS = {
    100: "internal server error",
    101: "unauthorized",
    102: "unknown channel",
    103: "permission denied",
    104: "method not found",
    105: "already subscribed",
    106: "limit exceeded",
    107: "bad request",
    108: "not available",
    109: "token expired",
    110: "expired",
    111: "too many requests",
    112: "unrecoverable position",
    113: "concurrent pagination",
}
TEMPORARY = {100, 111, 113}
UNSUBSCRIBES = {
    2000: "server unsubscribe",
    2500: "insufficient state",
    2501: "subscription expired",
    2502: "state invalidated",
}
DISCONNECTS = {
    3000: "connection closed",
    3001: "shutdown",
    3004: "internal server error",
    3005: "connection expired",
    3006: "subscription expired",
    3008: "slow",
    3009: "write error",
    3010: "insufficient state",
    3011: "force reconnect",
    3012: "no pong",
    3013: "too many requests",
    3014: "state invalidated",
    3500: "invalid token",
    3501: "bad request",
    3502: "stale",
    3503: "force disconnect",
    3504: "connection limit",
    3505: "channel limit",
    3506: "inappropriate protocol",
    3507: "permission denied",
    3508: "not available",
    3509: "too many errors",
}
# A control frame has 125 bytes, 2 of them for the code (RFC 6455 section 5.5).
REASON_LIMIT_BYTES = 123


def test_the_errors_are_complete() -> None:
    """Clients have these numbers built in."""
    assert {entry.value.code: entry.value.message for entry in ReplyError} == ERRORS


def test_only_what_may_succeed_later_is_temporary() -> None:
    """The flag decides whether a client tries again: 100 without it is final."""
    assert {entry.value.code for entry in ReplyError if entry.value.is_temporary} == TEMPORARY


def test_the_unsubscribes_are_complete() -> None:
    """Clients have these numbers built in."""
    assert {entry.value.code: entry.value.reason for entry in Unsubscribe} == UNSUBSCRIBES


def test_the_disconnects_are_complete() -> None:
    """Clients have these numbers built in; 1009 is the WebSocket protocol's own."""
    own = {entry.value.code: entry.value.reason for entry in Disconnect}
    assert own.pop(1009) == "message too big"
    assert own == DISCONNECTS


def test_the_ranges_say_who_comes_back() -> None:
    """The number alone carries the advice."""
    for end in Disconnect:
        assert end.reconnects is (3000 <= end.value.code < 3500)
    assert [end for end in Unsubscribe if not end.resubscribes] == [Unsubscribe.SERVER]


@pytest.mark.parametrize("end", [*Disconnect, *Unsubscribe])
def test_a_reason_is_short_and_no_json(end: Disconnect | Unsubscribe) -> None:
    """Two SDKs parse it: JSON without "reconnect" would end the client for good."""
    assert len(end.value.reason.encode()) <= REASON_LIMIT_BYTES
    with pytest.raises(json.JSONDecodeError):
        json.loads(end.value.reason)
