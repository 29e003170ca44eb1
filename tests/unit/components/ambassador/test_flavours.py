"""Every Ambassador that a stack file can name: charts, CRDs, values, and what waits for what."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config import MeshConfig
from config.variants.ambassadors import FLAVOURS
from render import Recording, Registration
from tests.recordings import by_urn, of_type

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]

LICENSE = "eyJhbGciOiJub25lIn0.the-licence-of-a-test"
TOKEN = "the-cloud-token-of-a-test"

EDGE_STACK = f"flavour: edge-stack, edgeStack: {{licenseKey: {LICENSE}}}"
INSTALLED = {
    "emissary 4": "version: '4.1.0'",
    "emissary 4, v2": "apiVersion: v2",
    "emissary 3": "version: '3.10.0'",
    "edge-stack": EDGE_STACK,
    "ambassador": "flavour: ambassador",
    "ambassador, v1": "flavour: ambassador, apiVersion: v1",
}
"""One of each release line, as a stack file says it, and some in an older API version."""


@pytest.fixture
def installed(mesh: Mesh, recorded: Records) -> Callable[..., Recording]:
    """Records a cluster `a` with such an Ambassador, which has more settings if need be."""

    def run(which: str, more: str = "", **keys: Any) -> Recording:
        settings = ", ".join(text for text in (INSTALLED.get(which, which), more) if text)
        return recorded(
            mesh(f"clusters: {{a: {{context: a, ambassador: {{{settings}}}}}}}"), **keys
        )

    return run


def release(recording: Recording) -> Registration:
    return recording.named("a-ambassador-release")


def values(recording: Recording) -> dict[str, Any]:
    found: dict[str, Any] = release(recording).inputs["values"]
    return found


def emissary_values(recording: Recording) -> dict[str, Any]:
    """Values of the chart emissary-ingress, which an Edge Stack has as its part."""
    found = values(recording)
    inner: dict[str, Any] = found.get("emissary-ingress", found)
    return inner


def above(recording: Recording, item: Registration) -> set[str]:
    return {by_urn(recording, urn).name for urn in item.depends_on}


def of_ambassador(recording: Recording) -> list[Registration]:
    """Objects of getambassador.io that are not its CRDs."""
    return [item for item in recording if item.type.startswith("kubernetes:getambassador.io/")]


def test_each_flavour_is_among_those_tried_here() -> None:
    tried = set(INSTALLED.values())
    for flavour in FLAVOURS.values():
        for line in flavour.lines:
            assert any(flavour.name in text or line.newest in text for text in tried), line


@pytest.mark.parametrize(
    ("which", "chart", "version", "repository"),
    [
        ("emissary 4", "oci://charts.example.com/ee/emissary-ingress", "4.1.0", None),
        ("emissary 3", "oci://charts.example.com/ee/emissary-ingress", "3.10.0", None),
        ("edge-stack", "edge-stack", "8.10.2", "https://charts.example.com/ambassador"),
        ("ambassador", "ambassador", "6.9.5", "https://charts.example.com/ambassador"),
    ],
)
def test_a_flavour_is_installed_from_the_chart_that_its_makers_publish(
    installed: Callable[..., Recording],
    which: str,
    chart: str,
    version: str,
    repository: str | None,
) -> None:
    inputs = release(installed(which)).inputs
    assert (inputs["chart"], inputs["version"]) == (chart, version)
    assert (inputs.get("repositoryOpts") or {}).get("repo") == repository


def test_another_version_of_a_line_is_installed_with_the_crds_of_the_same_version(
    installed: Callable[..., Recording],
) -> None:
    recording = installed("version: '4.2.7'")
    assert release(recording).inputs["version"] == "4.2.7"
    assert recording.named("a-ambassador-crds").inputs["version"] == "4.2.7"


# CRDs and what converts them ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ("version: '4.1.0'", {"enableLegacyVersions": False}),
        ("apiVersion: v2", {"enableLegacyVersions": True}),
        ("apiVersion: v1", {"enableLegacyVersions": True, "enableV1": True}),
        ("version: '3.10.0'", {}),
        ("version: '3.10.0', apiVersion: v1", {}),
    ],
)
def test_the_chart_of_crds_serves_the_api_version_that_the_objects_are_written_in(
    installed: Callable[..., Recording], settings: str, wanted: dict[str, Any]
) -> None:
    recording = installed(settings)
    crds = recording.named("a-ambassador-crds")
    assert crds.inputs["values"] == wanted
    assert crds.inputs["chart"].endswith("/emissary-crds-chart")
    assert crds.inputs["namespace"] == "emissary-system"


@pytest.mark.parametrize("which", ["emissary 4", "emissary 4, v2", "emissary 3"])
def test_the_release_and_all_objects_wait_for_the_release_of_the_crds(
    installed: Callable[..., Recording], which: str
) -> None:
    recording = installed(which, "gateway: {}")
    objects = of_ambassador(recording)
    assert {item.inputs["kind"] for item in objects} == {"Listener", "Host", "Mapping"}
    for item in (release(recording), *objects):
        assert "a-ambassador-crds" in above(recording, item), item.name


def test_of_an_edge_stack_they_wait_for_every_crd_and_for_what_converts_them(
    installed: Callable[..., Recording],
) -> None:
    """The chart's own Module is converted as well, so the webhook comes before the release."""
    recording = installed("edge-stack", "gateway: {}")
    objects = of_ambassador(recording)
    assert {item.inputs["kind"] for item in objects} == {"Listener", "Host", "Mapping"}
    for item in (release(recording), *objects):
        assert {
            "a-ambassador-crds-deployment-emissary-apiext",
            "a-ambassador-crds-service-emissary-apiext",
            "a-ambassador-crds-customresourcedefinition-hosts.getambassador.io",
            "a-ambassador-crds-customresourcedefinition-mappings.getambassador.io",
        } <= above(recording, item), item.name


def test_of_a_legacy_ambassador_the_objects_wait_for_the_release_which_brings_the_crds(
    installed: Callable[..., Recording],
) -> None:
    recording = installed("ambassador", "gateway: {}")
    objects = of_ambassador(recording)
    assert {item.inputs["kind"] for item in objects} == {"Host", "Mapping"}
    for item in objects:
        assert "a-ambassador-release" in above(recording, item)
    assert not [item for item in recording if "crds" in item.name and "ambassador" in item.name]


@pytest.mark.parametrize("which", ["emissary 4", "emissary 3", "edge-stack"])
def test_where_others_bring_the_crds_none_are_made_and_nothing_waits_for_any(
    installed: Callable[..., Recording], which: str
) -> None:
    recording = installed(which, "installCrds: false")
    assert not [item for item in recording if "ambassador-crds" in item.name]
    assert not [item for item in recording if item.inputs.get("kind") == "CustomResourceDefinition"]
    assert "emissary-system" not in {
        item.inputs["metadata"]["name"] for item in of_type(recording, "Namespace")
    }


@pytest.mark.parametrize(
    ("which", "space"),
    [
        ("emissary 3", "emissary-system"),
        ("version: '3.10.0', apiVersion: v2, crdsNamespace: own", "own"),
        ("version: '3.10.0', apiVersion: v1", "emissary-system"),
        ("apiVersion: v2, crdsNamespace: own", "own"),
        ("apiVersion: v1", "emissary-system"),
        ("edge-stack", "emissary-system"),
        (f"{EDGE_STACK}, apiVersion: v2", "emissary-system"),
    ],
)
def test_ambassador_waits_for_the_conversion_webhook_where_its_objects_are_converted(
    installed: Callable[..., Recording], which: str, space: str
) -> None:
    recording = installed(which)
    assert emissary_values(recording)["waitForApiext"] == {
        "enabled": True,
        "deploymentNamespace": space,
    }
    assert space in {item.inputs["metadata"]["name"] for item in of_type(recording, "Namespace")}


@pytest.mark.parametrize("which", ["emissary 4", "ambassador", "ambassador, v1"])
def test_ambassador_waits_for_no_webhook_where_there_is_none(
    installed: Callable[..., Recording], which: str
) -> None:
    assert "waitForApiext" not in emissary_values(installed(which))


@pytest.mark.parametrize("protected", [True, False])
def test_crds_of_a_manifest_are_declared_one_by_one_and_protected_as_the_stack_file_says(
    mesh: Mesh, recorded: Records, protected: bool
) -> None:
    recording = recorded(
        mesh(f"""
            clusters: {{a: {{context: a, ambassador: {{{EDGE_STACK}}}}}}}
            protection: {{crds: {str(protected).lower()}}}
        """)
    )
    made = {
        item.name.removeprefix("a-ambassador-crds-"): item
        for item in recording
        if item.name.startswith("a-ambassador-crds-")
    }
    assert set(made) == {
        "namespace-emissary-system",
        "service-emissary-apiext",
        "deployment-emissary-apiext",
        "customresourcedefinition-hosts.getambassador.io",
        "customresourcedefinition-mappings.getambassador.io",
    }
    for name, item in made.items():
        assert item.protect is (protected and name.startswith("custom")), name
        assert item.cluster == "a"
        assert item.parent == recording.named("a-ambassador").urn
        if item.type != "kubernetes:core/v1:Namespace":
            assert made["namespace-emissary-system"].urn in item.depends_on


def test_an_object_of_a_manifest_reaches_its_cluster_as_it_was_published(
    installed: Callable[..., Recording],
) -> None:
    service = installed("edge-stack").named("a-ambassador-crds-service-emissary-apiext")
    assert service.type == "kubernetes:core/v1:Service"
    assert service.inputs == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "emissary-apiext", "namespace": "emissary-system"},
        "spec": {"ports": [{"name": "https", "port": 443, "targetPort": "https"}]},
    }


# Values ---------------------------------------------------------------------------------------


def test_an_edge_stack_has_emissary_s_values_under_the_chart_that_reads_them(
    installed: Callable[..., Recording],
) -> None:
    settings = "gateway: {}, resources: {memoryLimit: 1Gi}, service: {type: NodePort}"
    edge, plain = installed("edge-stack", settings), installed("emissary 3", settings)
    inner, outer = emissary_values(edge), values(edge)
    same = set(values(plain)) - {"waitForApiext"}
    assert {"podAnnotations", "service", "serviceAccount", "replicaCount", "resources"} <= same
    for key in same - {"service"}:
        assert inner[key] == values(plain)[key], key
    # Nothing of it is where the outer chart would not read it.
    assert same & set(outer) == {"fullnameOverride"}
    assert inner["service"]["ports"] == values(plain)["service"]["ports"]


def test_both_levels_of_an_edge_stack_are_called_alike(
    installed: Callable[..., Recording],
) -> None:
    """The outer one names Redis, and the inner one looks for it by its own name."""
    found = values(installed("edge-stack", "name: door"))
    assert found["fullnameOverride"] == "door"
    assert found["emissary-ingress"]["fullnameOverride"] == "door"


def secret_forms(text: str) -> Iterator[str]:
    yield text
    for shift in range(3):
        # However much is before it, base64 of a text has one of three forms.
        encoded = base64.b64encode(b"\0" * shift + text.encode()).decode()
        yield encoded[4:-4]


@pytest.mark.parametrize(
    ("key", "secret", "name", "data_key"),
    [
        ("licenseKey", LICENSE, "ambassador-license", "license-key"),
        ("cloudConnectToken", TOKEN, "ambassador-agent-cloud-token", "CLOUD_CONNECT_TOKEN"),
    ],
)
def test_a_licence_or_token_is_a_secret_and_is_in_no_release_and_in_no_plain_input(
    installed: Callable[..., Recording], key: str, secret: str, name: str, data_key: str
) -> None:
    recording = installed(f"flavour: edge-stack, edgeStack: {{{key}: {secret}}}")
    forms = list(secret_forms(secret))
    held = []
    for item in recording:
        for place, value in item.inputs.items():
            if any(form in json.dumps(value) for form in forms):
                assert place in item.secrets, f"{item.name}: {place}"
                assert item.type == "kubernetes:core/v1:Secret", item.name
                held.append(item)
    (found,) = held
    assert found.inputs["metadata"] == {"name": name, "namespace": "ambassador"}
    assert base64.b64decode(found.inputs["data"][data_key]).decode() == secret
    assert list(found.inputs["data"]) == [data_key]
    assert found.name in above(recording, release(recording))


def test_an_edge_stack_has_the_name_of_the_secret_with_its_licence_on_both_levels(
    installed: Callable[..., Recording],
) -> None:
    for settings, secret in (
        (EDGE_STACK, "ambassador-license"),
        (f"name: door, {EDGE_STACK}", "door-license"),
        ("flavour: edge-stack, edgeStack: {licenseSecret: given}", "given"),
    ):
        recording = installed(settings)
        assert values(recording)["licenseKey"] == {"createSecret": False, "secretName": secret}
        assert emissary_values(recording)["licenseKey"] == {"secretName": secret}


def test_the_program_does_not_make_an_existing_licence(
    installed: Callable[..., Recording],
) -> None:
    recording = installed("flavour: edge-stack, edgeStack: {licenseSecret: given}")
    names = {
        item.inputs["metadata"]["name"] for item in of_type(recording, "kubernetes:core/v1:Secret")
    }
    assert not {name for name in names if "licen" in name or name == "given"}


def test_with_a_token_alone_no_licence_is_named_and_the_agent_runs_that_uses_it(
    installed: Callable[..., Recording],
) -> None:
    recording = installed(f"flavour: edge-stack, edgeStack: {{cloudConnectToken: {TOKEN}}}")
    assert values(recording)["licenseKey"] == {"createSecret": False}
    assert "licenseKey" not in emissary_values(recording)
    assert emissary_values(recording)["agent"] == {"enabled": True}
    assert emissary_values(installed("edge-stack"))["agent"] == {"enabled": False}


def test_the_edge_stack_s_own_services_are_as_the_stack_file_has_them(
    installed: Callable[..., Recording],
) -> None:
    plain = values(installed("edge-stack"))
    assert (plain["authService"], plain["rateLimit"]) == ({"create": True}, {"create": True})
    assert plain["createDevPortalMappings"] is False
    assert "redis" not in plain
    changed = installed(
        "flavour: edge-stack, edgeStack: {licenseSecret: s, authService: false, rateLimit: false,"
        " devPortal: true, redisUrl: 'redis.shop:6379'}"
    )
    found = values(changed)
    assert (found["authService"], found["rateLimit"]) == ({"create": False}, {"create": False})
    assert found["createDevPortalMappings"] is True
    # Without the Redis of the chart, only the inner level is asked where another one is.
    assert found["redis"] == {"create": False}
    assert found["emissary-ingress"]["redisURL"] == "redis.shop:6379"


def test_linkerd_s_headers_of_the_auth_service_are_apart_from_those_of_the_module(
    installed: Callable[..., Recording],
) -> None:
    recording = installed(
        "flavour: edge-stack, linkerdHeaders: false,"
        " edgeStack: {licenseSecret: s, authServiceLinkerdHeaders: true}"
    )
    auth = values(recording)["authService"]
    assert auth == {"create": True, "optional_configurations": {"add_linkerd_headers": True}}
    assert emissary_values(recording)["module"] == {"add_linkerd_headers": False}


def test_a_legacy_ambassador_is_no_edge_stack_and_has_no_agent(
    installed: Callable[..., Recording],
) -> None:
    """Its chart installs both by default."""
    recording = installed("ambassador", "image: registry.example/ambassador")
    found = values(recording)
    assert found["enableAES"] is False
    assert found["agent"] == {"enabled": False}
    assert found["image"] == {"ossRepository": "registry.example/ambassador"}
    assert "createDefaultListeners" not in found
    assert not [item for item in recording if item.inputs.get("kind") == "Listener"]


@pytest.mark.parametrize("which", list(INSTALLED))
def test_whatever_the_flavour_ambassador_is_meshed_named_and_answered_for_alike(
    installed: Callable[..., Recording], which: str
) -> None:
    recording = installed(which, "name: door, gateway: {port: 5143}")
    found = emissary_values(recording)
    assert found["fullnameOverride"] == "door"
    assert found["serviceAccount"] == {"name": "door-a"}
    assert found["module"] == {"add_linkerd_headers": True}
    assert found["podAnnotations"]["linkerd.io/inject"] == "enabled"
    assert found["podAnnotations"]["config.linkerd.io/enable-gateway"] == "true"
    ports = {port["name"]: (port["port"], port["targetPort"]) for port in found["service"]["ports"]}
    assert ports["mc-gateway"] == (5143, 4143)
    identity = found["service"]["annotations"]["mirror.linkerd.io/gateway-identity"]
    assert identity.startswith("door-a.ambassador.serviceaccount.identity.linkerd.")
    assert found["test"] == {"enabled": False}
    assert release(recording).inputs["name"] == "door"


@pytest.mark.parametrize("which", ["emissary 4", "emissary 3", "edge-stack"])
def test_the_chart_s_listeners_are_off_because_the_program_makes_its_own(
    installed: Callable[..., Recording], which: str
) -> None:
    recording = installed(which)
    assert emissary_values(recording)["createDefaultListeners"] is False
    listeners = [item for item in of_ambassador(recording) if item.inputs["kind"] == "Listener"]
    assert {item.inputs["apiVersion"] for item in listeners} == {"getambassador.io/v3alpha1"}
    assert len(listeners) == 2


@pytest.mark.parametrize("which", list(INSTALLED))
def test_the_user_s_values_win_on_every_level(
    installed: Callable[..., Recording], which: str
) -> None:
    own = "{replicaCount: 9, service: {sessionAffinity: ClientIP}}"
    text = f"{{emissary-ingress: {own}, redis: {{create: false}}}}" if "edge" in which else own
    recording = installed(which, f"values: {text}")
    found = emissary_values(recording)
    assert found["replicaCount"] == 9
    assert found["service"]["sessionAffinity"] == "ClientIP"
    assert found["service"]["ports"]
    if "edge" in which:
        assert values(recording)["redis"] == {"create": False}


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        ("emissary 4", "v3alpha1"),
        ("emissary 4, v2", "v2"),
        ("emissary 3", "v3alpha1"),
        ("version: '3.10.0', apiVersion: v1", "v1"),
        ("edge-stack", "v3alpha1"),
        ("ambassador", "v2"),
        ("ambassador, v1", "v1"),
    ],
)
def test_objects_are_registered_in_the_version_that_the_stack_file_or_the_flavour_says(
    installed: Callable[..., Recording], which: str, wanted: str
) -> None:
    objects = of_ambassador(installed(which, "gateway: {}"))
    versions = {item.inputs["kind"]: item.inputs["apiVersion"] for item in objects}
    assert versions["Mapping"] == f"getambassador.io/{wanted}"
    # v1 has no Host, and without conversion the chart needs no Host.
    host = {"v1": "v2", "v2": "v2", "v3alpha1": "v3alpha1"}[wanted]
    assert versions.get("Host") == (
        None if which == "ambassador, v1" else f"getambassador.io/{host}"
    )
    assert {item.type.split(":")[1] for item in objects} == set(versions.values())


def test_namespaces_ask_for_injection_where_the_stack_file_has_it_there(
    installed: Callable[..., Recording],
) -> None:
    for mode, more in (("enabled", ""), ("ingress", ", mode: ingress")):
        recording = installed("emissary 4", f"sidecar: {{injection: namespace{more}}}")
        spaces = {
            item.inputs["metadata"]["name"]: item.inputs["metadata"].get("annotations")
            for item in of_type(recording, "Namespace")
        }
        assert spaces["ambassador"] == {"linkerd.io/inject": mode}
        assert spaces["emissary-system"] is None
        assert "linkerd.io/inject" not in emissary_values(recording)["podAnnotations"]
    plain = installed("emissary 4")
    space = plain.named("a-ambassador-ambassador-namespace").inputs["metadata"]
    assert "annotations" not in space
    assert emissary_values(plain)["podAnnotations"]["linkerd.io/inject"] == "enabled"


def test_ports_that_bypass_the_proxy_or_require_mtls_are_annotations_of_the_pods(
    installed: Callable[..., Recording],
) -> None:
    recording = installed(
        "emissary 4",
        "sidecar: {mode: ingress, skipInboundPorts: [8443, 8080],"
        " requireIdentityOnInboundPorts: [4143, 8877]}",
    )
    assert emissary_values(recording)["podAnnotations"] == {
        "linkerd.io/inject": "ingress",
        "config.linkerd.io/skip-inbound-ports": "8443,8080",
        "config.linkerd.io/proxy-require-identity-inbound-ports": "4143,8877",
    }


@pytest.mark.parametrize(
    ("which", "name", "wanted"),
    [
        ("emissary 3", "emissary", {"nameOverride": "emissary-ingress"}),
        ("edge-stack", "emissary", {"nameOverride": "emissary-ingress"}),
        ("emissary 3", "ambassador", None),
        ("edge-stack", "emissary-2", None),
        ("emissary 4", "emissary", None),
        ("ambassador", "emissary", None),
    ],
)
def test_ambassador_s_roles_never_have_the_names_of_the_webhook_s(
    installed: Callable[..., Recording], which: str, name: str, wanted: dict[str, str] | None
) -> None:
    """Both charts have a Role <name>-apiext in the webhook's namespace."""
    recording = installed(which, f"name: {name}")
    assert emissary_values(recording).get("rbac") == wanted
    # The parts of an Edge Stack find each other's by this name.
    assert values(recording).get("rbac") == wanted
