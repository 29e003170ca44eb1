"""Facts about certificates: what is wrong with one, and who signed it.

Facts: Linkerd docs, "Generating your own mTLS root certificates", and what `linkerd check` wants:
anchors ECDSA P-256 or RSA, issuers ECDSA P-256, SHA-256, at least 60 more days.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from config.trust.anchor_certificates import issued_by
from config.trust.certificate_rules import authority_fault
from kube.answers import inner
from vocabulary.kinds import Object

SOON = timedelta(days=60)
"""Certificates that end within this time are warned of."""

MAX_DEPTH = 4


class UnreadableError(ValueError):
    """A certificate cannot be read; the text is the end of a sentence about its object."""


def decoded(thing: Object, key: str) -> str:
    """The text under a key of a Secret's data.

    Raises UnreadableError: there is none.
    """
    data = inner(thing, "data").get(key)
    if not data:
        raise UnreadableError(f"has no key '{key}'")
    try:
        return base64.b64decode(str(data), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise UnreadableError(f"has a key '{key}' that is not text") from None


def certificates(pem: str) -> list[x509.Certificate]:
    """Every certificate of a PEM text, each once, in their order.

    Raises UnreadableError: there is none, or one cannot be read.
    """
    if not pem.strip():
        raise UnreadableError("holds no certificate")
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        for certificate in found:
            # Reading these is put off until they are asked for, and may fail only then.
            _ = certificate.extensions, certificate.public_key()
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm):
        raise UnreadableError("has no readable certificate") from None
    return list(dict.fromkeys(found))


def label(certificate: x509.Certificate) -> str:
    """A certificate's common name and the start of its SHA-256 fingerprint."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    name = str(names[0].value) if names else "certificate"
    return f"{name} ({certificate.fingerprint(hashes.SHA256()).hex()[:12]})"


def ends_soon(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether this certificate ends within 60 days."""
    return certificate.not_valid_after_utc - now < SOON


def host_names(certificate: x509.Certificate) -> list[str]:
    """The DNS names that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)


def chain_ends_in(
    certificate: x509.Certificate,
    anchors: Iterable[x509.Certificate],
    intermediates: Sequence[x509.Certificate] = (),
) -> bool:
    """Whether there is a chain of signatures from a certificate to one of `anchors`.

    Dates are not compared, so that an expired certificate is not also reported as wrongly signed.
    Path lengths are: an authority that may not have another one below it ends no such chain.
    """
    return _chain(certificate, tuple(anchors), tuple(intermediates), 0)


def _chain(
    certificate: x509.Certificate,
    anchors: tuple[x509.Certificate, ...],
    intermediates: tuple[x509.Certificate, ...],
    below: int,
) -> bool:
    if certificate in anchors:
        return True
    if below > MAX_DEPTH:
        return False
    authorities = below + _is_authority(certificate)
    if any(_signed(certificate, anchor, authorities) for anchor in anchors):
        return True
    return any(
        _signed(certificate, other, authorities)
        and _chain(other, anchors, tuple(one for one in intermediates if one != other), below + 1)
        for other in intermediates
        if other != certificate
    )


def _is_authority(certificate: x509.Certificate) -> bool:
    return authority_fault(certificate) is None


def _signed(
    certificate: x509.Certificate, authority: x509.Certificate, authorities_below: int
) -> bool:
    if authority_fault(authority) is not None:
        return False
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    if constraints.path_length is not None and constraints.path_length < authorities_below:
        return False
    return issued_by(certificate, authority)


def key_belongs(certificate: x509.Certificate, private_key: str) -> bool:
    """Whether a private key (PEM) is that of a certificate."""
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError):
        return False
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)
