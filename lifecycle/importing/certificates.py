"""Keys and certificates of a mesh that exists, in the place of new ones from Pulumi's provider tls.

The provider makes its resource, and what the clusters have is written over it, so that the state is
one that the provider itself has written. Facts: pulumi-tls 5.5 and terraform-provider-tls 4: a
resource is nothing outside of the state, and the provider cannot import one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from pulumi.runtime.proto import provider_pb2

from config.trust.anchor_certificates import issued_by
from lifecycle.importing.messages import name_of, opened, put, type_of
from lifecycle.importing.providers import Call, read
from tls_provider.certificates import make

_KEY = "tls:index/privateKey:PrivateKey"
_SELF_SIGNED = "tls:index/selfSignedCert:SelfSignedCert"
_SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
_AUTHORITY = {"caCertPem", "caPrivateKeyPem"}


@dataclass(frozen=True)
class Held:
    """A key or certificate as a cluster has it."""

    pem: str
    """The text; the same key in another form, or with another line feed, would be a change."""
    output: str
    """The output of the resource that the program puts there."""


class ExistingCertificates:
    """Answers for the provider tls, from keys and certificates by the names of their resources."""

    def __init__(self, held: Mapping[str, Held]) -> None:
        self._held = held
        self.absent: set[str] = set()
        """URNs of what no cluster has, or not in the form that the program asks for."""

    def create(self, request: Any, call: Call) -> Any:
        """The resource as the clusters have it; a new one where they have none."""
        kind = type_of(request.urn)
        held = self._held.get(name_of(request.urn), Held("", ""))
        made = call("Create", _signable(request), provider_pb2.CreateResponse)
        for key in _AUTHORITY & request.properties.fields.keys():
            made.properties.fields[key].CopyFrom(request.properties.fields[key])
        if kind not in (_KEY, _SELF_SIGNED, _SIGNED):
            return made
        inputs = _inputs(request.properties)
        texts = _key(held.pem) if kind == _KEY else _certificate(held.pem, inputs)
        if texts is None:
            self.absent.add(request.urn)
            return made
        put(made.properties, {**texts, held.output: held.pem})
        return provider_pb2.CreateResponse(id=texts["id"], properties=made.properties)

    def read(self, request: Any, call: Call) -> Any:
        """As the provider answers."""
        return read(call, request)


def _signable(request: Any) -> Any:
    """The request, with a new authority in the place of one whose key is lost."""
    inputs = _inputs(request.properties)
    if type_of(request.urn) != _SIGNED or inputs.get("caPrivateKeyPem"):
        return request
    now = datetime.now(UTC)
    key = make("PrivateKey", {"algorithm": "ECDSA", "ecdsaCurve": "P256"}, now)["privateKeyPem"]
    authority = {"privateKeyPem": key, "isCaCertificate": True, "validityPeriodHours": 1}
    signable = provider_pb2.CreateRequest()
    signable.CopyFrom(request)
    certificate = make("SelfSignedCert", authority, now)["certPem"]
    put(signable.properties, {"caPrivateKeyPem": key, "caCertPem": certificate})
    return signable


def _key(pem: str) -> dict[str, str] | None:
    """Outputs of the resource of a P-256 key; None where the text is none."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        return None

    def private(form: PrivateFormat) -> str:
        return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()

    public = key.public_key()
    ssh = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    wire = base64.b64decode(ssh.split()[1])
    sha256 = base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")
    info = PublicFormat.SubjectPublicKeyInfo
    identity = hashlib.sha1(public.public_bytes(Encoding.DER, info), usedforsecurity=False)
    return {
        "id": identity.hexdigest(),
        "privateKeyPem": private(PrivateFormat.TraditionalOpenSSL),
        "privateKeyPemPkcs8": private(PrivateFormat.PKCS8),
        "privateKeyOpenssh": private(PrivateFormat.OpenSSH),
        "publicKeyPem": public.public_bytes(Encoding.PEM, info).decode(),
        "publicKeyOpenssh": f"{ssh.decode()}\n",
        "publicKeyFingerprintMd5": hashlib.md5(wire, usedforsecurity=False).digest().hex(":"),
        "publicKeyFingerprintSha256": f"SHA256:{sha256}",
    }


def _certificate(pem: str, inputs: Mapping[str, str]) -> dict[str, str] | None:
    """Outputs of the resource of a certificate; None where the inputs ask for another one.

    `inputs` are those of the resource: whose key it has, which names, and who signs it.
    """
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None
    public: Any
    if "certRequestPem" in inputs:
        request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
        public, names = request.public_key(), _names(request.extensions)
        authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
    else:
        key = load_pem_private_key(inputs["privateKeyPem"].encode(), password=None)
        public, names, authority = key.public_key(), set(), found
    fits = found.public_key() == public and names <= _names(found.extensions)
    if not fits or not issued_by(found, authority):
        return None
    return {
        "id": str(found.serial_number),
        "certPem": pem,
        "validityStartTime": found.not_valid_before_utc.isoformat(),
        "validityEndTime": found.not_valid_after_utc.isoformat(),
    }


def _names(extensions: x509.Extensions) -> set[str]:
    try:
        found = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return set(found.value.get_values_for_type(x509.DNSName))


def _inputs(properties: Any) -> dict[str, str]:
    return {key: opened(value).string_value for key, value in properties.fields.items()}
