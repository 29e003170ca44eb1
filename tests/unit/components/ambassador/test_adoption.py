"""An existing Ambassador: what is added to it, and that nothing else is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from config import MeshConfig
from render import Recording, Registration
from tests.recordings import by_urn, of_type

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]

GATEWAY_SERVICE = "ambassador-linkerd-gateway"
POLICIES = {"Server", "AuthorizationPolicy", "MeshTLSAuthentication"}


@pytest.fixture
def adopted(mesh: Mesh, recorded: Records) -> Callable[[str], Recording]:
    """Records a link to a cluster `b` with an adopted Ambassador of these further settings."""

    def run(settings: str = "adopt: {}, gateway: {}") -> Recording:
        return recorded(
            mesh(f"""
                clusters:
                  a: {{context: a}}
                  b: {{context: b, ambassador: {{{settings}}}}}
                links: [{{source: a, target: b, gateway: {{address: [192.0.2.1]}}}}]
            """)
        )

    return run


PUBLIC = ["NetworkAuthentication", *2 * ["AuthorizationPolicy", "Server"]]
"""What opens ports 8080 and 8443 to any client."""


def ours(recording: Recording) -> list[Registration]:
    """The children of the Ambassador of `b`, without what is read."""
    owner = recording.named("b-ambassador").urn
    return [item for item in recording if item.parent == owner and not item.read]


def kinds(recording: Recording) -> list[str]:
    return sorted(item.type.rpartition(":")[2] for item in ours(recording))


def manager(item: Registration) -> str:
    found: str = item.inputs["metadata"]["annotations"]["pulumi.com/patchFieldManager"]
    return found


def told(item: Registration) -> dict[str, str]:
    """Annotations that reach the cluster."""
    annotations = item.inputs["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if not key.startswith("pulumi.com/")}


def above(recording: Recording, item: Registration) -> set[str]:
    return {by_urn(recording, urn).name for urn in item.depends_on}


def test_an_adopted_gateway_gets_two_patches_a_service_a_route_policies_and_nothing_else(
    adopted: Callable[[str], Recording],
) -> None:
    assert kinds(adopted("adopt: {}, gateway: {}")) == sorted(
        [
            "DeploymentPatch",
            "ModulePatch",
            "Service",
            "Mapping",
            # Of the port of the probe; without exports, the gateway's port admits no client.
            *("Server", "AuthorizationPolicy", "MeshTLSAuthentication"),
            *("Server", "HTTPRoute"),
            *PUBLIC,
        ]
    )


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        # No gateway: the pods are meshed, and the headers set.
        ("adopt: {}", ["DeploymentPatch", "ModulePatch"]),
        ("adopt: {module: leave}", ["DeploymentPatch"]),
        ("adopt: {module: make}", ["DeploymentPatch", "Module"]),
        ("adopt: {kind: DaemonSet, module: leave}", ["DaemonSetPatch"]),
        # The namespace asks for injection, but only new pods hear of it: the old ones restart.
        (
            "adopt: {module: leave}, sidecar: {injection: namespace}",
            ["DeploymentPatch", "NamespacePatch"],
        ),
        (
            "adopt: {module: leave}, sidecar: {injection: namespace, skipInboundPorts: [8443]}",
            ["DeploymentPatch", "NamespacePatch", *PUBLIC[:3]],
        ),
        (
            "adopt: {module: leave}, hosts: [{name: all, hostname: '*'}],"
            " listeners: [{name: http, port: 8080}, {name: https, port: 8443}],"
            " mappings: [{name: web, prefix: /web/, service: web.shop}]",
            ["DeploymentPatch", "Host", "Listener", "Listener", "Mapping"],
        ),
        (
            "adopt: {module: leave}, hosts: [{name: all, hostname: a.example, tls: {trial: true}}]",
            ["DeploymentPatch", "Host", "Secret"],
        ),
        (
            "flavour: ambassador, adopt: {module: leave}, gateway: {probe: ambassador}",
            ["DeploymentPatch", "HTTPRoute", "Mapping", "Server", "Service"],
        ),
    ],
)
def test_only_what_the_stack_file_asks_for_is_added(
    mesh: Mesh, recorded: Records, settings: str, wanted: list[str]
) -> None:
    recording = recorded(mesh(f"clusters: {{b: {{context: b, ambassador: {{{settings}}}}}}}"))
    assert kinds(recording) == sorted([*wanted, *([] if "skipInbound" in settings else PUBLIC)])


@pytest.mark.parametrize("flavour", ["emissary", "edge-stack", "ambassador"])
def test_no_release_no_crd_and_no_namespace_is_made_for_it_whatever_its_flavour(
    adopted: Callable[[str], Recording], flavour: str
) -> None:
    recording = adopted(f"flavour: {flavour}, adopt: {{}}, gateway: {{}}")
    forbidden = {"Release", "CustomResourceDefinition", "Namespace", "Deployment", "Secret"}
    assert forbidden.isdisjoint(kinds(recording))
    releases = {
        item.inputs["name"] for item in of_type(recording, "Release") if item.cluster == "b"
    }
    assert releases == {"linkerd-crds", "linkerd-control-plane", "linkerd-multicluster"}
    spaces = {
        item.inputs["metadata"]["name"]
        for item in of_type(recording, "Namespace")
        if item.cluster == "b"
    }
    assert spaces == {"linkerd", "linkerd-multicluster"}


@pytest.mark.parametrize(("kind", "token"), [("Deployment",) * 2, ("DaemonSet",) * 2])
def test_the_workload_gets_annotations_of_its_pods_and_nothing_more(
    adopted: Callable[[str], Recording], kind: str, token: str
) -> None:
    recording = adopted(
        f"name: edge, namespace: doors, adopt: {{kind: {kind}, workload: nodes}}, gateway: {{}}"
    )
    patch = recording.named("b-ambassador-workload-patch")
    assert patch.type == f"kubernetes:apps/v1:{token}Patch"
    metadata = patch.inputs["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("nodes", "doors")
    assert set(metadata) == {"name", "namespace", "annotations"}
    assert told(patch) == {}
    assert patch.inputs["spec"] == {
        "template": {
            "metadata": {
                "annotations": {
                    "linkerd.io/inject": "enabled",
                    "config.linkerd.io/enable-gateway": "true",
                }
            }
        }
    }


def test_pods_restart_once_the_injector_is_there_and_their_namespace_asks_for_injection(
    adopted: Callable[[str], Recording],
) -> None:
    recording = adopted("adopt: {}, gateway: {}, sidecar: {injection: namespace}")
    patch = recording.named("b-ambassador-workload-patch")
    assert above(recording, patch) == {
        "b-linkerd-control-plane",
        "b-ambassador-namespace-patch",
    }
    namespace = recording.named("b-ambassador-namespace-patch")
    assert above(recording, namespace) == {"b-linkerd-control-plane"}
    assert told(namespace) == {"linkerd.io/inject": "enabled"}
    metadata = namespace.inputs["metadata"]
    assert metadata["name"] == "ambassador"
    assert "namespace" not in metadata
    assert set(namespace.inputs) == {"apiVersion", "kind", "metadata"}
    annotations = patch.inputs["spec"]["template"]["metadata"]["annotations"]
    assert "linkerd.io/inject" not in annotations


def test_all_patches_own_their_fields_under_one_name_that_never_changes(
    adopted: Callable[[str], Recording],
) -> None:
    """By a random one, a replacement would leave the old fields without an owner."""
    recording = adopted("adopt: {}, gateway: {}, sidecar: {injection: namespace}")
    patches = [item for item in recording if item.type.endswith("Patch") and item.cluster == "b"]
    assert len(patches) == 3
    assert {manager(item) for item in patches} == {"linkerd-ambassador-mesh"}


@pytest.mark.parametrize(
    ("flavour", "version"),
    [("emissary", "v3alpha1"), ("edge-stack", "v3alpha1"), ("ambassador", "v2")],
)
@pytest.mark.parametrize("headers", [True, False])
def test_the_module_of_its_owner_gets_one_field(
    adopted: Callable[[str], Recording], flavour: str, version: str, headers: bool
) -> None:
    recording = adopted(
        f"flavour: {flavour}, namespace: doors, adopt: {{module: patch}}, gateway: {{}},"
        f" linkerdHeaders: {str(headers).lower()}"
    )
    patch = recording.named("b-ambassador-module-patch")
    assert patch.type == f"kubernetes:getambassador.io/{version}:ModulePatch"
    metadata = patch.inputs["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("ambassador", "doors")
    assert told(patch) == {}
    assert patch.inputs["spec"] == {"config": {"add_linkerd_headers": headers}}


def test_a_module_is_made_where_its_owner_has_none(adopted: Callable[[str], Recording]) -> None:
    recording = adopted("adopt: {module: make}, gateway: {}")
    made = recording.named("b-ambassador-module-ambassador")
    assert made.type == "kubernetes:getambassador.io/v3alpha1:Module"
    assert made.inputs["spec"] == {"config": {"add_linkerd_headers": True}}
    assert made.inputs["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "linkerd-ambassador-mesh"
    }


def test_the_gateway_s_service_is_our_own_and_selects_the_owner_s_pods(
    adopted: Callable[[str], Recording],
) -> None:
    recording = adopted(
        """adopt: {podLabels: {app: door, tier: edge}}, namespace: doors,
        serviceAccount: doorman, gateway: {port: 443, probePort: 9191},
        service: {annotations: {cloud: internal}, sourceRanges: [192.0.2.0/24],
        loadBalancerClass: fast, externalTrafficPolicy: Local}"""
    )
    service = recording.named("b-ambassador-gateway-service").inputs
    assert service["metadata"] == {
        "name": GATEWAY_SERVICE,
        "namespace": "doors",
        "annotations": {
            "cloud": "internal",
            "mirror.linkerd.io/gateway-identity": (
                "doorman.doors.serviceaccount.identity.linkerd.cluster.local"
            ),
            "mirror.linkerd.io/multicluster-gateway": "true",
            "mirror.linkerd.io/probe-path": "/ready",
            "mirror.linkerd.io/probe-period": "3",
        },
    }
    assert service["spec"] == {
        "type": "LoadBalancer",
        "selector": {"app": "door", "tier": "edge"},
        # The owner's own Service keeps 80 and 443, so the program's may have them as well.
        "ports": [
            {"name": "mc-gateway", "port": 443, "targetPort": 4143},
            {"name": "mc-probe", "port": 9191, "targetPort": 4191},
        ],
        "loadBalancerSourceRanges": ["192.0.2.0/24"],
        "loadBalancerClass": "fast",
        "externalTrafficPolicy": "Local",
    }


def test_fields_of_the_gateway_s_service_that_are_not_configured_are_left_to_the_cluster(
    adopted: Callable[[str], Recording],
) -> None:
    spec = adopted("adopt: {}, gateway: {}").named("b-ambassador-gateway-service").inputs["spec"]
    assert set(spec) == {"type", "selector", "ports"}


def test_the_policies_select_the_same_pods_as_the_service(
    adopted: Callable[[str], Recording],
) -> None:
    for settings in ("adopt: {podLabels: {app: door}}", "adopt: {}", "name: edge, adopt: {}"):
        recording = adopted(f"{settings}, gateway: {{}}")
        selector = recording.named("b-ambassador-gateway-service").inputs["spec"]["selector"]
        servers = [
            item.inputs["spec"] for item in ours(recording) if item.inputs["kind"] == "Server"
        ]
        assert len(servers) == 4
        assert {str(spec["podSelector"]) for spec in servers} == {str({"matchLabels": selector})}


def test_links_use_the_address_of_the_program_s_own_service(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a: {context: a}
              b: {context: b, ambassador: {adopt: {}, gateway: {port: 5143}}}
            links: [{source: a, target: b}]
        """)
    )
    made = recording.named("b-ambassador-gateway-service")
    assert made.urn in recording.from_clusters
    spec = recording.named("a-b-link").inputs["spec"]
    assert spec["gatewayAddress"] == f"{GATEWAY_SERVICE}.ambassador.b.example"
    assert spec["gatewayPort"] == "5143"
    identity = "ambassador.ambassador.serviceaccount.identity.linkerd.cluster.local"
    assert spec["gatewayIdentity"] == identity


def test_nothing_of_the_owner_s_is_looked_up_that_the_engine_would_keep_in_its_state(
    adopted: Callable[[str], Recording],
) -> None:
    def read(gateway: str) -> list[str]:
        recording = adopted(f"adopt: {{}}, gateway: {{{gateway}}}")
        return [item.name for item in recording if item.read]

    # The addresses of the program's own Service are read, where the stack file has none.
    assert read("") == ["b-ambassador-service"]
    assert read("address: [192.0.2.1]") == []


def test_exports_of_linkerd_2_8_name_the_gateway_s_own_service(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a: {context: a, linkerd: {version: "2.8.1"}}
              b:
                context: b
                linkerd: {version: "2.8.1"}
                ambassador:
                  flavour: ambassador
                  adopt: {}
                  namespace: doors
                  gateway: {probe: ambassador}
            links: [{source: a, target: b, exports: [{namespace: shop, service: web}]}]
        """)
    )
    (patch,) = of_type(recording, "ServicePatch")
    assert told(patch) == {
        "mirror.linkerd.io/gateway-name": GATEWAY_SERVICE,
        "mirror.linkerd.io/gateway-ns": "doors",
    }
    assert POLICIES.isdisjoint(kinds(recording))
    annotations: dict[str, Any] = recording.named("b-ambassador-workload-patch").inputs["spec"]
    assert annotations["template"]["metadata"]["annotations"] == {
        "linkerd.io/inject": "enabled",
        "config.linkerd.io/enable-gateway": "true",
        "config.linkerd.io/proxy-require-identity-inbound-ports": "4143",
    }
