"""Keys and certificates as pulumi-tls makes them, for a program that runs without its provider.

Knows what `components/trust` asks for: P-256 keys, a common name, DNS names, CAs and servers.
Facts: pulumi-tls 5.5, whose certificates come from Go's ``crypto/x509``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
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

from config.language.model import UNREADABLE_SECRET
from render.errors import RenderError
from render.placeholders import UNSIGNED

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


class TlsProvider:
    """Outputs of the provider's PrivateKey, SelfSignedCert, CertRequest and LocallySignedCert.

    The same resource with the same inputs is made once, so two recordings that share a provider
    have the same keys and certificates. `now` returns the current time, with a time zone.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._made: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def make(self, token: str, name: str, inputs: Properties) -> dict[str, Any]:
        """Outputs of the resource `name` of type `token`, by their names in the schema.

        Raises RenderError for a type or an input that is not supported here.
        """
        makers: dict[str, Callable[[Properties], dict[str, Any]]] = {
            "PrivateKey": _private_key,
            "SelfSignedCert": self._self_signed,
            "CertRequest": _request,
            "LocallySignedCert": self._locally_signed,
        }
        kind = token.rpartition(":")[2]
        if kind not in makers:
            raise RenderError(f"{token} cannot be made offline (resource {name})")
        key = json.dumps([token, name, inputs], sort_keys=True)
        with self._lock:
            if key not in self._made:
                self._made[key] = makers[kind](inputs)
            return dict(self._made[key])

    def _self_signed(self, inputs: Properties) -> dict[str, Any]:
        key = _key(inputs["privateKeyPem"])
        name = _name(inputs.get("subject"))
        builder = self._builder(inputs, name, name, key.public_key())
        builder = _with_names(builder, _dns_names(inputs), name)
        if inputs.get("setAuthorityKeyId"):
            own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
            authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
            builder = builder.add_extension(authority, critical=False)
        return self._signed(inputs, builder, key)

    def _locally_signed(self, inputs: Properties) -> dict[str, Any]:
        if inputs["caPrivateKeyPem"].strip() == UNREADABLE_SECRET:
            return {**inputs, "certPem": UNSIGNED}
        authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
        request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
        builder = self._builder(inputs, request.subject, authority.subject, request.public_key())
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
        key = _key(inputs["caPrivateKeyPem"])
        return self._signed(inputs, builder, key)

    def _builder(
        self,
        inputs: Properties,
        subject: x509.Name,
        issuer: x509.Name,
        public_key: CertificatePublicKeyTypes,
    ) -> x509.CertificateBuilder:
        start = self._now().replace(microsecond=0)
        authority = bool(inputs.get("isCaCertificate"))
        # The provider leaves a path length of 0 out, as Go's x509.Certificate does.
        length = inputs.get("maxPathLength") or None
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
        unknown = [use for use in uses if use not in _KEY_USES and use not in _EXTENDED_USES]
        if unknown:
            raise RenderError(f"a certificate cannot be allowed {', '.join(unknown)} offline")
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
        self,
        inputs: Properties,
        builder: x509.CertificateBuilder,
        key: CertificateIssuerPrivateKeyTypes,
    ) -> dict[str, Any]:
        # SHA-256 is what Go uses for RSA and for P-256, the only keys of an anchor.
        certificate = builder.sign(key, hashes.SHA256())
        return {**inputs, "certPem": certificate.public_bytes(Encoding.PEM).decode()}


def _private_key(inputs: Properties) -> dict[str, Any]:
    asked = (inputs["algorithm"], inputs.get("ecdsaCurve"))
    if asked != ("ECDSA", "P256"):
        raise RenderError(f"a key of {asked[0]} {asked[1] or ''} cannot be made offline")
    key = ec.generate_private_key(ec.SECP256R1())

    def private(form: PrivateFormat) -> str:
        return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()

    return {
        **inputs,
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
    return {**inputs, "certRequestPem": request.public_bytes(Encoding.PEM).decode()}


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
    given = dict(subject or {})
    common = given.pop("commonName", None)
    if given:
        raise RenderError(f"a certificate's subject cannot have {', '.join(given)} offline")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else [])


def _key(pem: str) -> CertificateIssuerPrivateKeyTypes:
    key: Any = load_pem_private_key(pem.encode(), password=None)
    return key  # type: ignore[no-any-return]
