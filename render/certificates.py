"""Keys and certificates as pulumi-tls makes them, made here.

The resources are those of the tls provider (PrivateKey, SelfSignedCert, CertRequest,
LocallySignedCert) with their inputs honoured, so that what is rendered verifies as what is
deployed does.
"""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificatePublicKeyTypes,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from config.language.model import UNREADABLE_SECRET
from render.errors import RenderError
from render.placeholders import UNSIGNED

Properties = Mapping[str, Any]

_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}
_KEY_USES = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}
_EXTENDED_USES: dict[str, ObjectIdentifier] = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
}
_SUBJECT = {
    "commonName": NameOID.COMMON_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "country": NameOID.COUNTRY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "postalCode": NameOID.POSTAL_CODE,
    "serialNumber": NameOID.SERIAL_NUMBER,
}


class Workshop:
    """Makes the outputs of tls resources; the same resource with the same inputs only once.

    Two recordings that share a workshop agree in every key and certificate.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._made: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def make(self, token: str, name: str, inputs: Properties) -> dict[str, Any]:
        """Outputs of the tls resource called `name`, of type `token`.

        Raises RenderError for a type or an input that is not known here.
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
        key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = self._builder(inputs, name, name, key.public_key())
        builder = _with_names(builder, _alternative_names(inputs), name)
        if inputs.get("setAuthorityKeyId"):
            authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)
            builder = builder.add_extension(authority, critical=False)
        return {**self._signed(inputs, builder, key), "keyAlgorithm": _algorithm(key)}

    def _locally_signed(self, inputs: Properties) -> dict[str, Any]:
        if inputs["caPrivateKeyPem"].strip() == UNREADABLE_SECRET:
            return {**inputs, "certPem": UNSIGNED, "readyForRenewal": False}
        authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
        request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
        public_key = request.public_key()
        builder = self._builder(inputs, request.subject, authority.subject, public_key)
        for extension in request.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                builder = _with_names(builder, list(extension.value), request.subject)
        # As Go does it: from the signer's own identifier, and not for what signs itself.
        if request.subject != authority.subject:
            for extension in authority.extensions:
                value = extension.value
                if isinstance(value, x509.SubjectKeyIdentifier):
                    above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(value)
                    builder = builder.add_extension(above, critical=False)
        key = _key(inputs["caPrivateKeyPem"])
        return {**self._signed(inputs, builder, key), "caKeyAlgorithm": _algorithm(key)}

    def _builder(
        self,
        inputs: Properties,
        subject: x509.Name,
        issuer: x509.Name,
        public_key: CertificatePublicKeyTypes,
    ) -> x509.CertificateBuilder:
        start = self._now().replace(microsecond=0)
        authority = bool(inputs.get("isCaCertificate"))
        # The provider takes a path length of 0 for none, as Go's x509.Certificate does.
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
            raise RenderError(f"a certificate cannot be allowed {', '.join(unknown)}")
        key_uses = {_KEY_USES[use] for use in uses if use in _KEY_USES}
        if key_uses:
            usage = x509.KeyUsage(**{field: field in key_uses for field in _KEY_USES.values()})
            builder = builder.add_extension(usage, critical=True)
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
        certificate = builder.sign(key, _digest(key))
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        renewal = end - timedelta(hours=inputs.get("earlyRenewalHours") or 0)
        return {
            **inputs,
            "certPem": certificate.public_bytes(Encoding.PEM).decode(),
            "readyForRenewal": self._now() >= renewal,
            "validityStartTime": start.isoformat(),
            "validityEndTime": end.isoformat(),
        }


def _private_key(inputs: Properties) -> dict[str, Any]:
    algorithm = inputs["algorithm"]
    key: CertificateIssuerPrivateKeyTypes
    if algorithm == "ECDSA":
        curve = inputs.get("ecdsaCurve", "P224")
        if curve not in _CURVES:
            raise RenderError(f"there is no curve {curve}", f"write one of {', '.join(_CURVES)}")
        key = ec.generate_private_key(_CURVES[curve]())
    elif algorithm == "RSA":
        key = rsa.generate_private_key(65537, inputs.get("rsaBits", 2048))
    elif algorithm == "ED25519":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        raise RenderError(f"there is no key algorithm {algorithm}", "write ECDSA, RSA or ED25519")
    # PKCS #8 is the only PEM form of an Ed25519 key.
    usual = PrivateFormat.PKCS8 if algorithm == "ED25519" else PrivateFormat.TraditionalOpenSSL
    public = key.public_key()
    openssh = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return {
        **inputs,
        "privateKeyPem": key.private_bytes(Encoding.PEM, usual, NoEncryption()).decode(),
        "privateKeyPemPkcs8": key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode(),
        "publicKeyPem": public.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).decode(),
        "publicKeyOpenssh": f"{openssh.decode()}\n",
    }


def _request(inputs: Properties) -> dict[str, Any]:
    key = _key(inputs["privateKeyPem"])
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(inputs.get("subject")))
    names = _alternative_names(inputs)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    request = builder.sign(key, _digest(key))
    return {
        **inputs,
        "certRequestPem": request.public_bytes(Encoding.PEM).decode(),
        "keyAlgorithm": _algorithm(key),
    }


def _with_names(
    builder: x509.CertificateBuilder, names: list[x509.GeneralName], subject: x509.Name
) -> x509.CertificateBuilder:
    if not names:
        return builder
    # Without a subject, clients have only these to go by (RFC 5280, 4.2.1.6); Go does it so.
    critical = not list(subject)
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=critical)


def _alternative_names(inputs: Properties) -> list[x509.GeneralName]:
    return [
        *(x509.DNSName(name) for name in inputs.get("dnsNames") or ()),
        *(x509.IPAddress(ipaddress.ip_address(ip)) for ip in inputs.get("ipAddresses") or ()),
        *(x509.UniformResourceIdentifier(uri) for uri in inputs.get("uris") or ()),
    ]


def _name(subject: Properties | None) -> x509.Name:
    given = subject or {}
    unknown = sorted(set(given) - set(_SUBJECT))
    if unknown:
        raise RenderError(f"a certificate's subject cannot have {', '.join(unknown)} here")
    return x509.Name([x509.NameAttribute(_SUBJECT[key], text) for key, text in given.items()])


def _key(pem: str) -> CertificateIssuerPrivateKeyTypes:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(
        key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    ):
        raise RenderError("a private key is neither ECDSA nor RSA nor Ed25519")
    return key


def _digest(key: CertificateIssuerPrivateKeyTypes) -> hashes.SHA256 | hashes.SHA384 | None:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    wide = isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256
    return hashes.SHA384() if wide else hashes.SHA256()


def _algorithm(key: CertificateIssuerPrivateKeyTypes) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return "ECDSA"
    return "RSA" if isinstance(key, rsa.RSAPrivateKey) else "ED25519"
