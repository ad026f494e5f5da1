"""One compose project for all tests of this folder: each leaves it healthy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from devkit import client_sdk
from tests.conformance import sdk_process
from tests.conformance.sdk_process import Sdk, SdkProcess
from tests.deploy.containers.compose.stack import Front, Stack
from tests.e2e import chromium


@pytest.fixture(scope="package")
def stack(engine: None) -> Iterator[Stack]:
    """Everything is up, with all profiles, and healthy."""
    with Stack() as stack:
        yield stack


@pytest.fixture(params=["nginx", "nginx-tls", "caddy"])
def front(request: pytest.FixtureRequest, stack: Stack) -> Front:
    """Each proxy in turn."""
    return stack.fronts[request.param]


@pytest.fixture(params=["nginx-tls", "caddy"])
def secure_front(request: pytest.FixtureRequest, stack: Stack) -> Front:
    """Each proxy with TLS in turn."""
    return stack.fronts[request.param]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not longer than a module: Playwright's event loop runs in this thread."""
    path = chromium.find_or_skip()
    with sync_playwright() as playwright, chromium.launch(playwright.chromium, path) as browser:
        yield browser


@pytest.fixture
def sdk(tmp_path: Path) -> Iterator[Sdk]:
    """The official JavaScript SDK, in Node."""
    assert client_sdk.PACKAGE.is_dir(), "run `python3 dev.py sdk`: it fetches the SDK"
    argv = sdk_process.javascript(client_sdk.PACKAGE)
    with SdkProcess("javascript", argv, tmp_path / "sdk.log") as sdk:
        yield sdk
