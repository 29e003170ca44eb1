"""CertManager, the issuer that is made of the anchor, and what Linkerd has issued."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from charts.source import Chart, charts_of
from config import MeshConfig, load_settings
from render import Recording, Registration
from tests.recordings import by_urn, of_type
from tests.stack_builders import certificate

Mesh = Callable[[str], MeshConfig]
Records = Callable[[MeshConfig], Recording]

ALL_OF_IT = """
clusters:
  a:
    context: a
    domain: a.example
    linkerd: {namespace: mesh, viz: {enabled: true}}
    certManager: {install: true, namespace: issuing, trustManager: {install: true}}
trustAnchor:
  certManager: {makeIssuer: true, webhooks: true, trustRoots: trust-manager}
"""
CERTIFICATES = {
    "linkerd-identity-issuer": "mesh",
    "linkerd-proxy-injector": "mesh",
    "linkerd-sp-validator": "mesh",
    "linkerd-policy-validator": "mesh",
    "tap": "linkerd-viz",
    "tap-injector": "linkerd-viz",
}


def objects(recording: Recording, kind: str) -> dict[str, Registration]:
    """Registrations of a kind by the names of their objects."""
    return {
        item.inputs["metadata"]["name"]: item
        for item in recording
        if item.inputs.get("kind") == kind and item.type.endswith(f":{kind}")
    }


def values(recording: Recording, name: str) -> dict[str, Any]:
    found: dict[str, Any] = recording.named(name).inputs["values"]
    return found


def above(recording: Recording, item: Registration) -> set[str]:
    """Names of everything that a resource waits for, directly or not."""
    return {by_urn(recording, urn).name for urn in recording.upstream([item.urn])}


@pytest.fixture(scope="module")
def whole(mesh: Mesh, recorded: Records) -> Recording:
    return recorded(mesh(ALL_OF_IT))


def existing(**trust: Any) -> MeshConfig:
    """An existing issuer, and anchors without a private key."""
    asked = {"issuer": "house", "webhooks": True, **trust}
    return load_settings(
        {
            "clusters": {"a": {"context": "a", "certManager": {"trustManager": {}}}},
            "trustAnchor": {
                "anchors": [{"name": "house", "certificate": certificate()}],
                "certManager": asked,
            },
        },
        "test",
    )


def test_both_charts_are_installed_from_their_repository_with_crds_that_stay(
    mesh: Mesh, whole: Recording
) -> None:
    config = mesh(ALL_OF_IT)
    named = {item.name: item for item in charts_of(config) if isinstance(item, Chart)}
    for name, logical in (
        ("cert-manager", "a-cert-manager-release"),
        ("trust-manager", "a-cert-manager-trust-manager"),
    ):
        made = whole.named(logical)
        assert made.inputs["namespace"] == "issuing"
        assert made.inputs["repositoryOpts"] == {"repo": config.charts.cert_manager}
        assert made.inputs["version"] == named[name].version
        assert made.inputs["values"]["crds"] == {"enabled": True, "keep": True}
        assert made.protect
    assert values(whole, "a-cert-manager-trust-manager")["app"]["trust"]["namespace"] == "issuing"
    assert "a-cert-manager-release" in above(whole, whole.named("a-cert-manager-trust-manager"))


def test_a_user_s_values_override_the_program_s(mesh: Mesh, recorded: Records) -> None:
    text = (
        "clusters: {a: {context: a, certManager: {install: true, "
        "values: {crds: {keep: false}}, trustManager: {install: true, values: {replicaCount: 2}}}}}"
    )
    recording = recorded(mesh(text))
    assert values(recording, "a-cert-manager-release")["crds"] == {"enabled": True, "keep": False}
    assert values(recording, "a-cert-manager-trust-manager")["replicaCount"] == 2


def test_a_cert_manager_that_is_there_is_left_alone(recorded: Records) -> None:
    recording = recorded(existing())
    releases = {item.inputs["name"] for item in of_type(recording, "Release")}
    assert releases == {"linkerd-crds", "linkerd-control-plane"}
    assert [item for item in charts_of(existing()) if "manager" in item.name] == []


def test_without_any_of_it_nothing_of_cert_manager_s_is_declared(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(mesh("clusters: {a: {context: a}}"))
    assert "cert-manager" not in json.dumps([item.inputs for item in recording])


def test_the_issuer_s_certificate_is_the_one_that_linkerd_s_identity_service_demands(
    whole: Recording,
) -> None:
    made = objects(whole, "Certificate")["linkerd-identity-issuer"]
    assert made.inputs["apiVersion"] == "cert-manager.io/v1"
    assert made.inputs["spec"] == {
        "secretName": "linkerd-identity-issuer",
        "duration": "48h",
        "renewBefore": "25h",
        "issuerRef": {
            "name": "linkerd-trust-anchor",
            "kind": "ClusterIssuer",
            "group": "cert-manager.io",
        },
        "commonName": "identity.mesh.a.example",
        "dnsNames": ["identity.mesh.a.example"],
        "isCA": True,
        "privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always"},
        "usages": ["cert sign", "crl sign", "server auth", "client auth"],
    }


def test_every_certificate_is_awaited_before_the_pods_that_mount_its_secret(
    whole: Recording,
) -> None:
    made = objects(whole, "Certificate")
    assert {
        name: item.inputs["metadata"]["namespace"] for name, item in made.items()
    } == CERTIFICATES
    for item in made.values():
        wait = item.inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
        assert wait == "condition=Ready"
    for name, space in CERTIFICATES.items():
        release = "a-linkerd-viz" if space == "linkerd-viz" else "a-linkerd-control-plane"
        assert made[name].name in above(whole, whole.named(release)), name


def test_nothing_is_made_before_the_webhooks_that_check_it(whole: Recording) -> None:
    issuer = objects(whole, "ClusterIssuer")["linkerd-trust-anchor"]
    assert "a-cert-manager-release" in above(whole, issuer)
    for item in objects(whole, "Certificate").values():
        assert {"a-cert-manager-release", issuer.name} <= above(whole, item)
    bundle = objects(whole, "Bundle")["linkerd-identity-trust-roots"]
    assert {"a-cert-manager-trust-manager", "a-linkerd-mesh-namespace"} <= above(whole, bundle)
    assert bundle.name in above(whole, whole.named("a-linkerd-control-plane"))


def test_the_issuer_that_is_made_signs_with_the_anchor_from_a_secret_of_cert_manager_s_namespace(
    whole: Recording,
) -> None:
    issuer = objects(whole, "ClusterIssuer")["linkerd-trust-anchor"]
    assert issuer.inputs["spec"] == {"ca": {"secretName": "linkerd-trust-anchor"}}
    secret = whole.named("a-anchor-issuer-anchor")
    metadata = secret.inputs["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("linkerd-trust-anchor", "issuing")
    told = base64.b64decode(secret.inputs["data"]["tls.crt"]).decode()
    assert told.strip() == whole.outputs["trustAnchors"].strip()
    assert "PRIVATE KEY" in base64.b64decode(secret.inputs["data"]["tls.key"]).decode()
    assert "data" in {path[0] for path in secret.secret_paths}
    assert secret.name in above(whole, issuer)


def test_no_key_is_made_that_cert_manager_makes(whole: Recording, recorded: Records) -> None:
    assert {item.name for item in of_type(whole, "PrivateKey")} == {"trust-anchor-anchor.root-key"}
    assert of_type(recorded(existing()), "PrivateKey") == []
    assert [
        item.inputs["metadata"]["name"]
        for item in of_type(recorded(existing()), "kubernetes:core/v1:Secret")
    ] == []


def test_the_anchor_signs_webhooks_unless_cert_manager_is_to_issue_them(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(mesh(ALL_OF_IT.replace("webhooks: true, ", "")))
    assert set(objects(recording, "Certificate")) == {"linkerd-identity-issuer"}
    given = values(recording, "a-linkerd-control-plane")
    for key in ("proxyInjector", "profileValidator", "policyValidator"):
        assert given[key] == {"externalSecret": True, "caBundle": recording.outputs["trustAnchors"]}
    assert recording.named("a-linkerd-tap-tls").inputs["type"] == "kubernetes.io/tls"


def test_only_cert_manager_injects_the_ca_that_the_api_server_trusts(whole: Recording) -> None:
    """Two who write a caBundle take turns."""
    control_plane, viz = (values(whole, f"a-linkerd-{name}") for name in ("control-plane", "viz"))
    told: Mapping[str, Any] = {
        **{k: control_plane[k] for k in ("proxyInjector", "profileValidator", "policyValidator")},
        **{key: viz[key] for key in ("tap", "tapInjector")},
    }
    made = objects(whole, "Certificate")
    pointed = set()
    for key, given in told.items():
        assert set(given) == {"externalSecret", "injectCaFrom"}, key
        space, _, name = given["injectCaFrom"].partition("/")
        assert made[name].inputs["metadata"]["namespace"] == space
        assert made[name].inputs["spec"]["secretName"] == f"{name}-k8s-tls"
        assert made[name].inputs["spec"]["dnsNames"] == [f"{name}.{space}.svc"]
        pointed.add(name)
    assert pointed == set(made) - {"linkerd-identity-issuer"}


def test_the_policy_validator_alone_has_its_key_in_the_form_that_rust_reads(
    whole: Recording,
) -> None:
    encodings = {
        name: item.inputs["spec"]["privateKey"].get("encoding")
        for name, item in objects(whole, "Certificate").items()
    }
    assert {name for name, encoding in encodings.items() if encoding == "PKCS8"} == {
        "linkerd-policy-validator"
    }


def test_anchors_that_trust_manager_spreads_are_among_the_values_as_well(whole: Recording) -> None:
    given = values(whole, "a-linkerd-control-plane")
    assert given["identity"] == {"issuer": {"scheme": "kubernetes.io/tls"}, "externalCA": True}
    assert given["identityTrustAnchorsPEM"] == whole.outputs["trustAnchors"]
    spec = objects(whole, "Bundle")["linkerd-identity-trust-roots"].inputs["spec"]
    assert spec["sources"] == [{"inLine": whole.outputs["trustAnchors"]}]
    assert spec["target"] == {
        "configMap": {"key": "ca-bundle.crt"},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "mesh"}},
    }


def test_trust_manager_reads_the_anchors_from_a_secret_where_one_is_named(
    recorded: Records,
) -> None:
    asked = {"trustRoots": "trust-manager", "rootsSecret": {"name": "root-secret"}}
    spec = objects(recorded(existing(**asked)), "Bundle")["linkerd-identity-trust-roots"].inputs[
        "spec"
    ]
    assert spec["sources"] == [{"secret": {"name": "root-secret", "key": "ca.crt"}}]


def test_anchors_among_the_values_alone_need_no_bundle(recorded: Records) -> None:
    recording = recorded(existing())
    assert objects(recording, "Bundle") == {}
    assert "externalCA" not in values(recording, "a-linkerd-control-plane")["identity"]


def test_settings_of_the_issuance_reach_the_certificate(recorded: Records) -> None:
    asked = {"duration": "72h", "renewBefore": "30h", "kind": "Issuer", "rotationPolicy": "Never"}
    spec = objects(recorded(existing(**asked)), "Certificate")["linkerd-identity-issuer"].inputs[
        "spec"
    ]
    assert (spec["duration"], spec["renewBefore"]) == ("72h", "30h")
    assert spec["issuerRef"]["kind"] == "Issuer"
    assert spec["privateKey"]["rotationPolicy"] == "Never"
    assert objects(recorded(existing(**asked)), "ClusterIssuer") == {}


def test_private_keys_are_nowhere_but_in_secrets(whole: Recording) -> None:
    for item in whole:
        if item.type.startswith("kubernetes:") and not item.type.endswith(":Secret"):
            assert "PRIVATE KEY" not in yaml.safe_dump(item.inputs), item.name
