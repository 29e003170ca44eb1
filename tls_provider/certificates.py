"""Keys and certificates as pulumi-tls makes them.

Knows what `components/trust` asks for: P-256 keys, a common name, DNS names, CAs and servers.
Facts: pulumi-tls 5.5, whose certificates come from Go's ``crypto/x509``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificatePublicKeyTypes,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tls_provider.errors import UnsupportedCertificateError

Properties = Mapping[str, Any]

_KEY_USES = {
    "digital_signature": "digital_signature",
    "key_encipherment": "key_encipherment",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
}
_EXTENDED_USES = {"server_auth": ExtendedKeyUsageOID.SERVER_AUTH}
_NEVER_USED = dict.fromkeys(
    ("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
    False,
)


_VALID = ("validityPeriodHours", "earlyRenewalHours")
_ISSUED = (*_VALID, "allowedUses", "isCaCertificate", "maxPathLength", "setSubjectKeyId")
_INPUTS: Mapping[str, tuple[str, ...]] = {
    "PrivateKey": ("algorithm", "ecdsaCurve"),
    "CertRequest": ("privateKeyPem", "subject", "dnsNames"),
    "SelfSignedCert": (*_ISSUED, "privateKeyPem", "subject", "dnsNames", "setAuthorityKeyId"),
    "LocallySignedCert": (*_ISSUED, "certRequestPem", "caCertPem", "caPrivateKeyPem"),
}
"""Kinds of resources, and the inputs that each supports."""


def unsupported(kind: str, inputs: Properties) -> Iterator[tuple[str, UnsupportedCertificateError]]:
    """What cannot be made, each with the name of the input.

    Inputs that are not known yet are left out.
    """
    if kind not in _INPUTS:
        yield "", UnsupportedCertificateError(f"the resource {kind}")
        return
    for name in sorted(inputs.keys() - {*_INPUTS[kind]}):
        yield name, UnsupportedCertificateError(f"the input {name} of {kind}")
    for name, value in {"algorithm": "ECDSA", "ecdsaCurve": "P256"}.items():
        if kind == "PrivateKey" and inputs.get(name) != value:
            yield name, UnsupportedCertificateError(f"a key with {name} {inputs.get(name)!r}")
    for use in inputs.get("allowedUses") or ():
        if use not in _KEY_USES and use not in _EXTENDED_USES:
            yield "allowedUses", UnsupportedCertificateError(f"the use {use}")
    for field in sorted((inputs.get("subject") or {}).keys() - {"commonName"}):
        yield "subject", UnsupportedCertificateError(f"{field} in a subject")


def make(kind: str, inputs: Properties, now: datetime) -> dict[str, Any]:
    """Outputs of a new resource, by their names in the schema; they contain the inputs.

    `kind` is ``PrivateKey``, ``SelfSignedCert``, ``CertRequest`` or ``LocallySignedCert``; a
    certificate is valid from `now`. Raises UnsupportedCertificateError for another kind and for an
    input that is not supported here, ValueError where an input is no PEM of its kind.
    """
    for _, error in unsupported(kind, inputs):
        raise error
    if kind == "PrivateKey":
        return {**inputs, **_private_key()}
    if kind == "CertRequest":
        return {**inputs, **_request(inputs)}
    if kind == "SelfSignedCert":
        return {**inputs, **_self_signed(inputs, now)}
    return {**inputs, **_locally_signed(inputs, now)}


def _self_signed(inputs: Properties, now: datetime) -> dict[str, Any]:
    key = _key(inputs["privateKeyPem"])
    name = _name(inputs.get("subject"))
    builder = _builder(inputs, name, name, key.public_key(), now)
    builder = _with_names(builder, _dns_names(inputs), name)
    if inputs.get("setAuthorityKeyId"):
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
        builder = builder.add_extension(authority, critical=False)
    return _signed(builder, key)


def _locally_signed(inputs: Properties, now: datetime) -> dict[str, Any]:
    authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
    request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
    builder = _builder(inputs, request.subject, authority.subject, request.public_key(), now)
    for extension in request.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            builder = _with_names(builder, list(extension.value), request.subject)
    # As Go does: from the signer's own identifier, and not where a certificate signs itself.
    if request.subject != authority.subject:
        for extension in authority.extensions:
            value = extension.value
            if isinstance(value, x509.SubjectKeyIdentifier):
                above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(value)
                builder = builder.add_extension(above, critical=False)
    return _signed(builder, _key(inputs["caPrivateKeyPem"]))


def _builder(
    inputs: Properties,
    subject: x509.Name,
    issuer: x509.Name,
    public_key: CertificatePublicKeyTypes,
    now: datetime,
) -> x509.CertificateBuilder:
    start = now.replace(microsecond=0)
    authority = bool(inputs.get("isCaCertificate"))
    # The provider leaves a path length of 0 out, as Go's x509.Certificate does.
    length = int(inputs.get("maxPathLength") or 0) or None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(hours=inputs["validityPeriodHours"]))
        .add_extension(x509.BasicConstraints(authority, length if authority else None), True)
    )
    uses = inputs.get("allowedUses") or []
    if not _KEY_USES.keys().isdisjoint(uses):
        usage = {field: use in uses for use, field in _KEY_USES.items()}
        builder = builder.add_extension(x509.KeyUsage(**usage, **_NEVER_USED), True)
    extended = [_EXTENDED_USES[use] for use in uses if use in _EXTENDED_USES]
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if authority or inputs.get("setSubjectKeyId"):
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False
        )
    return builder


def _signed(
    builder: x509.CertificateBuilder, key: CertificateIssuerPrivateKeyTypes
) -> dict[str, Any]:
    # SHA-256 is what Go uses for RSA and for P-256, the only keys of an anchor.
    certificate = builder.sign(key, hashes.SHA256())
    return {
        "certPem": certificate.public_bytes(Encoding.PEM).decode(),
        "validityStartTime": certificate.not_valid_before_utc.isoformat(),
        "validityEndTime": certificate.not_valid_after_utc.isoformat(),
    }


def _private_key() -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1())

    def private(form: PrivateFormat) -> str:
        return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()

    return {
        "privateKeyPem": private(PrivateFormat.TraditionalOpenSSL),
        "privateKeyPemPkcs8": private(PrivateFormat.PKCS8),
    }


def _request(inputs: Properties) -> dict[str, Any]:
    key = _key(inputs["privateKeyPem"])
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(inputs.get("subject")))
    names = _dns_names(inputs)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    request = builder.sign(key, hashes.SHA256())
    return {"certRequestPem": request.public_bytes(Encoding.PEM).decode()}


def _with_names(
    builder: x509.CertificateBuilder, names: list[x509.GeneralName], subject: x509.Name
) -> x509.CertificateBuilder:
    if not names:
        return builder
    # Critical where there is no subject (RFC 5280, 4.2.1.6), as Go does.
    critical = not list(subject)
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=critical)


def _dns_names(inputs: Properties) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in inputs.get("dnsNames") or ()]


def _name(subject: Properties | None) -> x509.Name:
    common = (subject or {}).get("commonName")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else [])


def _key(pem: str) -> CertificateIssuerPrivateKeyTypes:
    key: Any = load_pem_private_key(pem.encode(), password=None)
    return key  # type: ignore[no-any-return]
