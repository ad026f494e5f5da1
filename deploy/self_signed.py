"""Make a certificate for trying: ``python self_signed.py FOLDER NAME...``

Writes FOLDER/fullchain.pem and FOLDER/privkey.pem, signed by nobody but itself. A pair that is
there stays, yours or an earlier one of this program; its own is renewed in its last week.
"""

import ipaddress
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=90)
RENEWED_BEFORE = timedelta(days=7)
ISSUER = "Self-signed, for trying"


def is_good_enough(certificate: Path, now: datetime) -> bool:
    """Whether there is one that is somebody else's, or an own one that still lasts."""
    if not certificate.exists():
        return False
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    is_own = found.issuer == _name(ISSUER)
    return not is_own or found.not_valid_after_utc - now > RENEWED_BEFORE


def make(names: list[str], now: datetime) -> tuple[bytes, bytes]:
    """A certificate and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(ISSUER))
        .issuer_name(_name(ISSUER))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def write(path: Path, content: bytes, mode: int) -> None:
    """All of it or nothing, and at no moment readable by others than `mode` says."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    part.replace(path)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def main(folder: Path, names: list[str]) -> None:
    now = datetime.now(UTC)
    if is_good_enough(folder / "fullchain.pem", now):
        print("There is a certificate: nothing to do")
        return
    certificate, key = make(names, now)
    # The key first: a server that is started in between finds no pair, and never a wrong one.
    (folder / "fullchain.pem").unlink(missing_ok=True)
    write(folder / "privkey.pem", key, 0o600)
    write(folder / "fullchain.pem", certificate, 0o644)
    print(f"Made a certificate for {', '.join(names)}, until {now + LIFETIME:%Y-%m-%d}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
