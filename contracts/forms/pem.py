"""Forms of private keys and certificates, as the programs that read them accept them.

Each reader has a predicate of its own, because each reads other forms. None of them puts key
material into a complaint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from contracts.contract import Complaint, Fits

PKCS8 = "PRIVATE KEY"
PKCS1 = "RSA PRIVATE KEY"
SEC1 = "EC PRIVATE KEY"
CERTIFICATE = "CERTIFICATE"

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s.*?-----END \1-----[ \t\r]*\n?", re.DOTALL)


def blocks(value: object) -> list[tuple[str, str]]:
    """Types and whole texts of the PEM blocks of a text, in order."""
    return [(found.group(1), found.group(0)) for found in _BLOCK.finditer(_text(value))]


def _key(
    value: object, types: tuple[str, ...], algorithms: tuple[type, ...], reader: str
) -> Complaint | None:
    """A first block of one of these types, with a key of one of these algorithms."""
    found = blocks(value)
    if not found:
        return Complaint("is not PEM-encoded")
    kind, body = found[0]
    if kind not in types:
        return Complaint(f"is a PEM block {kind!r}, and {reader} reads {' or '.join(types)}")
    key = _loaded(body)
    if key is None:
        return Complaint(f"is no {kind} inside")
    if not isinstance(key, algorithms):
        return Complaint(f"is a key of an algorithm that {reader} does not support")
    return None


def kubert_key(value: object) -> Complaint | None:
    """PKCS#8, or else PKCS#1, and one key only: what kubert's server loads.

    rustls reads RSA, ECDSA P-256 and P-384, and Ed25519.
    """
    wanted = [kind for kind, _ in blocks(value) if kind in (PKCS8, PKCS1)]
    if not wanted:
        kinds = [kind for kind, _ in blocks(value)]
        return Complaint(
            f"is a PEM block {kinds[0]!r}, and kubert reads {PKCS8} or {PKCS1}"
            if kinds
            else "is not PEM-encoded"
        )
    if wanted.count(wanted[0]) > 1:
        return Complaint("holds several private keys, and kubert reads one")
    body = next(text for kind, text in blocks(value) if kind == wanted[0])
    return None if _loaded(body) is not None else Complaint(f"is no {wanted[0]} inside")


def linkerd_key(value: object) -> Complaint | None:
    """What DecodePEMKey of current Linkerd reads: SEC1, PKCS#1, PKCS#8; ECDSA or RSA."""
    return _key(
        value, (PKCS8, PKCS1, SEC1), (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey), "Linkerd"
    )


def linkerd_2_8_key(value: object) -> Complaint | None:
    """What DecodePEMKey of Linkerd 2.8 reads: SEC1 and PKCS#1, never PKCS#8."""
    return _key(
        value, (SEC1, PKCS1), (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey), "Linkerd 2.8"
    )


def any_key(value: object) -> Complaint | None:
    """SEC1, PKCS#1 or PKCS#8 of any algorithm: Envoy, and cert-manager's CA issuer."""
    return _key(value, (PKCS8, PKCS1, SEC1), (object,), "the reader")


def certificates(value: object) -> Complaint | None:
    """Certificates and nothing after them.

    DecodePEMCertificates goes on while any text is left: an empty line after the last certificate
    is an error, and a block of another type ends the reading without one.
    """
    given = _text(value)
    found = blocks(given)
    if not found:
        return Complaint("holds no PEM block")
    if any(kind != CERTIFICATE for kind, _ in found):
        return Complaint("holds a PEM block that is no certificate, and what follows is not read")
    if not given.endswith(found[-1][1]):
        return Complaint("has text, perhaps an empty line, after its last certificate")
    for _, body in found:
        try:
            x509.load_pem_x509_certificate(body.encode())
        except ValueError:
            return Complaint("holds a certificate that cannot be parsed")
    return None


def trimmed_certificates(value: object) -> Complaint | None:
    """Certificates whose readers cut white space around them away first."""
    return certificates(_text(value).strip() + "\n")


def anchors_2_8(value: object) -> Complaint | None:
    """Anchors of Linkerd 2.8, whose `linkerd check` reads ECDSA P-256 with SHA-256 alone."""
    complaint = certificates(value)
    if complaint:
        return complaint
    for _, body in blocks(value):
        certificate = x509.load_pem_x509_certificate(body.encode())
        key = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.key_size != 256:
            return Complaint("holds an anchor without an ECDSA P-256 key")
        if certificate.signature_algorithm_oid != x509.SignatureAlgorithmOID.ECDSA_WITH_SHA256:
            return Complaint("holds an anchor that is not signed by ECDSA with SHA-256")
    return None


def trimmed_anchors_2_8(value: object) -> Complaint | None:
    """The same, where white space around it is cut away first."""
    return anchors_2_8(_text(value).strip() + "\n")


def issuer(value: object) -> Complaint | None:
    """An identity issuer: a CA with an ECDSA P-256 key, signed with SHA-256."""
    return _issuer(value, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey))


def issuer_2_8(value: object) -> Complaint | None:
    """An identity issuer of Linkerd 2.8, which an RSA anchor cannot sign."""
    return _issuer(value, (ec.EllipticCurvePublicKey,))


def _issuer(value: object, signers: tuple[type, ...]) -> Complaint | None:
    complaint = certificates(value)
    if complaint:
        return complaint
    certificate = _first(value)
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.key_size != 256:
        return Complaint("has no ECDSA P-256 key")
    if not isinstance(certificate.signature_hash_algorithm, hashes.SHA256):
        return Complaint("is not signed with SHA-256")
    by_rsa = "RSA" in certificate.signature_algorithm_oid._name.upper()
    if by_rsa and rsa.RSAPublicKey not in signers:
        return Complaint("is signed with RSA, and its reader reads ECDSA only")
    return None if _is_authority(certificate) else Complaint("is no CA")


def key_pair(
    certificate_key: str,
    private_key: str,
    *,
    anchors: str | None = None,
    others: frozenset[str] = frozenset(),
) -> Fits:
    """Data of a Secret: these keys alone, and a private key of the first certificate.

    With `anchors`, the key of the Secret that holds what the certificate is to verify against.
    """

    def fits(value: object) -> Complaint | None:
        if not isinstance(value, Mapping):
            return Complaint("has no data")
        expected = {certificate_key, private_key, *((anchors,) if anchors else ())}
        missing = expected - set(value)
        if missing:
            return Complaint(f"has no {', '.join(sorted(missing))}")
        if set(value) - expected - others:
            return Complaint(f"has more than {', '.join(sorted(expected))}")
        complaint = _belongs(value[certificate_key], value[private_key])
        if complaint or anchors is None:
            return complaint
        return _verifies(value[certificate_key], value[anchors])

    return fits


def _belongs(certificate: object, private_key: object) -> Complaint | None:
    found = blocks(private_key)
    key = _loaded(found[0][1]) if found else None
    if key is None or certificates(certificate):
        return Complaint("holds no certificate, or no private key")
    own = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    theirs = _first(certificate).public_key()
    same = own == theirs.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return None if same else Complaint("has a certificate that is of another private key")


def _verifies(certificate: object, anchors: object) -> Complaint | None:
    if certificates(anchors):
        return Complaint("has anchors that cannot be read")
    leaf = _first(certificate)
    now = datetime.now(UTC)
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        return Complaint("has a certificate that is not valid now")
    for _, body in blocks(anchors):
        try:
            leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(body.encode()))
        except (ValueError, TypeError, InvalidSignature):
            continue
        return None
    return Complaint("has a certificate that none of its anchors issued")


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _loaded(body: str) -> PrivateKeyTypes | None:
    try:
        return serialization.load_pem_private_key(body.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _first(value: object) -> x509.Certificate:
    return x509.load_pem_x509_certificate(blocks(value)[0][1].encode())


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
