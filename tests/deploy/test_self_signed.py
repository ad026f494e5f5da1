"""The program that makes compose's certificate for trying."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.live import CHECKOUT

NAMES = ["localhost", "127.0.0.1"]


@pytest.fixture(scope="module")
def program() -> Any:
    """It stands alone: no package has it."""
    spec = spec_from_file_location("self_signed", CHECKOUT / "deploy" / "self_signed.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def made(program: Any, tmp_path: Path) -> Callable[[], x509.Certificate]:
    """Run it; gives the certificate that is there then."""

    def made() -> x509.Certificate:
        program.main(tmp_path, NAMES)
        return x509.load_pem_x509_certificate((tmp_path / "fullchain.pem").read_bytes())

    return made


def test_it_makes_a_pair_that_only_its_user_can_use(
    made: Callable[[], x509.Certificate], tmp_path: Path
) -> None:
    """nginx runs as the same user; nobody else needs the key."""
    alternatives = made().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(each) for each in alternatives.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert stat.S_IMODE((tmp_path / "privkey.pem").stat().st_mode) == 0o600


def test_it_stays_until_its_last_week(
    made: Callable[[], x509.Certificate], program: Any, tmp_path: Path
) -> None:
    """Each start would else make browsers ask again, and one that runs for months would expire."""
    first = made()
    assert made() == first
    almost_over = datetime.now(UTC) - program.LIFETIME + program.RENEWED_BEFORE / 2
    for path, content in zip(
        ("fullchain.pem", "privkey.pem"), program.make(NAMES, almost_over), strict=True
    ):
        (tmp_path / path).write_bytes(content)
    renewed = made()
    assert renewed != first
    assert renewed.not_valid_after_utc > datetime.now(UTC) + program.RENEWED_BEFORE


def test_a_certificate_of_somebody_else_is_left_alone(
    made: Callable[[], x509.Certificate],
    program: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Your own in its place, even one that is over: a wrong one would be worse than a warning."""
    monkeypatch.setattr(program, "ISSUER", "Some authority")
    long_over = datetime.now(UTC) - 2 * program.LIFETIME
    theirs, key = program.make(NAMES, long_over)
    (tmp_path / "fullchain.pem").write_bytes(theirs)
    (tmp_path / "privkey.pem").write_bytes(key)
    monkeypatch.undo()
    assert made() == x509.load_pem_x509_certificate(theirs)
    assert (tmp_path / "privkey.pem").read_bytes() == key
