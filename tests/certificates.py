"""Real keys and certificates for tests: one function signs all of them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

ROOT = "root.linkerd.cluster.local"
"""The name of a trust anchor, as the Linkerd docs make it."""
ISSUER = "identity.linkerd.cluster.local"
"""The name of the issuer of a control plane in the namespace linkerd."""


@dataclass(frozen=True)
class Certified:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Any
    """A private key (`Key`); only some kinds of key have a curve or a size."""

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The key in PKCS#8."""
        return self._key_in(PrivateFormat.PKCS8)

    @property
    def old_key_pem(self) -> str:
        """The key in the form that OpenSSL calls traditional: SEC1, or PKCS#1 for RSA."""
        return self._key_in(PrivateFormat.TraditionalOpenSSL)

    def _key_in(self, form: PrivateFormat) -> str:
        pem: bytes = self.key.private_bytes(Encoding.PEM, form, NoEncryption())
        return pem.decode()


def loaded(certificate: str, key: str) -> Certified:
    """A certificate and its key from PEM."""
    private = load_pem_private_key(key.encode(), password=None)
    return Certified(x509.load_pem_x509_certificate(certificate.encode()), private)


def certified(
    name: str,
    signer: Certified | None = None,
    *,
    key: Key | None = None,
    hosts: tuple[str, ...] = (),
    authority: bool = True,
    path_length: int | None = None,
    begins: datetime | None = None,
    days: float = 365,
    usage: bool = True,
    may_sign: bool | None = None,
    server: bool = False,
    identifiers: bool = False,
    digest: hashes.SHA256 | hashes.SHA384 | None = None,
) -> Certified:
    """A certificate, signed by `signer` or by its own key.

    `hosts` are DNS names and IP addresses; a certificate without a name has them only. It begins
    an hour ago and is valid for so many `days`. `usage` says whether it has a key usage: to sign
    certificates for an `authority`, or as `may_sign` says; `server` whether it is for servers;
    `identifiers` whether it has the identifiers of its own key and of its signer's.
    """
    own = key or ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    start = begins or datetime.now(UTC) - timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(authority, path_length if authority else None), True)
    )
    if hosts:
        alternatives = x509.SubjectAlternativeName([_general(host) for host in hosts])
        builder = builder.add_extension(alternatives, critical=not name)
    if usage:
        signs = authority if may_sign is None else may_sign
        uses = x509.KeyUsage(True, False, False, False, False, signs, signs, False, False)
        builder = builder.add_extension(uses, critical=True)
    if server:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(purpose, critical=False)
    if identifiers:
        mine = x509.SubjectKeyIdentifier.from_public_key(own.public_key())
        builder = builder.add_extension(mine, critical=False)
        if signer:
            above = signer.certificate.public_key()
            theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(above)  # type: ignore[arg-type]
            builder = builder.add_extension(theirs, critical=False)
    signing = signer.key if signer else own
    chosen = None if isinstance(signing, ed25519.Ed25519PrivateKey) else digest or hashes.SHA256()
    return Certified(builder.sign(signing, chosen), own)


def _name(text: str) -> x509.Name:
    named = [x509.NameAttribute(x509.NameOID.COMMON_NAME, text)] if text else []
    return x509.Name(named)


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
