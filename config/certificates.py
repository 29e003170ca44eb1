"""What makes a provided certificate unfit as a trust anchor.

Fact: Linkerd's identity service takes ECDSA P-256 or RSA anchors that are CAs, and an issuer
below them, so a path length, where set, must be at least 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from config.base import UNREADABLE_SECRET


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a certificate, as the end of a sentence about it, and the remedy."""

    message: str
    remedy: str


_HOW_TO = "provide a self-signed ECDSA P-256 CA certificate in PEM form"


def examine_anchor(
    certificate: str, private_key: str | None, now: datetime | None = None
) -> Complaint | None:
    """The first reason why this certificate cannot be a trust anchor, or None.

    `certificate` and `private_key` are PEM texts; a key that is still encrypted in the stack
    file is not looked at. `now` is the current time unless given.
    """
    now = now or datetime.now(UTC)
    if certificate.count("-----BEGIN CERTIFICATE-----") > 1:
        return Complaint(
            "holds more than one certificate", "give each certificate an entry under anchors"
        )
    try:
        cert = x509.load_pem_x509_certificate(certificate.encode())
        extensions = cert.extensions
        key = cert.public_key()
    except ValueError:
        return Complaint("is not a certificate that can be read", _HOW_TO)
    if now >= cert.not_valid_after_utc:
        return Complaint(
            f"is expired since {cert.not_valid_after_utc:%Y-%m-%d}", "provide one that is valid"
        )
    if now < cert.not_valid_before_utc:
        return Complaint(
            f"is not valid before {cert.not_valid_before_utc:%Y-%m-%d %H:%M} UTC",
            "provide one that is valid now",
        )
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        constraints = x509.BasicConstraints(ca=False, path_length=None)
    if not constraints.ca:
        return Complaint("is not a CA certificate", f"{_HOW_TO} (basic constraint CA:TRUE)")
    if constraints.path_length == 0:
        return Complaint(
            "has path length 0, so no issuer can stand below it",
            "provide one with path length 1 or more, or without a limit",
        )
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        pass
    else:
        if not usage.key_cert_sign:
            return Complaint("may not sign certificates", f"{_HOW_TO} with key usage certSign")
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, ec.SECP256R1):
            return Complaint(f"has an ECDSA key on curve {key.curve.name}", _HOW_TO)
    elif not isinstance(key, rsa.RSAPublicKey):
        return Complaint("has a key that is neither ECDSA P-256 nor RSA", _HOW_TO)
    if private_key is None or private_key == UNREADABLE_SECRET:
        return None
    try:
        loaded = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError):
        return Complaint(
            "has a private key that cannot be read", "provide an unencrypted key in PEM form"
        )
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if loaded.public_key().public_bytes(*form) != key.public_bytes(*form):
        return Complaint(
            "has a private key that does not belong to the certificate", "provide the one that does"
        )
    return None
