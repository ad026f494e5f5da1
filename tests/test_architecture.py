"""The shape of the repository, held against its own rules."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ws_service
from tests.live import CHECKOUT

ROOT_MODULES = [
    *CHECKOUT.glob("*.py"),
    *(CHECKOUT / "consumers").glob("*.py"),
    *(CHECKOUT / "settings").glob("*.py"),
    *(CHECKOUT / "example").rglob("*.py"),
]
# Besides the package itself: what a site catches, what it listens to, what it tests with.
PUBLIC_MODULES = ("ws_service", "ws_service.errors", "ws_service.signals", "ws_service.testing")


def imports_of(file: Path) -> Iterator[tuple[str, str | None]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("file", ROOT_MODULES, ids=lambda f: str(f.relative_to(CHECKOUT)))
def test_the_project_uses_public_names_only(file: Path) -> None:
    """What this repository's own project can't do, no site can."""
    allowed_modules = {("ws_service.probe", "main")} if file.name == "healthcheck.py" else set()
    for module, name in imports_of(file):
        if module.partition(".")[0] == "ws_service" and (module, name) not in allowed_modules:
            assert module in PUBLIC_MODULES, f"{module} is private"
            if module == "ws_service":
                assert name is None or name in ws_service.__all__, f"{name} is not public"


@pytest.mark.parametrize("file", sorted((CHECKOUT / "ws_service").rglob("*.py")))
def test_the_library_does_not_know_the_project(file: Path) -> None:
    """Delete the root and the library is whole."""
    own = {"asgi", "routing", "settings", "consumers", "example", "devkit", "tests"}
    assert not {module.partition(".")[0] for module, _ in imports_of(file)} & own


def test_only_one_module_reads_each_kind_of_settings() -> None:
    """The environment: env.py, probe, CLI. Django's settings: conf/."""
    environment, settings = set(), set()
    for file in [*(CHECKOUT / "ws_service").rglob("*.py"), *(CHECKOUT / "settings").glob("*.py")]:
        name = str(file.relative_to(CHECKOUT))
        text = file.read_text()
        if "os.environ" in text or "Env()" in text:
            environment.add(name)
        if ("django.conf", "settings") in set(imports_of(file)):
            settings.add(name)
    assert environment == {"settings/env.py", "ws_service/probe.py", "ws_service/cli/serve.py"}
    readers = ("config", "django_settings", "problems", "site")
    assert settings == {f"ws_service/conf/{name}.py" for name in readers}


def test_no_module_is_too_long() -> None:
    """Past 500 lines a noun is missing."""
    for folder in ("ws_service", "consumers", "settings", "example", "devkit", "tests", "scripts"):
        for file in (CHECKOUT / folder).rglob("*.py"):
            assert len(file.read_text().splitlines()) <= 500, file


def test_every_public_name_can_be_imported() -> None:
    """They are imported lazily, so a typo would show late."""
    for name in ws_service.__all__:
        assert getattr(ws_service, name)
    assert set(ws_service.__all__) <= set(dir(ws_service))
    with pytest.raises(AttributeError, match="no attribute 'publsh'"):
        ws_service.publsh  # noqa: B018
