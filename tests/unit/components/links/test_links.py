"""Links: credentials, the multicluster extension, the Link itself, exports."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from config import MeshConfig
from config.links.exports import ServiceRef
from kube import Endpoint
from kube.token_login import login_of
from preflight import Reach
from render import ClusterAnswers, Recording, Registration
from tests.recordings import by_urn, of_type

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]
Stack = Callable[[str], Recording]
Config = Callable[[str], MeshConfig]

PAIR = """
clusters:
  a: {context: a, domain: a.internal, linkerd: {namespace: mesh}}
  b:
    context: b
    domain: b.internal
    linkerd: {trustDomain: trust.b.example}
    ambassador: {gateway: {probePort: 9191}}
links:
  - source: a
    target: b
    probe: {periodSeconds: 7, timeoutSeconds: 8, failureThreshold: 9}
"""


def kubeconfig(secret: Registration) -> dict[str, Any]:
    text = base64.b64decode(secret.inputs["data"]["kubeconfig"]).decode()
    found: dict[str, Any] = json.loads(text)
    return found


def above(recording: Recording, name: str) -> set[str]:
    return {by_urn(recording, urn).name for urn in recording.named(name).depends_on}


def test_the_link_waits_for_its_crd_and_for_both_secrets(
    stack: Stack, stack_config: Config
) -> None:
    recording = stack("production")
    for link in stack_config("production").links:
        assert {
            f"{link.source}-multicluster-release",
            f"{link.name}-credentials-mirror-credentials",
            f"{link.name}-credentials-destination-credentials",
        } <= above(recording, f"{link.name}-link")


def test_service_mirrors_start_once_their_credentials_are_there(
    stack: Stack, stack_config: Config
) -> None:
    recording = stack("staging")
    for link in stack_config("staging").links:
        assert {
            f"{link.source}-linkerd-control-plane",
            f"{link.name}-credentials-mirror-credentials",
            f"{link.name}-credentials-destination-credentials",
        } <= above(recording, f"{link.source}-multicluster-release")


def test_the_token_is_asked_for_once_the_account_may_use_it(stack: Stack) -> None:
    recording = stack("local")
    token = "source-target-credentials-token"
    assert {
        "source-target-credentials-account",
        "source-target-credentials-binding",
    } <= above(recording, token)
    account = recording.named("source-target-credentials-account").inputs["metadata"]["name"]
    metadata = recording.named(token).inputs["metadata"]
    assert metadata["annotations"]["kubernetes.io/service-account.name"] == account


def test_the_credentials_are_the_target_s_server_its_ca_and_the_token_and_nothing_else(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(mesh(PAIR))
    account = "linkerd-service-mirror-remote-access-a"
    content = kubeconfig(recording.named("a-b-credentials-mirror-credentials"))
    assert content == {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "b",
        "clusters": [
            {
                "name": "b",
                "cluster": {
                    "server": "https://b.example:6443",
                    "certificate-authority-data": base64.b64encode(b"CA of b\n").decode(),
                },
            }
        ],
        "contexts": [{"name": "b", "context": {"cluster": "b", "user": account}}],
        "users": [
            {"name": account, "user": {"token": f"token-of-b-linkerd-multicluster-{account}-token"}}
        ],
    }


def test_both_secrets_hold_the_same_and_carry_what_their_reader_looks_for(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(mesh(PAIR))
    mirror = recording.named("a-b-credentials-mirror-credentials")
    destination = recording.named("a-b-credentials-destination-credentials")
    assert mirror.inputs["data"] == destination.inputs["data"]
    for secret in (mirror, destination):
        assert secret.inputs["type"] == "mirror.linkerd.io/remote-kubeconfig"
        assert secret.inputs["metadata"]["name"] == "cluster-credentials-b"
    assert mirror.inputs["metadata"]["namespace"] == "linkerd-multicluster"
    assert destination.inputs["metadata"] == {
        "name": "cluster-credentials-b",
        "namespace": "mesh",
        "labels": {"multicluster.linkerd.io/cluster-name": "b"},
        "annotations": {
            "multicluster.linkerd.io/trust-domain": "trust.b.example",
            "multicluster.linkerd.io/cluster-domain": "b.internal",
        },
    }


def test_changed_credentials_replace_the_destination_s_secret_deleted_first(
    mesh: Mesh, recorded: Records
) -> None:
    """The destination controller handles a Secret that comes or goes, and no change."""
    recording = recorded(mesh(PAIR))
    destination = recording.named("a-b-credentials-destination-credentials")
    assert "data" in destination.replace_on_changes
    assert destination.delete_before_replace
    mirror = recording.named("a-b-credentials-mirror-credentials")
    assert mirror.replace_on_changes == ()


def digests(recording: Recording) -> dict[str, str]:
    values = recording.named("a-multicluster-release").inputs["values"]
    found: dict[str, str] = values["podAnnotations"]
    return found


class Tokens(ClusterAnswers):
    def __init__(self, token: str) -> None:
        self.text = token

    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        return {"token": base64.b64encode(self.text.encode()).decode()}

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        return ClusterAnswers.placeholders().service(cluster, namespace, name)


def test_new_credentials_restart_the_service_mirror_and_old_ones_do_not(
    mesh: Mesh, recorded: Records
) -> None:
    """A controller keeps its open watch on a revoked token."""
    config = mesh(PAIR)
    before, same, after = (
        digests(recorded(config, answers=Tokens(token))) for token in ("one", "one", "two")
    )
    assert before == same
    assert set(before) == set(after)
    assert before != after
    assert "one" not in str(before)


def test_a_moved_api_server_restarts_the_service_mirror(mesh: Mesh, recorded: Records) -> None:
    config = mesh(PAIR)
    reach = {
        name: Reach(Endpoint(f"https://{name}.example", None), f"{name}-uid")
        for name in config.clusters
    }
    moved = reach | {"b": replace(reach["b"], endpoint=Endpoint("https://elsewhere.example", None))}
    assert digests(recorded(config, reach=reach)) != digests(recorded(config, reach=moved))


def test_what_a_kubeconfig_has_besides_its_address_reaches_the_service_mirror(
    mesh: Mesh, recorded: Records
) -> None:
    config = mesh(PAIR)
    target = Endpoint("https://b.example", "the CA", "kubernetes", "http://proxy.example:3128")
    reach = {
        "a": Reach(Endpoint("https://a.example", None), "a-uid"),
        "b": Reach(target, "b-uid"),
    }
    recording = recorded(config, reach=reach)
    for reader in ("mirror", "destination"):
        content = kubeconfig(recording.named(f"a-b-credentials-{reader}-credentials"))
        (cluster,) = content["clusters"]
        assert cluster["cluster"] == {
            "server": "https://b.example",
            "certificate-authority-data": base64.b64encode(b"the CA").decode(),
            "tls-server-name": "kubernetes",
            "proxy-url": "http://proxy.example:3128",
        }
        # What `mesh check` reads from it is what was written.
        data = {"kubeconfig": base64.b64encode(json.dumps(content).encode()).decode()}
        assert login_of({"data": data}).endpoint == target


def test_the_remote_account_may_only_read_and_write_events(mesh: Mesh, recorded: Records) -> None:
    role = recorded(mesh(PAIR)).named("a-b-credentials-role").inputs
    for rule in role["rules"]:
        if rule["resources"] == ["events"]:
            continue
        assert set(rule["verbs"]) <= {"get", "list", "watch"}
        assert "secrets" not in rule["resources"]
        assert "*" not in rule["resources"] + rule["apiGroups"]


def test_every_source_has_an_account_of_its_own_on_a_shared_target(stack: Stack) -> None:
    recording = stack("production")
    accounts = [
        item.inputs["metadata"]["name"]
        for item in of_type(recording, "ServiceAccount")
        if item.cluster == "hub"
    ]
    assert len(accounts) == len(set(accounts)) == 2


def test_the_link_is_what_link_gen_would_write(mesh: Mesh, recorded: Records) -> None:
    link = recorded(mesh(PAIR)).named("a-b-link").inputs
    assert link["apiVersion"] == "multicluster.linkerd.io/v1alpha3"
    assert link["metadata"] == {
        "name": "b",
        "namespace": "linkerd-multicluster",
        "annotations": {"linkerd.io/created-by": "linkerd/cli edge-26.8.3"},
    }
    assert link["spec"] == {
        "targetClusterName": "b",
        "targetClusterDomain": "b.internal",
        "targetClusterLinkerdNamespace": "linkerd",
        "clusterCredentialsSecret": "cluster-credentials-b",
        "gatewayAddress": "ambassador.ambassador.b.example",
        "gatewayPort": "4143",
        "gatewayIdentity": (
            "ambassador-b.ambassador.serviceaccount.identity.linkerd.trust.b.example"
        ),
        "probeSpec": {
            "path": "/ready",
            "port": "9191",
            "period": "7s",
            "timeout": "8s",
            "failureThreshold": "9",
        },
        "selector": {"matchLabels": {"mirror.linkerd.io/exported": "true"}},
        "remoteDiscoverySelector": {
            "matchLabels": {"mirror.linkerd.io/exported": "remote-discovery"}
        },
        "federatedServiceSelector": {"matchLabels": {"mirror.linkerd.io/federated": "member"}},
    }


def test_a_link_s_own_gateway_address_wins_for_that_link_alone(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a: {context: a}
              c: {context: c}
              b: {context: b, ambassador: {gateway: {}}}
            links:
              - {source: a, target: b, gateway: {address: [192.0.2.9], port: 30143}}
              - {source: c, target: b, gateway: {address: [192.0.2.10]}}
        """)
    )
    specs = [recording.named(f"{source}-b-link").inputs["spec"] for source in ("a", "c")]
    assert [(spec["gatewayAddress"], spec["gatewayPort"]) for spec in specs] == [
        ("192.0.2.9", "30143"),
        ("192.0.2.10", "4143"),
    ]


def test_every_controller_probes_the_port_that_its_link_names(
    stack: Stack, stack_config: Config
) -> None:
    for name in ("local", "staging", "production"):
        recording = stack(name)
        for link in stack_config(name).links:
            values = recording.named(f"{link.source}-multicluster-release").inputs["values"]
            ports = {
                controller["link"]["ref"]["name"]: controller["gateway"]["probe"]["port"]
                for controller in values["controllers"]
            }
            spec = recording.named(f"{link.name}-link").inputs["spec"]
            assert str(ports[link.target]) == spec["probeSpec"]["port"]


def test_a_target_without_outgoing_links_has_the_extension_and_no_controller(stack: Stack) -> None:
    values = stack("production").named("hub-multicluster-release").inputs["values"]
    assert values["controllers"] == []
    assert values["gateway"] == {"enabled": False}
    assert values["remoteMirrorServiceAccount"] is False


def test_service_mirrors_are_highly_available_where_linkerd_is(stack: Stack) -> None:
    values = stack("production").named("north-multicluster-release").inputs["values"]
    assert values["controllerDefaults"]["replicas"] == 3
    assert values["controllerDefaults"]["enablePodAntiAffinity"] is True
    plain = stack("local").named("source-multicluster-release").inputs["values"]
    assert "replicas" not in plain["controllerDefaults"]


def test_the_user_s_values_for_the_extension_win(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a:
                context: a
                linkerd: {multicluster: {values: {controllerDefaults: {replicas: 5}}}}
              b: {context: b, ambassador: {gateway: {}}}
            links: [{source: a, target: b}]
        """)
    )
    defaults = recording.named("a-multicluster-release").inputs["values"]["controllerDefaults"]
    assert defaults["replicas"] == 5
    assert defaults["image"]["name"] == "cr.l5d.io/linkerd/controller"


def test_an_export_writes_one_label_and_waits_for_the_sample_s_service(stack: Stack) -> None:
    recording = stack("local")
    patch = of_type(recording, "ServicePatch")[0]
    assert set(patch.inputs) == {"apiVersion", "kind", "metadata"}
    metadata = patch.inputs["metadata"]
    assert metadata["labels"] == {"mirror.linkerd.io/exported": "true"}
    own = {
        key: value
        for key, value in metadata["annotations"].items()
        if not key.startswith("pulumi.com/")
    }
    assert own == {}
    # The gateway admits clients before a mirror can be made.
    before = {by_urn(recording, urn).name for urn in patch.depends_on}
    admits = "target-ambassador-httproute-ambassador-gateway.qotm.qotm-linkerd2"
    assert before == {"target-sample-service", admits}


def test_exports_have_a_field_manager_that_stays_the_same_and_await_nothing(stack: Stack) -> None:
    for patch in of_type(stack("production"), "ServicePatch"):
        annotations = patch.inputs["metadata"]["annotations"]
        assert annotations["pulumi.com/patchFieldManager"] == "linkerd-ambassador-mesh"
        assert annotations["pulumi.com/skipAwait"] == "true"


def test_exports_whose_names_run_together_stay_apart(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a: {context: a}
              b: {context: b, ambassador: {gateway: {}}}
            links:
              - source: a
                target: b
                exports:
                  - {namespace: shop, service: eu-prices}
                  - {namespace: shop-eu, service: prices}
        """)
    )
    assert len({item.urn for item in of_type(recording, "ServicePatch")}) == 2


def test_a_service_that_is_not_there_is_not_made_by_its_export_and_is_warned_of(
    stack_config: Config, recorded: Records
) -> None:
    """A patch of a missing object would create it."""
    config = stack_config("staging")
    reach = {
        name: Reach(Endpoint(f"https://{name}.example", None), f"{name}-uid")
        for name in config.clusters
    }
    missing = frozenset({ServiceRef("shop", "prices")})
    recording = recorded(
        config, reach=reach | {"east": replace(reach["east"], missing_services=missing)}
    )
    exported = {item.inputs["metadata"]["name"] for item in of_type(recording, "ServicePatch")}
    assert exported == {"catalogue", "profiles"}
    assert len(recording.warnings) == 1
    assert "shop/prices" in recording.warnings[0]


def test_a_sample_service_that_comes_with_this_update_is_exported_with_it(
    stack_config: Config, recorded: Records
) -> None:
    config = stack_config("local")
    missing = frozenset({ServiceRef("qotm", "qotm-linkerd2")})
    reach = {
        name: Reach(
            Endpoint(f"https://{name}.example", None), f"{name}-uid", missing_services=missing
        )
        for name in config.clusters
    }
    recording = recorded(config, reach=reach)
    assert len(of_type(recording, "ServicePatch")) == 1
    assert recording.warnings == []
