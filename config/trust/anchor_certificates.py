"""What makes a provided certificate unfit as a trust anchor.

Fact: Linkerd's identity service takes ECDSA P-256 or RSA anchors that are CAs, and an issuer
below them, so a path length, where set, must be at least 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from config.language.formats import UNREADABLE_SECRET

SMALLEST_RSA_KEY = 2048
"""Bits; the proxies' TLS library takes no smaller RSA key."""

NO_ECDSA_KEY = "it has no ECDSA P-256 key"
"""What is wrong with an anchor below which Linkerd 2.8 reads no issuer."""

SKEW_REMEDY = "provide one that is valid now, or set this machine's clock"


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a certificate, as the end of a sentence about it, and the remedy."""

    message: str
    remedy: str
    of_key: bool = False
    """Whether it is the private key that is wrong."""


_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_HOW_TO = "provide a self-signed ECDSA P-256 CA certificate in PEM form"


def examine_anchor(
    certificate: str, private_key: str | None, now: datetime | None = None
) -> Complaint | None:
    """The first reason why this certificate cannot be a trust anchor, or None.

    Takes what `anchor_complaints` takes.
    """
    return next(anchor_complaints(certificate, private_key, now), None)


def anchor_complaints(
    certificate: str, private_key: str | None, now: datetime | None = None
) -> Iterator[Complaint]:
    """Every reason why this certificate cannot be a trust anchor.

    `certificate` and `private_key` are PEM texts; a key that is still encrypted in the stack
    file is not looked at. `now` is the current time unless given.
    """
    if "PRIVATE KEY-----" in certificate:
        # The bundle is public, and what stands here becomes part of it.
        yield Complaint(
            "holds a private key, which would be shown with the certificate",
            "leave only the certificate here, write the key under privateKey, and replace the "
            "key if anyone may have seen it",
        )
        return
    if certificate.count("-----BEGIN ") > 1:
        yield Complaint(
            "holds more than one certificate", "give each certificate an entry under anchors"
        )
        return
    # Linkerd reads blocks of this type alone (linkerd2, pkg/tls/codec.go).
    cert = _loaded(certificate) if _BEGIN in certificate else None
    key = _public_key(cert) if cert is not None else None
    if cert is None or key is None:
        yield Complaint("is not a certificate that can be read", _HOW_TO)
        return
    if not certificate.rstrip().endswith(_END):
        yield Complaint(
            "has text after the certificate, with which Linkerd's identity controller does not "
            "start",
            f"leave out what follows {_END}",
        )
    yield from _validity(cert, now or datetime.now(UTC))
    yield from _authority(cert)
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, ec.SECP256R1):
            yield Complaint(f"has an ECDSA key on curve {key.curve.name}", _HOW_TO)
    elif isinstance(key, rsa.RSAPublicKey):
        if key.key_size < SMALLEST_RSA_KEY:
            yield Complaint(
                f"has an RSA key of {key.key_size} bits, and proxies take {SMALLEST_RSA_KEY} "
                "or more",
                _HOW_TO,
            )
    else:
        yield Complaint("has a key that is neither ECDSA P-256 nor RSA", _HOW_TO)
    if private_key is not None and private_key != UNREADABLE_SECRET:
        yield from _private_key(private_key, key)


def fingerprint(certificate: str) -> str | None:
    """SHA-256 of a PEM certificate, or None where it cannot be read."""
    cert = _loaded(certificate)
    return cert.fingerprint(hashes.SHA256()).hex() if cert is not None else None


def fault_for_2_8(certificate: x509.Certificate) -> str | None:
    """Why Linkerd 2.8 refuses the algorithms of an anchor or issuer, as a sentence, or None.

    It reads ECDSA P-256 keys alone, signed by ECDSA with SHA-256. Facts: linkerd2 stable-2.8.1,
    ``pkg/issuercerts/issuercerts.go`` (CheckCertAlgoRequirements).
    """
    key = _public_key(certificate)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return NO_ECDSA_KEY
    if certificate.signature_algorithm_oid != x509.SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        return "it is not signed by ECDSA with SHA-256"
    return None


def anchor_fault_for_2_8(certificate: str) -> str | None:
    """The same of a PEM text; None too where it cannot be read, which is another complaint."""
    cert = _loaded(certificate)
    return fault_for_2_8(cert) if cert is not None else None


def issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether this authority signed a certificate; its dates and what it may sign do not matter."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _loaded(certificate: str) -> x509.Certificate | None:
    try:
        cert = x509.load_pem_x509_certificate(certificate.encode())
        _ = cert.extensions
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm):
        return None
    return cert


def _public_key(cert: x509.Certificate) -> Any:
    try:
        return cert.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _validity(cert: x509.Certificate, now: datetime) -> Iterator[Complaint]:
    if now >= cert.not_valid_after_utc:
        yield Complaint(f"is expired since {cert.not_valid_after_utc:%Y-%m-%d}", SKEW_REMEDY)
    elif now < cert.not_valid_before_utc:
        yield Complaint(
            f"is not valid before {cert.not_valid_before_utc:%Y-%m-%d %H:%M} UTC", SKEW_REMEDY
        )


def _authority(cert: x509.Certificate) -> Iterator[Complaint]:
    try:
        constraints = cert.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        constraints = x509.BasicConstraints(ca=False, path_length=None)
    if not constraints.ca:
        yield Complaint("is not a CA certificate", f"{_HOW_TO} (basic constraint CA:TRUE)")
    elif constraints.path_length == 0:
        yield Complaint(
            "has path length 0, so no issuer can stand below it",
            "provide one with path length 1 or more, or without a limit",
        )
    try:
        usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        yield Complaint("may not sign certificates", f"{_HOW_TO} with key usage certSign")


def _private_key(private_key: str, public: Any) -> Iterator[Complaint]:
    if private_key.lstrip().startswith("-----BEGIN EC PARAMETERS-----"):
        # pulumi-tls takes the first block of the text for the key.
        yield Complaint("begins with the block EC PARAMETERS", "leave that block out", of_key=True)
        return
    try:
        loaded = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        yield Complaint("cannot be read", "provide an unencrypted key in PEM form", of_key=True)
        return
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if loaded.public_key().public_bytes(*form) != public.public_bytes(*form):
        yield Complaint(
            "does not belong to the certificate", "provide the key that does", of_key=True
        )
