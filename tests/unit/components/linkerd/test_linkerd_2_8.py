"""Linkerd 2.8: its charts, its Secrets, and gateways that annotations describe."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config import MeshConfig
from render import Recording, Registration
from tests.recordings import by_urn, of_type

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]

PAIR = """
clusters:
  a:
    context: a
    linkerd: {version: "2.8.1", namespace: mesh}
  b:
    context: b
    domain: b.internal
    linkerd: {version: "2.8.1", namespace: service-mesh, trustDomain: trust.b.example}
    ambassador:
      flavour: ambassador
      namespace: doors
      gateway: {probe: ambassador, healthPath: /-/alive/ready, probePeriodSeconds: 7}
links:
  - source: a
    target: b
    exports:
      - {namespace: shop, service: web}
      - {namespace: shop, service: db}
"""
MODERN = PAIR.replace('version: "2.8.1"', 'version: "2026.8.3"')


@pytest.fixture(scope="module")
def pair(mesh: Mesh, recorded: Records) -> Recording:
    return recorded(mesh(PAIR))


def values(recording: Recording, name: str) -> dict[str, Any]:
    found: dict[str, Any] = recording.named(name).inputs["values"]
    return found


def above(recording: Recording, name: str) -> set[str]:
    return {by_urn(recording, urn).name for urn in recording.named(name).depends_on}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def secrets(recording: Recording, cluster: str) -> dict[tuple[str, str], Registration]:
    return {
        (item.inputs["metadata"]["namespace"], item.inputs["metadata"]["name"]): item
        for item in of_type(recording, "kubernetes:core/v1:Secret")
        if item.cluster == cluster
    }


def told(item: Registration) -> dict[str, str]:
    annotations = item.inputs["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if not key.startswith("pulumi.com/")}


def test_its_control_plane_and_its_extension_are_each_one_release(pair: Recording) -> None:
    releases = {
        (item.cluster, item.inputs["name"]): (
            item.inputs["chart"],
            item.inputs["version"],
            item.inputs["namespace"],
            item.inputs["repositoryOpts"]["repo"],
        )
        for item in of_type(pair, "Release")
        if item.inputs["name"] != "ambassador"
    }
    stable = "https://charts.example.com/linkerd-stable"
    assert releases == {
        ("a", "linkerd2"): ("linkerd2", "2.8.1", "mesh", stable),
        ("b", "linkerd2"): ("linkerd2", "2.8.1", "service-mesh", stable),
        **{
            (name, "linkerd2-multicluster"): (
                "linkerd2-multicluster",
                "2.8.1",
                "linkerd-multicluster",
                stable,
            )
            for name in ("a", "b")
        },
    }


def test_the_release_that_holds_its_crds_is_protected_as_the_stack_file_says(
    mesh: Mesh, recorded: Records, pair: Recording
) -> None:
    free = recorded(mesh(PAIR + "protection: {crds: false}"))
    for cluster in ("a", "b"):
        assert pair.named(f"{cluster}-linkerd-control-plane").protect
        assert not free.named(f"{cluster}-linkerd-control-plane").protect


def test_its_webhooks_read_opaque_secrets_with_keys_of_their_own_names(pair: Recording) -> None:
    anchors = x509.load_pem_x509_certificates(pair.outputs["trustAnchors"].encode())
    found = secrets(pair, "b")
    for service in ("linkerd-proxy-injector", "linkerd-sp-validator", "linkerd-tap"):
        secret = found["service-mesh", f"{service}-tls"]
        assert secret.inputs["type"] == "Opaque"
        data = {key: base64.b64decode(value) for key, value in secret.inputs["data"].items()}
        assert set(data) == {"crt.pem", "key.pem"}
        certificate = x509.load_pem_x509_certificate(data["crt.pem"])
        certificate.verify_directly_issued_by(anchors[0])
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == [f"{service}.service-mesh.svc"]
        key = load_pem_private_key(data["key.pem"], None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.public_key() == certificate.public_key()
        # Its reader refuses PKCS #8.
        assert data["key.pem"].startswith(b"-----BEGIN EC PRIVATE KEY-----")
        assert secret.name in above(pair, "b-linkerd-control-plane")
    assert not [name for _, name in found if name.endswith("-k8s-tls")]


def test_its_issuer_is_a_secret_that_the_release_waits_for(pair: Recording) -> None:
    secret = secrets(pair, "b")["service-mesh", "linkerd-identity-issuer"]
    assert secret.inputs["type"] == "kubernetes.io/tls"
    data = {key: base64.b64decode(value) for key, value in secret.inputs["data"].items()}
    issuer = x509.load_pem_x509_certificate(data["tls.crt"])
    names = issuer.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["identity.service-mesh.trust.b.example"]
    assert data["tls.key"].startswith(b"-----BEGIN EC PRIVATE KEY-----")
    assert secret.name in above(pair, "b-linkerd-control-plane")
    assert values(pair, "b-linkerd-control-plane")["identity"] == {
        "issuer": {"scheme": "kubernetes.io/tls"}
    }


def test_its_chart_draws_no_certificate_and_no_namespace_of_its_own(pair: Recording) -> None:
    found = values(pair, "b-linkerd-control-plane")
    bundle = pair.outputs["trustAnchors"]
    for hook in ("proxyInjector", "profileValidator", "tap"):
        assert found[hook] == {"externalSecret": True, "caBundle": bundle}
    assert found["installNamespace"] is False
    assert found["global"]["identityTrustAnchorsPEM"] == bundle


def test_no_private_key_is_in_the_values_of_any_of_its_releases(pair: Recording) -> None:
    keys = {item.outputs["privateKeyPem"] for item in of_type(pair, "PrivateKey")}
    assert len(keys) == 1 + 2 * 4
    for release in of_type(pair, "Release"):
        whole = "\n".join(texts(release.inputs["values"]))
        assert "PRIVATE KEY" not in whole
        assert not any(base64.b64encode(key.encode()).decode() in whole for key in keys)
        assert release.secrets == frozenset()


def test_domains_networks_and_registry_are_where_its_charts_read_them(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a:
                context: a
                domain: a.internal
                networks: [10.1.0.0/16, 10.2.0.0/16]
                linkerd:
                  version: "2.8.1"
                  namespace: mesh
                  trustDomain: trust.example
                  cni: true
                  imageRegistry: registry.example/linkerd
                  proxy: {resources: {cpuRequest: 20m, memoryLimit: 250Mi}}
        """)
    )
    found = values(recording, "a-linkerd-control-plane")
    common = found["global"]
    assert (common["clusterDomain"], common["identityTrustDomain"], common["namespace"]) == (
        "a.internal",
        "trust.example",
        "mesh",
    )
    assert common["proxy"]["destinationGetNetworks"] == "10.1.0.0/16,10.2.0.0/16"
    assert common["proxy"]["resources"] == {
        "cpu": {"request": "20m"},
        "memory": {"limit": "250Mi"},
    }
    assert common["cniEnabled"] is True
    images = [
        found["controllerImage"],
        found["webImage"],
        found["debugContainer"]["image"]["name"],
        found["grafana"]["image"]["name"],
        common["proxy"]["image"]["name"],
        common["proxyInit"]["image"]["name"],
        values(recording, "a-linkerd-cni")["cniPluginImage"],
    ]
    assert {image.rpartition("/")[0] for image in images} == {"registry.example/linkerd"}
    assert len(set(images)) == len(images)


def test_its_cni_plugin_is_in_a_namespace_that_its_chart_makes(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh('clusters: {a: {context: a, linkerd: {version: "2.8.1", cni: true}}}')
    )
    release = recording.named("a-linkerd-cni").inputs
    assert (release["chart"], release["version"]) == ("linkerd2-cni", "2.8.1")
    assert release["values"]["namespace"] == "linkerd-cni"
    made = {item.inputs["metadata"]["name"] for item in of_type(recording, "Namespace")}
    assert made == {"linkerd"}
    assert release["namespace"] == "linkerd"
    # The chart writes this into an annotation, which may not be empty.
    assert release["values"]["cliVersion"]
    assert "a-linkerd-cni" in above(recording, "a-linkerd-control-plane")


def test_high_availability_is_what_its_chart_s_own_profile_says(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a:
                context: a
                linkerd:
                  version: "2.8.1"
                  highAvailability: true
                  proxy: {resources: {memoryLimit: 1Gi}}
              b: {context: b, linkerd: {version: "2.8.1"}}
        """)
    )
    found = values(recording, "a-linkerd-control-plane")
    assert found["controllerReplicas"] == 3
    assert found["webhookFailurePolicy"] == "Fail"
    assert found["enablePodAntiAffinity"] is True
    assert found["global"]["proxy"]["resources"] == {
        "cpu": {"limit": "1", "request": "100m"},
        "memory": {"limit": "1Gi", "request": "20Mi"},
    }
    assert found["global"]["proxy"]["image"]
    plain = values(recording, "b-linkerd-control-plane")
    assert {"controllerReplicas", "webhookFailurePolicy"}.isdisjoint(plain)


def test_the_user_s_values_win_for_its_charts_too(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(
        mesh(
            PAIR.replace(
                "namespace: mesh}",
                "namespace: mesh, values: {global: {proxy: {logLevel: debug}}, webImage: mine},"
                " multicluster: {values: {logLevel: debug, gateway: false}}}",
            )
        )
    )
    found = values(recording, "a-linkerd-control-plane")
    assert found["webImage"] == "mine"
    assert found["global"]["proxy"]["logLevel"] == "debug"
    assert found["global"]["proxy"]["image"]["name"] == "gcr.io/linkerd-io/proxy"
    assert values(recording, "a-multicluster-release")["logLevel"] == "debug"


def test_its_extension_has_one_mirror_in_a_source_and_no_gateway_anywhere(pair: Recording) -> None:
    for cluster, linkerd, source in (("a", "mesh", True), ("b", "service-mesh", False)):
        found = values(pair, f"{cluster}-multicluster-release")
        assert found["serviceMirror"] is source
        assert found["gateway"] is False
        assert found["remoteMirrorServiceAccount"] is False
        assert found["installNamespace"] is False
        assert found["namespace"] == "linkerd-multicluster"
        assert found["linkerdNamespace"] == linkerd
    assert values(pair, "b-multicluster-release")["identityTrustDomain"] == "trust.b.example"


def test_between_its_clusters_there_is_no_link_and_no_policy(
    pair: Recording, mesh: Mesh, recorded: Records
) -> None:
    def groups(recording: Recording) -> set[str]:
        tokens = [item.type.partition("/")[0] for item in recording if item.cluster]
        return {token.removeprefix("kubernetes:") for token in tokens}

    of_today = {"policy.linkerd.io", "multicluster.linkerd.io"}
    assert of_today.isdisjoint(groups(pair))
    assert of_today <= groups(recorded(mesh(MODERN)))
    assert pair.outputs["links"] == ["a-b"]


def test_the_source_has_one_secret_whose_annotations_say_what_a_link_says_today(
    pair: Recording,
) -> None:
    found = secrets(pair, "a")
    credentials = [key for key in found if key[1].startswith("cluster-credentials-")]
    assert credentials == [("linkerd-multicluster", "cluster-credentials-b")]
    secret = found[credentials[0]]
    assert secret.inputs["type"] == "mirror.linkerd.io/remote-kubeconfig"
    assert secret.inputs["metadata"]["annotations"] == {
        "mirror.linkerd.io/cluster-name": "b",
        "mirror.linkerd.io/remote-cluster-domain": "b.internal",
        "mirror.linkerd.io/remote-cluster-l5d-ns": "service-mesh",
    }
    content = json.loads(base64.b64decode(secret.inputs["data"]["kubeconfig"]))
    assert content["clusters"][0]["cluster"]["server"] == "https://b.example:6443"
    assert content["users"][0]["user"]["token"].startswith("token-of-b-")
    assert secret.name in above(pair, "a-multicluster-release")


def test_the_account_on_the_target_may_read_services_and_the_configuration_only(
    pair: Recording,
) -> None:
    rules = pair.named("a-b-credentials-role").inputs["rules"]
    assert [(rule["resources"], rule["verbs"], rule.get("resourceNames")) for rule in rules] == [
        (["services"], ["get", "list", "watch"], None),
        (["configmaps"], ["get"], ["linkerd-config"]),
    ]


def test_exported_services_name_their_gateway_in_annotations_and_have_no_label(
    pair: Recording,
) -> None:
    patches = of_type(pair, "ServicePatch")
    assert {item.inputs["metadata"]["name"] for item in patches} == {"web", "db"}
    for patch in patches:
        assert told(patch) == {
            "mirror.linkerd.io/gateway-name": "ambassador",
            "mirror.linkerd.io/gateway-ns": "doors",
        }
        assert "labels" not in patch.inputs["metadata"]


def test_the_gateway_s_service_has_the_path_without_the_slash_that_the_mirror_adds(
    mesh: Mesh, recorded: Records, pair: Recording
) -> None:
    old = values(pair, "b-ambassador-release")["service"]["annotations"]
    assert old == {
        "mirror.linkerd.io/gateway-identity": (
            "ambassador-b.doors.serviceaccount.identity.service-mesh.trust.b.example"
        ),
        "mirror.linkerd.io/multicluster-gateway": "true",
        "mirror.linkerd.io/probe-path": "-/alive/ready",
        "mirror.linkerd.io/probe-period": "7",
    }
    modern = values(recorded(mesh(MODERN)), "b-ambassador-release")["service"]["annotations"]
    assert modern == {**old, "mirror.linkerd.io/probe-path": "/-/alive/ready"}
    # The route itself has it in either case.
    mapping = pair.named("b-ambassador-mapping-public-health-check").inputs["spec"]
    assert mapping["prefix"] == "/-/alive/ready"


REQUIRE = "config.linkerd.io/proxy-require-identity-inbound-ports"


def test_the_gateway_requires_mtls_on_its_port_by_an_annotation_only_in_2_8(
    mesh: Mesh, recorded: Records, pair: Recording
) -> None:
    old = values(pair, "b-ambassador-release")["podAnnotations"]
    assert old[REQUIRE] == "4143"
    assert REQUIRE not in values(recorded(mesh(MODERN)), "b-ambassador-release")["podAnnotations"]


@pytest.mark.parametrize(("ports", "wanted"), [("[4143, 8080]", "4143,8080"), ("[]", None)])
def test_the_stack_file_s_ports_win_over_that_default_in_both_generations(
    mesh: Mesh, recorded: Records, ports: str, wanted: str | None
) -> None:
    gateway = "      gateway: {probe"
    for text in (PAIR, MODERN):
        changed = text.replace(
            gateway, f"      sidecar: {{requireIdentityOnInboundPorts: {ports}}}\n{gateway}"
        )
        annotations = values(recorded(mesh(changed)), "b-ambassador-release")["podAnnotations"]
        assert annotations.get(REQUIRE) == wanted


def test_an_ambassador_that_is_no_gateway_demands_no_identity(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a:
                context: a
                linkerd: {version: "2.8.1"}
                ambassador: {flavour: ambassador}
        """)
    )
    assert values(recording, "a-ambassador-release")["podAnnotations"] == {
        "linkerd.io/inject": "enabled"
    }


def test_links_in_both_directions_wait_in_no_circle(
    stack: Callable[[str], Recording], stack_config: Callable[[str], MeshConfig]
) -> None:
    ends = [(link.source, link.target) for link in stack_config("linkerd-2.8").links]
    assert {(target, source) for source, target in ends} == set(ends)
    recording = stack("linkerd-2.8")
    assert len(recording.in_dependency_order()) == len(recording.registrations)
