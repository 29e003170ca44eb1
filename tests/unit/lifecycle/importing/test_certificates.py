"""Keys and certificates of the clusters in the place of new ones; what does not fit is left new."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pulumi.runtime.proto import provider_pb2

from lifecycle.importing.certificates import ExistingCertificates, Held
from render.protobuf import decoded, encoded
from tests.certificates import ISSUER, ROOT, Certified, certified
from tls_provider.certificates import make

NAME = "trust-issuer"
TYPES = {
    "PrivateKey": "tls:index/privateKey:PrivateKey",
    "CertRequest": "tls:index/certRequest:CertRequest",
    "SelfSignedCert": "tls:index/selfSignedCert:SelfSignedCert",
    "LocallySignedCert": "tls:index/locallySignedCert:LocallySignedCert",
}
OTHER_FORMS = {"publicKeyPem": "", "publicKeyOpenssh": "", "publicKeyFingerprintSha256": ""}
"""What Pulumi's own provider has of a key besides its forms."""
KEY = {"algorithm": "ECDSA", "ecdsaCurve": "P256"}
VALID = {"validityPeriodHours": 24, "earlyRenewalHours": 0, "allowedUses": ["cert_signing"]}


def provider(method: str, request: Any, response: Any) -> Any:
    """What the real provider answers: a new key or certificate, its keys secret."""
    kind = request.urn.split("::")[2].rpartition(":")[2]
    inputs, _ = decoded(request.properties)
    made = make(kind, inputs, datetime.now(UTC)) | (OTHER_FORMS if kind == "PrivateKey" else {})
    secret = [key for key in made if "rivateKeyPem" in key]
    return provider_pb2.CreateResponse(id="new", properties=encoded(made, secret))


def created(
    kind: str, inputs: dict[str, Any], pems: dict[str, str], output: str = "certPem"
) -> tuple[Any, set[str], Any]:
    """Outputs of a resource, which of them are secret, and what was noted as absent."""
    urn = f"urn:pulumi:s::p::pkg:C${TYPES[kind]}::{NAME}"
    reader = ExistingCertificates({name: Held(pem, output) for name, pem in pems.items()})
    request = provider_pb2.CreateRequest(urn=urn, properties=encoded(inputs))
    answer = reader.create(request, provider)
    outputs, secrets = decoded(answer.properties)
    return outputs | {"id": answer.id}, {str(path[0]) for path in secrets}, reader.absent


def request_of(item: Certified, host: str = ISSUER) -> str:
    inputs = {
        "privateKeyPem": item.old_key_pem,
        "subject": {"commonName": host},
        "dnsNames": [host],
    }
    return str(make("CertRequest", inputs, datetime.now(UTC))["certRequestPem"])


@pytest.fixture(scope="module")
def root() -> Certified:
    return certified(ROOT, hosts=(ROOT,))


@pytest.fixture(scope="module")
def issuer(root: Certified) -> Certified:
    return certified(ISSUER, root, hosts=(ISSUER,))


def signed(item: Certified, root: Certified, **changes: Any) -> dict[str, Any]:
    inputs = {
        "certRequestPem": request_of(item),
        "caCertPem": root.pem,
        "caPrivateKeyPem": root.old_key_pem,
        **VALID,
    }
    return inputs | changes


@pytest.mark.parametrize("form", ["key_pem", "old_key_pem"])
@pytest.mark.parametrize("output", ["privateKeyPem", "privateKeyPemPkcs8"])
def test_a_key_is_kept_as_the_cluster_has_it_and_stays_secret(
    issuer: Certified, form: str, output: str
) -> None:
    pem = getattr(issuer, form)
    outputs, secrets, absent = created("PrivateKey", KEY, {NAME: f"{pem}\n"}, output)
    forms = {"privateKeyPem": issuer.old_key_pem, "privateKeyPemPkcs8": issuer.key_pem}
    forms[output] = f"{pem}\n"
    assert {key: outputs[key] for key in forms} == forms
    public = load_ssh_public_key(outputs["publicKeyOpenssh"].encode())
    assert public == issuer.certificate.public_key()
    assert {"privateKeyPem", "privateKeyPemPkcs8"} <= secrets
    assert "privateKeyOpenssh" not in outputs
    assert absent == set()


def test_a_certificate_below_the_signing_anchor_is_kept_with_its_dates(
    root: Certified, issuer: Certified
) -> None:
    outputs, _, absent = created("LocallySignedCert", signed(issuer, root), {NAME: issuer.pem})
    assert outputs["certPem"] == issuer.pem
    assert outputs["id"] == str(issuer.certificate.serial_number)
    end = datetime.fromisoformat(outputs["validityEndTime"])
    assert end == issuer.certificate.not_valid_after_utc
    assert absent == set()


def test_an_anchor_is_kept_where_its_key_is_known(root: Certified) -> None:
    inputs = {"privateKeyPem": root.old_key_pem, "isCaCertificate": True, **VALID}
    outputs, _, absent = created("SelfSignedCert", inputs, {NAME: root.pem})
    assert (outputs["certPem"], absent) == (root.pem, set())


def test_what_a_cluster_does_not_have_or_has_otherwise_is_new_and_noted(
    root: Certified, issuer: Certified
) -> None:
    stranger = certified(ROOT)
    twin = certified(ISSUER, root, key=issuer.key, hosts=("another.example",))
    below = signed(issuer, root)
    for kind, inputs, pems in (
        ("PrivateKey", KEY, {}),
        ("PrivateKey", KEY, {NAME: "no key"}),
        (
            "PrivateKey",
            KEY,
            {NAME: certified("r", key=rsa.generate_private_key(65537, 2048)).key_pem},
        ),
        ("LocallySignedCert", below, {}),
        ("LocallySignedCert", below, {NAME: "no certificate"}),
        # Signed by another anchor, of another key, for other names.
        ("LocallySignedCert", below, {NAME: certified(ISSUER, stranger, key=issuer.key).pem}),
        ("LocallySignedCert", below, {NAME: certified(ISSUER, root, hosts=(ISSUER,)).pem}),
        ("LocallySignedCert", below, {NAME: twin.pem}),
        (
            "SelfSignedCert",
            {"privateKeyPem": root.old_key_pem, **VALID},
            {NAME: stranger.pem},
        ),
    ):
        outputs, _, absent = created(kind, inputs, pems)
        assert outputs["id"] == "new"
        assert len(absent) == 1


def test_a_request_is_always_new(issuer: Certified) -> None:
    inputs = {"privateKeyPem": issuer.old_key_pem, "dnsNames": [ISSUER]}
    outputs, _, absent = created("CertRequest", inputs, {NAME: "anything"})
    assert (outputs["id"], absent) == ("new", set())


def test_below_an_anchor_whose_key_is_lost_the_certificate_is_kept(
    root: Certified, issuer: Certified
) -> None:
    inputs = signed(issuer, root, caPrivateKeyPem="")
    outputs, _, absent = created("LocallySignedCert", inputs, {NAME: issuer.pem})
    assert (outputs["certPem"], absent) == (issuer.pem, set())
    assert (outputs["caPrivateKeyPem"], outputs["caCertPem"]) == ("", root.pem)
