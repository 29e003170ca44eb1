"""The certificates are real ones; here they are verified as their readers verify them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from config import MeshConfig
from config.language.model import UNREADABLE_SECRET
from config.trust.trust_anchor import TrustAnchorConfig
from render import Recording, Registration
from render.placeholders import UNSIGNED
from tests.certificates import Certified, certified
from tests.recordings import of_type

Stack = Callable[[str], Recording]
Config = Callable[[str], MeshConfig]
Mesh = Callable[[str], MeshConfig]
Records = Callable[[MeshConfig], Recording]

STACKS = ["local", "staging", "production"]
TWO_CLUSTERS = """
clusters:
  a: {context: a, domain: a.internal, linkerd: {namespace: mesh}}
  b: {context: b, ambassador: {gateway: {}}, linkerd: {viz: {enabled: true}}}
"""


def certificates(recording: Recording) -> dict[str, x509.Certificate]:
    made = [*of_type(recording, "SelfSignedCert"), *of_type(recording, "LocallySignedCert")]
    return {
        item.name: x509.load_pem_x509_certificate(item.outputs["certPem"].encode()) for item in made
    }


def bundle(recording: Recording) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(recording.outputs["trustAnchors"].encode())


def issuers(recording: Recording) -> Iterator[tuple[str, x509.Certificate]]:
    for name, certificate in certificates(recording).items():
        if name.endswith("-issuer-certificate"):
            yield (
                name.removeprefix("trust-anchor-").removesuffix("-issuer-certificate"),
                certificate,
            )


def secret_pair(secret: Registration) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    data = {key: base64.b64decode(value) for key, value in secret.inputs["data"].items()}
    key = load_pem_private_key(data["tls.key"], None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(data["tls.crt"]), key


def tls_secrets(recording: Recording) -> list[Registration]:
    found = [
        item
        for item in of_type(recording, "kubernetes:core/v1:Secret")
        if item.inputs.get("type") == "kubernetes.io/tls"
    ]
    assert found
    return found


def verified(
    leaf: x509.Certificate,
    between: list[x509.Certificate],
    anchors: list[x509.Certificate],
    host: str,
) -> list[x509.Certificate]:
    """The chain that a TLS client builds; raises VerificationError where there is none."""
    builder = PolicyBuilder().store(Store(anchors)).time(datetime.now(UTC))
    return builder.build_server_verifier(x509.DNSName(host)).verify(leaf, between)


def workload(issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A proxy's certificate as Linkerd's identity service issues it, for 24 hours."""
    made = certified(
        "",
        Certified(issuer, key),
        hosts=("web.shop.example",),
        authority=False,
        days=1,
        usage=False,
        server=True,
        identifiers=True,
    )
    return made.certificate


def provided(
    name: str, *, days: int = 900, path_length: int | None = None
) -> tuple[str, str, x509.Certificate]:
    """A user's own anchor: certificate and private key in PEM, and the certificate."""
    made = certified(name, days=days, path_length=path_length, identifiers=True)
    return made.pem, made.old_key_pem, made.certificate


def with_anchors(config: MeshConfig, anchors: object, signer: str | None = None) -> MeshConfig:
    settings = {"anchors": anchors, **({"signer": signer} if signer else {})}
    return config.model_copy(update={"trust_anchor": TrustAnchorConfig.model_validate(settings)})


@pytest.mark.parametrize("name", STACKS)
def test_a_client_that_trusts_the_bundle_accepts_every_webhook_by_its_name(
    stack: Stack, name: str
) -> None:
    recording = stack(name)
    anchors = bundle(recording)
    checked = 0
    for secret in tls_secrets(recording):
        service = secret.inputs["metadata"]["name"].removesuffix("-k8s-tls")
        if service == "linkerd-identity-issuer":
            continue
        host = f"{service}.{secret.inputs['metadata']['namespace']}.svc"
        certificate, _ = secret_pair(secret)
        assert verified(certificate, [], anchors, host) == [certificate, anchors[0]]
        with pytest.raises(VerificationError):
            verified(certificate, [], anchors, f"other.{host}")
        checked += 1
    assert checked >= 3 * len(recording.clusters())


@pytest.mark.parametrize("name", STACKS)
def test_a_proxy_s_certificate_from_any_issuer_is_trusted_in_every_cluster(
    stack: Stack, name: str
) -> None:
    recording = stack(name)
    anchors = bundle(recording)
    secrets = [
        item
        for item in tls_secrets(recording)
        if item.inputs["metadata"]["name"] == "linkerd-identity-issuer"
    ]
    assert {item.cluster for item in secrets} == set(recording.clusters())
    for secret in secrets:
        issuer, key = secret_pair(secret)
        leaf = workload(issuer, key)
        assert verified(leaf, [issuer], anchors, "web.shop.example") == [leaf, issuer, anchors[0]]


def test_another_mesh_s_bundle_trusts_none_of_it(
    mesh: Mesh, recorded: Records, stack: Stack
) -> None:
    strangers = bundle(recorded(mesh(TWO_CLUSTERS)))
    for secret in tls_secrets(stack("local")):
        certificate, key = secret_pair(secret)
        leaf = workload(certificate, key)
        with pytest.raises(VerificationError):
            verified(leaf, [certificate], strangers, "web.shop.example")


@pytest.mark.parametrize("name", STACKS)
def test_every_secret_s_key_belongs_to_its_certificate(stack: Stack, name: str) -> None:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for secret in tls_secrets(stack(name)):
        certificate, key = secret_pair(secret)
        assert certificate.public_key().public_bytes(*form) == key.public_key().public_bytes(*form)


@pytest.mark.parametrize("name", STACKS)
def test_no_key_serves_twice(stack: Stack, name: str) -> None:
    found = [certificate.public_key() for certificate in certificates(stack(name)).values()]
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert len({key.public_bytes(*form) for key in found}) == len(found)


@pytest.mark.parametrize("name", STACKS)
def test_all_keys_are_ecdsa_on_p256_and_all_signatures_sha256(stack: Stack, name: str) -> None:
    for certificate in certificates(stack(name)).values():
        key = certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)


def test_the_anchor_leaves_room_for_one_issuer_and_no_authority_below(
    stack: Stack,
) -> None:
    recording = stack("local")
    anchors = bundle(recording)
    constraints = anchors[0].extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=1)
    secret = recording.named("source-linkerd-issuer")
    issuer, key = secret_pair(secret)
    rogue = certified("rogue", Certified(issuer, key), days=1, usage=False, identifiers=True)
    leaf = workload(rogue.certificate, rogue.key)
    with pytest.raises(VerificationError):
        verified(leaf, [rogue.certificate, issuer], anchors, "web.shop.example")


def test_an_issuer_is_named_as_the_identity_service_of_its_cluster_demands(
    mesh: Mesh, recorded: Records
) -> None:
    found = dict(issuers(recorded(mesh(TWO_CLUSTERS))))
    wanted = {"a": "identity.mesh.a.internal", "b": "identity.linkerd.cluster.local"}
    for cluster, certificate in found.items():
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == [wanted[cluster]]
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert [item.value for item in common] == [wanted[cluster]]
    assert set(found) == set(wanted)


def test_an_issuer_may_sign_and_a_webhook_may_serve_and_neither_more(stack: Stack) -> None:
    for name, certificate in certificates(stack("production")).items():
        extensions = certificate.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
        signs = name.endswith(("-issuer-certificate", ".root-certificate"))
        assert constraints.ca is signs, name
        assert (usage.key_cert_sign, usage.crl_sign) == (signs, signs), name
        assert usage.digital_signature is not signs, name
        if signs:
            with pytest.raises(x509.ExtensionNotFound):
                extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        else:
            serving = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            assert list(serving) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_certificates_last_as_long_as_the_stack_file_says(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(
        mesh(
            TWO_CLUSTERS + "trustAnchor: {validity: {anchorDays: 1000, issuerDays: 200, "
            "webhookDays: 300, renewalDays: 100}}"
        )
    )
    for name, certificate in certificates(recording).items():
        lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        days = 1000 if ".root-" in name else 200 if "-issuer-" in name else 300
        assert lasts == timedelta(days=days), name


def test_an_update_renews_what_the_anchor_signs_in_time_and_the_anchor_never(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(mesh(TWO_CLUSTERS + "trustAnchor: {validity: {renewalDays: 61}}"))
    for item in of_type(recording, "LocallySignedCert"):
        assert item.inputs["earlyRenewalHours"] == 61 * 24
    for item in of_type(recording, "SelfSignedCert"):
        assert item.inputs["earlyRenewalHours"] == 0


def test_every_webhook_of_the_charts_has_a_certificate_that_the_anchor_signed(
    mesh: Mesh, recorded: Records
) -> None:
    """Helm would make another certificate at every upgrade."""
    recording = recorded(mesh(TWO_CLUSTERS))
    for release in of_type(recording, "Release"):
        hooks = {
            key: value
            for key, value in release.inputs["values"].items()
            if isinstance(value, dict) and "externalSecret" in value
        }
        if release.inputs["name"] in ("linkerd-control-plane", "linkerd-viz"):
            assert hooks
        for key, value in hooks.items():
            assert value == {
                "externalSecret": True,
                "caBundle": recording.outputs["trustAnchors"],
            }, key
    spaces = {
        (item.cluster, item.inputs["metadata"]["namespace"], item.inputs["metadata"]["name"])
        for item in tls_secrets(recording)
    }
    control_plane = ("proxy-injector", "sp-validator", "policy-validator")
    assert spaces == {
        ("a", "mesh", "linkerd-identity-issuer"),
        ("b", "linkerd", "linkerd-identity-issuer"),
        *(("a", "mesh", f"linkerd-{item}-k8s-tls") for item in control_plane),
        *(("b", "linkerd", f"linkerd-{item}-k8s-tls") for item in control_plane),
        ("b", "linkerd-viz", "tap-k8s-tls"),
        ("b", "linkerd-viz", "tap-injector-k8s-tls"),
    }


def test_an_issuer_s_secret_brings_the_whole_bundle(mesh: Mesh, recorded: Records) -> None:
    one, two = provided("one"), provided("two")
    config = with_anchors(
        mesh(TWO_CLUSTERS),
        [
            {"name": "one", "certificate": one[0], "privateKey": one[1]},
            {"name": "two", "certificate": two[0]},
        ],
    )
    recording = recorded(config)
    for cluster in ("a", "b"):
        data = recording.named(f"{cluster}-linkerd-issuer").inputs["data"]
        found = x509.load_pem_x509_certificates(base64.b64decode(data["ca.crt"]))
        assert found == [one[2], two[2]]
        values = recording.named(f"{cluster}-linkerd-control-plane").inputs["values"]
        assert x509.load_pem_x509_certificates(values["identityTrustAnchorsPEM"].encode()) == found
        for hook in ("proxyInjector", "profileValidator", "policyValidator"):
            assert x509.load_pem_x509_certificates(values[hook]["caBundle"].encode()) == found


def test_of_several_anchors_the_named_one_signs_and_all_are_trusted_in_order(
    mesh: Mesh, recorded: Records
) -> None:
    old, new = provided("old"), provided("new")
    config = with_anchors(
        mesh(TWO_CLUSTERS),
        [
            {"name": "old", "certificate": old[0], "privateKey": old[1]},
            {"name": "new", "certificate": new[0], "privateKey": new[1]},
            {"name": "made"},
        ],
        signer="new",
    )
    recording = recorded(config)
    anchors = bundle(recording)
    assert anchors[:2] == [old[2], new[2]]
    assert len(anchors) == 3
    for item in of_type(recording, "LocallySignedCert"):
        signed = x509.load_pem_x509_certificate(item.outputs["certPem"].encode())
        signed.verify_directly_issued_by(new[2])
        with pytest.raises((ValueError, InvalidSignature)):
            signed.verify_directly_issued_by(old[2])


def test_a_provided_anchor_signs_and_nothing_is_generated_in_its_place(
    mesh: Mesh, recorded: Records
) -> None:
    pem, key, anchor = provided("corporate", path_length=1)
    config = with_anchors(
        mesh(TWO_CLUSTERS), [{"name": "corporate", "certificate": pem, "privateKey": key}]
    )
    recording = recorded(config)
    assert of_type(recording, "SelfSignedCert") == []
    assert bundle(recording) == [anchor]
    for _, issuer in issuers(recording):
        issuer.verify_directly_issued_by(anchor)
    for item in recording:
        for name, value in item.inputs.items():
            if name not in item.secrets:
                assert key.strip() not in str(value)


@pytest.mark.parametrize("key", [{"privateKey": UNREADABLE_SECRET}, {"keyLost": True}])
def test_an_anchor_whose_key_only_the_engine_can_read_or_that_is_lost_still_renders(
    mesh: Mesh, recorded: Records, key: dict[str, Any]
) -> None:
    pem, _, anchor = provided("corporate")
    config = with_anchors(mesh(TWO_CLUSTERS), [{"name": "corporate", "certificate": pem, **key}])
    recording = recorded(config)
    assert bundle(recording) == [anchor]
    assert {item.outputs["certPem"] for item in of_type(recording, "LocallySignedCert")} == {
        UNSIGNED
    }
