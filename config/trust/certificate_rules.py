"""Which certificates Linkerd accepts: one statement for the stack file and for the checks.

Facts: what `linkerd check` demands (linkerd2 edge-26.8.3, ``pkg/issuercerts/issuercerts.go``): an
anchor is ECDSA P-256, or RSA of 2048 or 4096 bits, signed with SHA-256; an issuer is ECDSA P-256.
RFC 5280: a certificate is valid through the second of its notAfter.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import SignatureAlgorithmOID

RSA_BITS = (2048, 4096)
"""Sizes of RSA keys that an anchor may have."""
_SIGNATURES = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: "ECDSA and SHA-256",
    SignatureAlgorithmOID.RSA_WITH_SHA256: "RSA and SHA-256",
}


def algorithm_fault(certificate: x509.Certificate, *, rsa_too: bool) -> str | None:
    """Why Linkerd does not accept this certificate's key or signature; None where it does.

    `rsa_too` is for anchors: issuers have to be ECDSA P-256.
    """
    key = certificate.public_key()
    accepted = tuple(_SIGNATURES)
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, ec.SECP256R1):
            return f"its key is on the curve {key.curve.name}, not P-256"
    elif not rsa_too:
        return "its key is not ECDSA P-256"
    elif not isinstance(key, rsa.RSAPublicKey):
        return "its key is neither ECDSA P-256 nor RSA"
    elif key.key_size not in RSA_BITS:
        return f"its RSA key has {key.key_size} bits, not 2048 or 4096"
    else:
        accepted = (SignatureAlgorithmOID.RSA_WITH_SHA256,)
    if certificate.signature_algorithm_oid not in accepted:
        wanted = " or ".join(_SIGNATURES[oid] for oid in accepted)
        return f"it is not signed with {wanted}"
    return None


def authority_fault(certificate: x509.Certificate) -> str | None:
    """Why this certificate may not sign others, or None."""
    return next(iter(authority_faults(certificate)), None)


def authority_faults(certificate: x509.Certificate) -> list[str]:
    """Every reason why this certificate may not sign others."""
    constraints, usage = _constraints(certificate), _usage(certificate)
    faults = []
    if constraints is None or not constraints.ca:
        faults.append("it is not a CA")
    if usage is not None and not usage.key_cert_sign:
        faults.append("its key usage lacks certSign")
    return faults


def anchor_faults(certificate: x509.Certificate) -> list[str]:
    """Every reason why this certificate cannot be a trust anchor, its dates aside."""
    faults = authority_faults(certificate)
    constraints = _constraints(certificate)
    if constraints is not None and constraints.ca and constraints.path_length == 0:
        faults.append("its path length is 0, so no issuer can be below it")
    algorithm = algorithm_fault(certificate, rsa_too=True)
    return faults if algorithm is None else [*faults, algorithm]


def _constraints(certificate: x509.Certificate) -> x509.BasicConstraints | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return None


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def validity_fault(certificate: x509.Certificate, now: datetime) -> str | None:
    """Why this certificate is not valid at this moment, or None."""
    if now > certificate.not_valid_after_utc:
        return f"it expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if now < certificate.not_valid_before_utc:
        return f"it is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    return None
