import pytest

from ws_service.origin_pattern import InvalidOrigin, Origin, OriginPattern


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://example.com", Origin("https", "example.com", 443)),
        ("HTTP://Example.com:8000", Origin("http", "example.com", 8000)),
        ("http://[::1]:8000", Origin("http", "::1", 8000)),
        ("https://example.com.", Origin("https", "example.com", 443)),
        ("chrome-extension://abcdef", Origin("chrome-extension", "abcdef", None)),
    ],
)
def test_an_origin_is_scheme_host_and_port(text: str, origin: Origin) -> None:
    """Default ports are part of it, whether they are written or not."""
    assert Origin.parse(text) == origin


@pytest.mark.parametrize(
    "text",
    ["null", "", "example.com", "file://", "https://", "https://a/b", "https://a?b", "https://a#b",
     "https://user@a", "https://a:b", "https://a:99999", "https://[::1", None],
)  # fmt: skip
def test_anything_else_is_no_origin(text: str) -> None:
    """What can't be read is refused, never guessed."""
    with pytest.raises(InvalidOrigin):
        Origin.parse(text)


@pytest.mark.parametrize(
    ("pattern", "origin", "matches"),
    [
        ("https://example.com", "https://example.com", True),
        ("https://example.com", "https://example.com:443", True),
        ("https://example.com", "http://example.com", False),
        ("https://example.com", "https://example.com:8443", False),
        ("https://example.com", "https://www.example.com", False),
        ("https://*.example.com", "https://www.example.com", True),
        ("https://*.example.com", "https://a.b.example.com", True),
        ("https://*.example.com", "https://example.com", True),
        ("https://*.example.com", "https://evilexample.com", False),
        ("https://*.example.com:8443", "https://www.example.com", False),
        ("http://localhost:8000", "http://localhost:8000", True),
        ("chrome-extension://abc", "chrome-extension://abc", True),
    ],
)
def test_a_pattern_matches_as_djangos_trusted_origins_do(
    pattern: str, origin: str, matches: bool
) -> None:
    """One notation for both lists."""
    assert OriginPattern.parse(pattern).matches(Origin.parse(origin)) is matches


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "https://*",
        "https://a.*.com",
        "https://*.*.com",
        "a.com",
        "wss://a.com",
        "https://bücher.example",
    ],
)
def test_a_pattern_that_would_match_too_much_is_refused(text: str) -> None:
    """A typo in a setting must not open the door."""
    with pytest.raises(InvalidOrigin):
        OriginPattern.parse(text)
