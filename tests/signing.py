"""A throw-away certificate authority with one customer, for tests that sign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from unstill.media.content_credentials import Credentials

NOW = datetime.now(UTC)


def name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Throw-away"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def certificate(subject: str, key: Any, ca: Any, *, root: bool = False, days: int = 30) -> x509.Certificate:
    """A certificate for ``key`` signed by ``ca``, as C2PA wants a signer's (or a root's) to be."""
    builder = (
        x509.CertificateBuilder(
            name("Test root"), name(subject), key.public_key(), x509.random_serial_number()
        )
        .not_valid_before(NOW - timedelta(days=60))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(root, None), critical=True)
        .add_extension(
            x509.KeyUsage(not root, False, False, False, False, root, root, False, False), critical=True
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not root:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(ca, hashes.SHA256())


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes | None = None) -> bytes:
    cipher = BestAvailableEncryption(password) if password else NoEncryption()
    secret: bytes = key.private_bytes(Encoding.PEM, form, cipher)
    return secret


@dataclass(frozen=True)
class Office:
    """A certificate authority with one customer."""

    folder: Path
    root: Path
    credentials: Credentials
    own_key: Any
    ca_key: Any


def open_office(folder: Path) -> Office:
    """Make the keys and certificates in ``folder``."""
    ca, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Test root", ca, ca, root=True).public_bytes(Encoding.PEM)
    (folder / "root.pem").write_bytes(root)
    (folder / "chain.pem").write_bytes(certificate("A person", own, ca).public_bytes(Encoding.PEM) + root)
    (folder / "key.pem").write_bytes(pem(own))
    both = Credentials(folder / "chain.pem", folder / "key.pem")
    return Office(folder, folder / "root.pem", both, own, ca)
