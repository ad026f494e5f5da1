"""docs/guarantees.md and the tests agree: no promise without a test, no test for a lost one."""

import ast
import re

from tests.live import CHECKOUT

PROMISE = re.compile(r"^\| `(?P<id>[a-z0-9-]+)` \|", re.MULTILINE)


def promised() -> list[str]:
    return PROMISE.findall((CHECKOUT / "docs" / "guarantees.md").read_text())


def kept_by_tests() -> set[str]:
    found: set[str] = set()
    for file in (CHECKOUT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.promise":
                found.update(ast.literal_eval(argument) for argument in node.args)
    return found


def test_every_promise_has_a_test() -> None:
    """A sentence in the docs is worth what is checked."""
    assert set(promised()) - kept_by_tests() == set()


def test_every_marker_names_a_promise() -> None:
    """A typo in a marker would leave a promise untested."""
    assert kept_by_tests() - set(promised()) == set()


def test_no_promise_is_made_twice() -> None:
    """An id is one sentence."""
    assert len(promised()) == len(set(promised()))
    assert len(promised()) > 10
