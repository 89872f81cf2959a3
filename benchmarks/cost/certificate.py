"""A TLS certificate for this machine, and a file of certificates that trusts it as well as all that are usual."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


def trust(folder: Path) -> dict[str, str]:
    """
    Give the environment in which clients trust the stub, and read as large a file for it as they do elsewhere.

    :param folder: where :func:`make` wrote
    """
    return {name: str(folder / "trusted.pem") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}


def make(folder: Path) -> tuple[Path, Path]:
    """
    Write a certificate and its key; give the paths of both.

    :param folder: where to write
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "trusted.pem").write_bytes(Path(certifi.where()).read_bytes() + certificate_file.read_bytes())
    return certificate_file, key_file
