from typing import Any

import pytest

from ws_service.identity.origin import OriginPolicy
from ws_service.origin_pattern import OriginPattern

HOSTS = ("www.example.com", ".example.org", "localhost", "127.0.0.1", "[::1]")


def policy(*allowed: str, **changes: Any) -> OriginPolicy:
    values = {
        "allowed": tuple(OriginPattern.parse(text) for text in allowed),
        "allowed_hosts": HOSTS,
        "use_x_forwarded_host": False,
        "secure_proxy_ssl_header": None,
    }
    return OriginPolicy(**{**values, **changes})


def allows(
    policy: OriginPolicy, origin: str, host: str, scheme: str | None = None, **headers: str
) -> bool:
    pairs = [(b"origin", origin.encode()), (b"host", host.encode())]
    pairs += [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return policy.allows(pairs, scheme)


@pytest.mark.promise("foreign-origin")
@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        ("https://www.example.com", "www.example.com", True),
        ("http://www.example.com", "www.example.com", True),  # the scheme is unknown here
        ("https://www.example.com", "www.example.com:443", True),
        ("https://www.example.com:8443", "www.example.com:8443", True),
        ("https://WWW.example.com", "www.Example.com", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("https://a.example.org", "a.example.org", True),
        ("https://www.example.com", "www.example.com:8443", False),
        ("https://www.example.com:8443", "www.example.com", False),
        ("https://evil.example", "www.example.com", False),
        ("https://www.example.com.evil.example", "www.example.com", False),
        ("http://localhost:8000", "localhost:8001", False),
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("https://evil.example", "evil.example", False),  # a rebound name: not in ALLOWED_HOSTS
        ("null", "www.example.com", False),
        ("", "www.example.com", False),
        ("file://", "www.example.com", False),
        ("https://www.example.com", "", False),
        ("https://www.example.com", "www.example.com:x", False),
        ("https://www.example.com", f"www.example.com:{'1' * 5_000}", False),
    ],
)
def test_a_page_may_connect_to_its_own_host_and_port(
    origin: str, host: str, expected: bool
) -> None:
    """The rule that needs no configuration."""
    assert allows(policy(), origin, host) is expected


def test_listed_origins_may_connect_from_anywhere() -> None:
    """Front ends on another host."""
    listed = policy("https://app.example.net", "https://*.example.net")
    assert allows(listed, "https://app.example.net", "ws:8001")
    assert allows(listed, "https://x.example.net", "ws:8001")
    assert not allows(listed, "http://app.example.net", "ws:8001")


def test_a_star_in_allowed_hosts_widens_nothing() -> None:
    """ALLOWED_HOSTS = ["*"] is common; it must not mean any origin."""
    open_hosts = policy(allowed_hosts=("*",))
    assert allows(open_hosts, "https://a.example", "a.example")
    assert not allows(open_hosts, "https://evil.example", "a.example")


def test_no_origin_passes() -> None:
    """Not a browser; its cookies are ignored elsewhere."""
    assert policy().allows([(b"host", b"www.example.com")], None)


def test_two_origins_are_refused() -> None:
    """No browser sends two; a smuggled one must not win."""
    headers = [(b"origin", b"https://www.example.com")] * 2 + [(b"host", b"www.example.com")]
    assert not policy().allows(headers, None)


def test_the_forwarded_host_counts_only_when_django_believes_it() -> None:
    """USE_X_FORWARDED_HOST, as for the site's own pages."""
    arguments = ("https://www.example.com", "ws:8001")
    forwarded = {"x_forwarded_host": "www.example.com"}
    assert not allows(policy(), *arguments, **forwarded)
    assert allows(policy(use_x_forwarded_host=True), *arguments, **forwarded)


def test_a_host_that_is_sent_twice_is_nobodys() -> None:
    """Which one a proxy believed is anybody's guess."""
    twice = [(b"x-forwarded-host", b"www.example.com")] * 2
    headers = [(b"origin", b"https://www.example.com"), (b"host", b"www.example.com"), *twice]
    assert not policy(use_x_forwarded_host=True).allows(headers, None)
    assert policy().allows(headers, None)


def test_the_scheme_is_compared_where_it_is_known() -> None:
    """A page over http must not ride on an https site's cookie."""
    behind_proxy = policy(secure_proxy_ssl_header=("HTTP_X_FORWARDED_PROTO", "https"))
    for sent, expected in (("https", True), ("http", False)):
        answer = allows(
            behind_proxy,
            "https://www.example.com",
            "www.example.com",
            x_forwarded_proto=sent,
        )
        assert answer is expected
    assert not allows(policy(), "http://www.example.com", "www.example.com", "wss")
    assert allows(policy(), "https://www.example.com", "www.example.com", "wss")
    assert allows(policy(), "https://www.example.com", "www.example.com", "ws")
