"""Certificates that Ambassador's Hosts terminate TLS with, verified as a client verifies them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from config import MeshConfig
from render import Recording, Registration
from tests.recordings import by_urn, of_type

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]

LONG = f"{'a' * 60}.shop.example.com"
"""A host name that does not fit into a certificate's common name."""


@pytest.fixture
def hosted(mesh: Mesh, recorded: Records) -> Callable[..., Recording]:
    """Records a cluster whose Ambassador has these Hosts."""

    def run(*hosts: str, more: str = "") -> Recording:
        listed = ", ".join(f"{{{host}}}" for host in hosts)
        return recorded(
            mesh(f"clusters: {{a: {{context: a, ambassador: {{hosts: [{listed}]{more}}}}}}}")
        )

    return run


def of_kind(recording: Recording, kind: str) -> dict[str, Registration]:
    owner = recording.named("a-ambassador").urn
    return {
        item.inputs["metadata"]["name"]: item
        for item in recording
        if item.parent == owner and item.inputs.get("kind") == kind
    }


def host_spec(recording: Recording, name: str) -> dict[str, Any]:
    found: dict[str, Any] = of_kind(recording, "Host")[name].inputs["spec"]
    return found


def pair(secret: Registration) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    data = {key: base64.b64decode(value) for key, value in secret.inputs["data"].items()}
    assert set(data) == {"tls.crt", "tls.key"}
    key = load_pem_private_key(data["tls.key"], None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(data["tls.crt"]), key


def verified(recording: Recording, certificate: x509.Certificate, name: str) -> None:
    """What curl --cacert does with the bundle; raises VerificationError."""
    anchors = x509.load_pem_x509_certificates(recording.outputs["trustAnchors"].encode())
    builder = PolicyBuilder().store(Store(anchors)).time(datetime.now(UTC))
    builder.build_server_verifier(x509.DNSName(name)).verify(certificate, [])


def test_a_certificate_for_trials_is_signed_by_the_anchor_for_its_host_name_alone(
    hosted: Callable[..., Recording],
) -> None:
    recording = hosted("name: shop, hostname: shop.example.com, tls: {trial: true}")
    (secret,) = of_kind(recording, "Secret").values()
    certificate, key = pair(secret)
    verified(recording, certificate, "shop.example.com")
    for other in ("example.com", "other.example.com", "a.shop.example.com"):
        with pytest.raises(VerificationError):
            verified(recording, certificate, other)
    assert key.public_key() == certificate.public_key()
    assert secret.inputs["type"] == "kubernetes.io/tls"
    assert "data" in secret.secrets
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [item.value for item in common] == ["shop.example.com"]
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca is False


def test_a_trial_s_certificate_may_be_for_all_names_of_a_domain(
    hosted: Callable[..., Recording],
) -> None:
    recording = hosted("name: all, hostname: '*.example.com', tls: {trial: true}")
    certificate, _ = pair(of_kind(recording, "Secret")["all-tls"])
    verified(recording, certificate, "one.example.com")
    verified(recording, certificate, "two.example.com")


def test_a_long_host_name_has_a_certificate_without_a_common_name(
    hosted: Callable[..., Recording],
) -> None:
    """A common name has at most 64 characters; a name beside it may be longer."""
    recording = hosted(f"name: long, hostname: {LONG}, tls: {{trial: true}}")
    certificate, _ = pair(of_kind(recording, "Secret")["long-tls"])
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME) == []
    verified(recording, certificate, LONG)


def test_a_host_finds_its_certificate_under_the_name_that_it_gives(
    hosted: Callable[..., Recording],
) -> None:
    recording = hosted(
        "name: one, hostname: one.example.com, tls: {trial: true}",
        "name: two, hostname: two.example.com, tls: {trial: true, secret: own}",
        "name: three, hostname: three.example.com, tls: {certManager: {issuer: house}}",
    )
    made = {
        *of_kind(recording, "Secret"),
        *(item.inputs["spec"]["secretName"] for item in of_kind(recording, "Certificate").values()),
    }
    asked = {host_spec(recording, name)["tlsSecret"]["name"] for name in ("one", "two", "three")}
    assert asked == made == {"one-tls", "own", "three-tls"}
    spaces = {
        item.inputs["metadata"]["namespace"]
        for kind in ("Secret", "Certificate", "Host")
        for item in of_kind(recording, kind).values()
    }
    assert spaces == {"ambassador"}


def test_two_hosts_never_share_a_key(hosted: Callable[..., Recording]) -> None:
    recording = hosted(
        "name: one, hostname: one.example.com, tls: {trial: true}",
        "name: two, hostname: two.example.com, tls: {trial: true}",
    )
    one, two = (pair(secret)[1] for secret in of_kind(recording, "Secret").values())
    assert one.public_key() != two.public_key()


def test_cert_manager_is_asked_for_a_certificate_by_a_whole_request(
    hosted: Callable[..., Recording],
) -> None:
    recording = hosted(
        "name: shop, hostname: '*.example.com',"
        " tls: {secret: own, certManager: {issuer: house, kind: Issuer}}"
    )
    (certificate,) = of_kind(recording, "Certificate").values()
    assert certificate.inputs["apiVersion"] == "cert-manager.io/v1"
    assert certificate.inputs["metadata"] == {"name": "own", "namespace": "ambassador"}
    assert certificate.inputs["spec"] == {
        "secretName": "own",
        "dnsNames": ["*.example.com"],
        "issuerRef": {"name": "house", "kind": "Issuer", "group": "cert-manager.io"},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    }
    assert of_kind(recording, "Secret") == {}


def test_a_secret_of_the_user_s_own_is_named_and_not_made(
    hosted: Callable[..., Recording],
) -> None:
    recording = hosted("name: shop, hostname: shop.example.com, tls: {secret: mine}")
    assert host_spec(recording, "shop")["tlsSecret"] == {"name": "mine"}
    assert of_kind(recording, "Secret") == of_kind(recording, "Certificate") == {}
    keys = {item.name for item in of_type(recording, "PrivateKey")}
    assert not [name for name in keys if "host." in name]


def test_certificates_wait_for_their_namespace_and_not_for_ambassador(
    hosted: Callable[..., Recording],
) -> None:
    """Ambassador finds them when it starts, and a Host without its Secret would be inactive."""
    recording = hosted(
        "name: one, hostname: one.example.com, tls: {trial: true}",
        "name: two, hostname: two.example.com, tls: {certManager: {issuer: house}}",
    )
    for kind in ("Secret", "Certificate"):
        (item,) = of_kind(recording, kind).values()
        above = {by_urn(recording, urn).name for urn in recording.upstream([item.urn])}
        assert "a-ambassador-ambassador-namespace" in above
        assert "a-ambassador-release" not in above


def test_an_adopted_ambassador_s_hosts_have_certificates_too(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a:
                context: a
                ambassador:
                  adopt: {module: leave}
                  namespace: doors
                  hosts: [{name: one, hostname: one.example.com, tls: {trial: true}}]
        """)
    )
    (secret,) = of_kind(recording, "Secret").values()
    assert secret.inputs["metadata"]["namespace"] == "doors"
    verified(recording, pair(secret)[0], "one.example.com")


def test_hosts_and_webhooks_of_one_name_have_certificates_of_their_own(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a:
                context: a
                ambassador:
                  hosts:
                    - name: linkerd-proxy-injector
                      hostname: one.example.com
                      tls: {trial: true}
                    - name: issuer
                      hostname: two.example.com
                      tls: {trial: true}
        """)
    )
    for name, hostname in (("linkerd-proxy-injector", "one"), ("issuer", "two")):
        certificate, _ = pair(of_kind(recording, "Secret")[f"{name}-tls"])
        verified(recording, certificate, f"{hostname}.example.com")


@pytest.mark.parametrize(
    ("settings", "kind", "field"),
    [
        ("flavour: ambassador, apiVersion: v1", "TLSContext", "secret"),
        ("flavour: ambassador, apiVersion: v2", "Host", "tlsSecret"),
        ("apiVersion: v1", "Host", "tlsSecret"),
        ("apiVersion: v2", "Host", "tlsSecret"),
    ],
)
def test_trials_serve_the_older_versions_as_well(
    hosted: Callable[..., Recording], settings: str, kind: str, field: str
) -> None:
    recording = hosted(
        "name: shop, hostname: shop.example.com, insecure: Redirect, tls: {trial: true}",
        more=f", {settings}",
    )
    named = of_kind(recording, kind)["shop"].inputs["spec"][field]
    assert named == ("shop-tls" if kind == "TLSContext" else {"name": "shop-tls"})
    verified(recording, pair(of_kind(recording, "Secret")["shop-tls"])[0], "shop.example.com")
