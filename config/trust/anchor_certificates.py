"""What makes a provided certificate, or its private key, unusable as a trust anchor.

What Linkerd accepts is in `config/trust/certificate_rules.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from config.language.formats import UNREADABLE_SECRET
from config.trust.certificate_rules import algorithm_fault, anchor_faults, validity_fault

"""What is wrong with an anchor below which Linkerd 2.8 reads no issuer."""

SKEW_REMEDY = "provide a certificate that is valid now, or correct this machine's clock"


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a certificate or its key, and the remedy."""

    message: str
    remedy: str
    of_key: bool = False
    """Whether the private key is wrong, not the certificate."""


_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_HOW_TO = (
    "provide a self-signed ECDSA P-256 CA certificate in PEM form, with key usage certSign and no "
    "path length"
)


def anchor_complaints(
    certificate: str, private_key: str | None, now: datetime | None = None
) -> Iterator[Complaint]:
    """Every reason why this certificate cannot be a trust anchor.

    `certificate` and `private_key` are PEM texts; a key that is still encrypted in the stack file
    is not checked. `now` is the current time by default.
    """
    if "PRIVATE KEY-----" in certificate:
        # The bundle is public, and this certificate becomes part of it.
        yield Complaint(
            "it contains a private key, which would be published with the certificate",
            "keep only the certificate here, write the key under privateKey, and replace the key "
            "if it may have been exposed",
        )
        return
    if certificate.count("-----BEGIN ") > 1:
        yield Complaint(
            "it contains more than one certificate",
            "write each certificate as its own entry under anchors",
        )
        return
    # Linkerd reads blocks of this type alone (linkerd2, pkg/tls/codec.go).
    cert = _loaded(certificate) if _BEGIN in certificate else None
    key = _public_key(cert) if cert is not None else None
    if cert is None or key is None:
        yield Complaint("it is not a readable certificate", _HOW_TO)
        return
    if not certificate.rstrip().endswith(_END):
        yield Complaint(
            "it has text after the certificate, with which Linkerd's identity controller fails to "
            "start",
            f"remove what follows {_END}",
        )
    dates = validity_fault(cert, now or datetime.now(UTC))
    if dates is not None:
        yield Complaint(dates, SKEW_REMEDY)
    for fault in anchor_faults(cert):
        yield Complaint(fault, _HOW_TO)
    if private_key is not None and private_key != UNREADABLE_SECRET:
        yield from _private_key(private_key, key)


def fingerprint(certificate: str) -> str | None:
    """SHA-256 of a PEM certificate, or None where it cannot be read."""
    cert = _loaded(certificate)
    return cert.fingerprint(hashes.SHA256()).hex() if cert is not None else None


def ecdsa_fault(certificate: str) -> str | None:
    """Why a Linkerd that is `ecdsa_only` refuses this PEM certificate as an anchor, or None.

    None too if it cannot be read, which is another complaint.
    """
    cert = _loaded(certificate)
    return algorithm_fault(cert, rsa_too=True, ecdsa_only=True) if cert is not None else None


def has_ecdsa_key(certificate: str) -> bool:
    """Whether a PEM certificate has a key with which issuers are signed by ECDSA."""
    cert = _loaded(certificate)
    return cert is not None and isinstance(_public_key(cert), ec.EllipticCurvePublicKey)


# The same few certificates are compared for every cluster and webhook.
@lru_cache(maxsize=4096)
def issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether this authority signed a certificate; its dates and what it may sign do not matter."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def issuing_anchor(
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    anchors: Iterable[x509.Certificate],
) -> x509.Certificate | None:
    """The anchor below which a certificate is, with `chain` between the two; None without one."""
    trusted = tuple(anchors)
    found = next(
        (one for one in trusted if one == certificate or issued_by(certificate, one)), None
    )
    for place, above in enumerate(chain):
        if found is None and above != certificate and issued_by(certificate, above):
            found = issuing_anchor(above, (*chain[:place], *chain[place + 1 :]), trusted)
    return found


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


def _private_key(private_key: str, public: Any) -> Iterator[Complaint]:
    if private_key.lstrip().startswith("-----BEGIN EC PARAMETERS-----"):
        # pulumi-tls reads the first block of the text as the key.
        yield Complaint(
            "it begins with the block EC PARAMETERS", "leave that block out", of_key=True
        )
        return
    try:
        loaded = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        yield Complaint("it cannot be read", "provide an unencrypted key in PEM form", of_key=True)
        return
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if loaded.public_key().public_bytes(*form) != public.public_bytes(*form):
        yield Complaint(
            "this private key does not belong to the certificate",
            "provide the private key of this certificate",
            of_key=True,
        )
