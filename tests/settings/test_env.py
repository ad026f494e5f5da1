"""The settings modules in interpreters of their own, since a process has one environment."""

import json
import subprocess
import sys

import pytest

from tests.live import CHECKOUT, bare_environment

COMPLETE = {
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": "www.example.com, .example.org,",
    "DATABASE_URL": "postgres://user:pass%40word@db:5432/site",
    "REDIS_URL": "rediss://:secret@redis:6380/3",
}


def read(names: list[str], settings: str = "settings.production", **environment: str) -> dict:
    script = (
        f"import json, {settings} as s; print(json.dumps({{n: getattr(s, n) for n in {names}}}))"
    )
    finished = run(script, **environment)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        env=bare_environment() | environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_production_takes_everything_from_the_environment() -> None:
    """Database, Redis and cache by URL."""
    names = ["DEBUG", "ALLOWED_HOSTS", "DATABASES", "CHANNEL_LAYERS", "DEMO_CONSUMERS", "CACHES"]
    values = read(names, CACHE_URL="redis://redis:6379/1", **COMPLETE)
    assert values["DEBUG"] is False
    assert values["DEMO_CONSUMERS"] is False
    assert values["ALLOWED_HOSTS"] == ["www.example.com", ".example.org"]
    assert values["DATABASES"]["default"]["PASSWORD"] == "pass@word"
    layer = values["CHANNEL_LAYERS"]["default"]
    assert layer["BACKEND"].endswith("RedisPubSubChannelLayer")
    host = layer["CONFIG"]["hosts"][0]
    assert host["address"] == "rediss://:secret@redis:6380/3"
    assert host["socket_timeout"] > 5
    assert "redis" in values["CACHES"]["default"]["BACKEND"].lower()


@pytest.mark.parametrize(
    "url", ["redis://host:6379/3", "rediss://host", "unix:///run/redis.sock?db=3"]
)
def test_redis_by_any_url(url: str) -> None:
    """TCP, TLS and unix sockets."""
    values = read(["CHANNEL_LAYERS"], **COMPLETE | {"REDIS_URL": url})
    assert values["CHANNEL_LAYERS"]["default"]["CONFIG"]["hosts"][0]["address"] == url


def test_the_core_layer_is_a_choice() -> None:
    """Some sites depend on its queues."""
    values = read(["CHANNEL_LAYERS"], CHANNEL_LAYER="core", **COMPLETE)
    assert values["CHANNEL_LAYERS"]["default"]["BACKEND"].endswith("core.RedisChannelLayer")


@pytest.mark.promise("bad-environment")
def test_all_that_is_missing_is_named_at_once() -> None:
    """Not one restart for each variable."""
    finished = run("import settings.production")
    assert finished.returncode == 1
    for name in COMPLETE:
        assert f"  {name} is not set" in finished.stderr
    assert "for example: postgres://user:password@db:5432/site" in finished.stderr


@pytest.mark.promise("bad-environment")
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SECRET_KEY", "short-secret", "SECRET_KEY is malformed"),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS is empty"),
        ("DATABASE_URL", "hunter2", "DATABASE_URL is malformed"),
        ("DATABASE_URL", "oracel://user:hunter2@db/x", "DATABASE_URL is malformed"),
        ("REDIS_URL", "http://:hunter2@redis", "REDIS_URL is malformed: starts with redis://"),
        *(
            ("REDIS_URL", url, "with / ? # @ : in a password as %2F")
            for url in (
                *("redis://u:hunter2/x@redis", "redis://u:hunter2#x@redis", "redis:///0"),
                *("redis://u:hunter2?x@redis", "redis://redis:0/0", "redis://redis?hunter2=1"),
                *("redis://redis?db=hunter2", "unix://", "redis://u:hunter2[x@redis"),
            )
        ),
        ("CHANNEL_LAYER", "hunter2", "CHANNEL_LAYER is malformed"),
        ("DEMO_CONSUMERS", "hunter2", "DEMO_CONSUMERS is malformed"),
        ("LOG_LEVEL", "hunter2", "LOG_LEVEL is malformed"),
    ],
)
def test_what_is_malformed_is_named_and_its_value_is_not(name: str, value: str, words: str) -> None:
    """Start-up errors end in logs that many people read."""
    finished = run("import settings.production", **COMPLETE | {name: value})
    assert finished.returncode == 1
    assert words in finished.stderr
    assert "hunter2" not in finished.stderr
    assert "short-secret" not in finished.stderr


def test_development_needs_nothing() -> None:
    """A clone runs."""
    values = read(["DEBUG", "AUTH_USER_MODEL", "SESSION_COOKIE_NAME"], "settings.development")
    assert values == {
        "DEBUG": True,
        "AUTH_USER_MODEL": "accounts.User",
        "SESSION_COOKIE_NAME": "example_sessionid",
    }


def test_development_and_the_example_site_share_what_must_agree() -> None:
    """Otherwise everybody is anonymous in development."""
    names = ["SECRET_KEY", "AUTH_USER_MODEL", "AUTHENTICATION_BACKENDS", "SESSION_COOKIE_NAME"]
    names += ["SESSION_ENGINE"]
    script = (
        "import json, {0}; from django.conf import settings;"
        "print(json.dumps([getattr(settings, n) for n in {1}]))"
    )
    answers = {
        run(script.format("django", names), DJANGO_SETTINGS_MODULE=module).stdout
        for module in ("settings.development", "example.settings")
    }
    assert len(answers) == 1
    assert "accounts.User" in answers.pop()
