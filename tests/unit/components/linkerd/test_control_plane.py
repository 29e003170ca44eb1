"""LinkerdControlPlane and the Helm values that it hands over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charts import ChartSource
from config import MeshConfig
from config.core.charts import ChartsConfig
from render import Recording, Registration
from tests.recordings import by_urn, of_type

Mesh = Callable[[str], MeshConfig]
Records = Callable[[MeshConfig], Recording]
Stack = Callable[[str], Recording]

EVERYTHING = """
clusters:
  a:
    context: a
    linkerd:
      cni: true
      viz: {enabled: true}
      imageRegistry: registry.example/linkerd
      imagePullSecrets:
        - name: ours
          dockerConfigJson: '{"auths": {"registry.example": {"auth": "bm9ib2R5OnNlZXM="}}}'
        - name: theirs
"""


def above(recording: Recording, name: str) -> list[Registration]:
    """What a resource waits for, directly."""
    return [by_urn(recording, urn) for urn in recording.named(name).depends_on]


def values(recording: Recording, name: str) -> dict[str, Any]:
    found: dict[str, Any] = recording.named(name).inputs["values"]
    return found


def namespaces(recording: Recording, cluster: str) -> dict[str, dict[str, Any]]:
    return {
        item.inputs["metadata"]["name"]: item.inputs["metadata"]
        for item in of_type(recording, "Namespace")
        if item.cluster == cluster
    }


@pytest.fixture(scope="module")
def everything(mesh: Mesh, recorded: Records) -> Recording:
    return recorded(mesh(EVERYTHING))


def test_the_control_plane_waits_for_crds_cni_and_all_its_secrets(everything: Recording) -> None:
    names = {item.name for item in above(everything, "a-linkerd-control-plane")}
    assert {
        "a-linkerd-crds",
        "a-linkerd-cni",
        "a-linkerd-issuer",
        "a-linkerd-linkerd-proxy-injector-tls",
        "a-linkerd-linkerd-sp-validator-tls",
        "a-linkerd-linkerd-policy-validator-tls",
        "a-linkerd-linkerd-pull-ours",
    } <= names


def test_viz_waits_for_the_control_plane_and_its_own_secrets(everything: Recording) -> None:
    names = {item.name for item in above(everything, "a-linkerd-viz")}
    assert {
        "a-linkerd-control-plane",
        "a-linkerd-tap-tls",
        "a-linkerd-tap-injector-tls",
        "a-linkerd-viz-pull-ours",
    } <= names


def test_the_cni_plugin_waits_for_the_login_to_its_registry(everything: Recording) -> None:
    assert "a-linkerd-cni-pull-ours" in {item.name for item in above(everything, "a-linkerd-cni")}


def test_without_cni_and_viz_there_is_neither_release_nor_namespace(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(mesh("clusters: {a: {context: a}}"))
    assert {item.inputs["name"] for item in of_type(recording, "Release")} == {
        "linkerd-crds",
        "linkerd-control-plane",
    }
    assert set(namespaces(recording, "a")) == {"linkerd"}
    assert values(recording, "a-linkerd-control-plane")["cniEnabled"] is False


def test_the_namespace_of_the_control_plane_is_labelled_as_linkerd_checks_it(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(mesh("clusters: {a: {context: a, linkerd: {namespace: mesh}}}"))
    metadata = namespaces(recording, "a")["mesh"]
    assert metadata["labels"] == {
        "linkerd.io/is-control-plane": "true",
        "config.linkerd.io/admission-webhooks": "disabled",
        "linkerd.io/control-plane-ns": "mesh",
        "pod-security.kubernetes.io/enforce": "privileged",
    }
    assert metadata["annotations"] == {"linkerd.io/inject": "disabled"}


def test_with_cni_meshed_namespaces_need_no_privileges_and_only_the_plugin_s_has_them(
    everything: Recording,
) -> None:
    levels = {
        name: metadata["labels"]["pod-security.kubernetes.io/enforce"]
        for name, metadata in namespaces(everything, "a").items()
    }
    assert levels == {
        "linkerd": "restricted",
        "linkerd-viz": "restricted",
        "linkerd-cni": "privileged",
    }
    assert values(everything, "a-linkerd-control-plane")["cniEnabled"] is True


def test_each_extension_s_namespace_is_labelled_as_its_extension(
    stack: Stack,
) -> None:
    recording = stack("production")
    found = {
        name: metadata["labels"]["linkerd.io/extension"]
        for name, metadata in namespaces(recording, "hub").items()
        if "linkerd.io/extension" in metadata.get("labels", {})
    }
    assert found == {"linkerd-multicluster": "multicluster", "linkerd-viz": "viz"}
    assert values(recording, "hub-linkerd-viz")["createNamespaceMetadataJob"] is False
    assert values(recording, "hub-multicluster-release")["createNamespaceMetadataJob"] is False


def test_images_come_from_the_registry_of_the_stack_file(everything: Recording) -> None:
    control_plane = values(everything, "a-linkerd-control-plane")
    images = [
        control_plane["controllerImage"],
        control_plane["proxy"]["image"]["name"],
        control_plane["debugContainer"]["image"]["name"],
        values(everything, "a-linkerd-cni")["image"]["name"],
    ]
    assert all(image.startswith("registry.example/linkerd/") for image in images)
    assert values(everything, "a-linkerd-viz")["defaultRegistry"] == "registry.example/linkerd"


def test_a_pull_secret_is_made_where_its_content_is_given_and_named_where_it_is_not(
    everything: Recording,
) -> None:
    made = {
        (item.inputs["metadata"]["namespace"], item.inputs["metadata"]["name"])
        for item in of_type(everything, "kubernetes:core/v1:Secret")
        if item.inputs["type"] == "kubernetes.io/dockerconfigjson"
    }
    assert made == {("linkerd", "ours"), ("linkerd-cni", "ours"), ("linkerd-viz", "ours")}
    for release in ("control-plane", "cni", "viz"):
        named = values(everything, f"a-linkerd-{release}")["imagePullSecrets"]
        assert named == [{"name": "ours"}, {"name": "theirs"}]


def test_a_registry_s_login_is_in_no_plain_input(everything: Recording) -> None:
    seen = False
    for item in everything:
        for key, value in item.inputs.items():
            if "bm9ib2R5OnNlZXM=" in str(value) or "YXV0aHMi" in str(value):
                assert key in item.secrets, item.name
            seen = seen or key in item.secrets
    assert seen


def test_inbound_traffic_is_treated_as_before_unless_the_stack_file_says_otherwise(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a: {context: a}
              b: {context: b, linkerd: {proxy: {defaultInboundPolicy: deny}}}
        """)
    )
    policies = [
        values(recording, f"{cluster}-linkerd-control-plane")["proxy"]["defaultInboundPolicy"]
        for cluster in ("a", "b")
    ]
    assert policies == ["all-unauthenticated", "deny"]


def test_the_user_s_values_override_the_program_s_and_leave_the_rest(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a:
                context: a
                linkerd:
                  cni: true
                  viz: {enabled: true, values: {defaultRegistry: elsewhere}}
                  values:
                    controllerLogLevel: debug
                    proxy: {image: {version: mine}}
                    proxyInjector: {timeoutSeconds: 5}
                  crdsValues: {more: [1, 2]}
                  cniValues: {logLevel: debug}
        """)
    )
    control_plane = values(recording, "a-linkerd-control-plane")
    assert control_plane["controllerLogLevel"] == "debug"
    assert control_plane["proxy"]["image"] == {
        "name": "cr.l5d.io/linkerd/proxy",
        "version": "mine",
    }
    assert control_plane["proxyInjector"]["timeoutSeconds"] == 5
    assert control_plane["proxyInjector"]["externalSecret"] is True
    assert values(recording, "a-linkerd-crds") == {"installGatewayAPI": True, "more": [1, 2]}
    assert values(recording, "a-linkerd-cni")["logLevel"] == "debug"
    assert values(recording, "a-linkerd-viz")["defaultRegistry"] == "elsewhere"


def test_high_availability_sets_replicas_budgets_spread_and_webhooks_that_fail_closed(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a: {context: a, linkerd: {highAvailability: true, viz: {enabled: true}}}
              b: {context: b}
        """)
    )
    control_plane = values(recording, "a-linkerd-control-plane")
    assert control_plane["controllerReplicas"] == 3
    assert control_plane["webhookFailurePolicy"] == "Fail"
    assert control_plane["enablePodAntiAffinity"] is True
    assert control_plane["enablePodDisruptionBudget"] is True
    assert control_plane["highAvailability"] is True
    assert control_plane["proxy"]["resources"]["memory"] == {"request": "20Mi", "limit": "250Mi"}
    assert values(recording, "a-linkerd-viz")["tap"]["replicas"] == 3
    plain = values(recording, "b-linkerd-control-plane")
    assert {"controllerReplicas", "webhookFailurePolicy", "highAvailability"}.isdisjoint(plain)


def test_high_availability_keeps_the_proxy_resources_of_the_stack_file(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a:
                context: a
                linkerd:
                  highAvailability: true
                  proxy: {resources: {memoryLimit: 1Gi, cpuLimit: "2"}}
        """)
    )
    resources = values(recording, "a-linkerd-control-plane")["proxy"]["resources"]
    assert resources == {
        "cpu": {"request": "100m", "limit": "2"},
        "memory": {"request": "20Mi", "limit": "1Gi"},
    }


def test_two_renderings_of_the_control_plane_agree_because_nothing_is_left_to_chance(
    mesh: Mesh, recorded: Records
) -> None:
    """The chart's own heartbeat schedule is the minute of rendering."""
    recording = recorded(
        mesh("clusters: {a: {context: a, linkerd: {heartbeat: true}}, b: {context: b}}")
    )
    with_heartbeat = values(recording, "a-linkerd-control-plane")
    assert with_heartbeat["disableHeartBeat"] is False
    assert len(with_heartbeat["heartbeatSchedule"].split()) == 5
    assert values(recording, "b-linkerd-control-plane")["disableHeartBeat"] is True


def test_domains_and_networks_of_a_cluster_reach_its_charts(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a:
                context: a
                domain: a.internal
                networks: [10.1.0.0/16, 10.2.0.0/16]
                linkerd: {trustDomain: mesh.example, viz: {enabled: true}}
        """)
    )
    control_plane = values(recording, "a-linkerd-control-plane")
    assert control_plane["clusterDomain"] == "a.internal"
    assert control_plane["identityTrustDomain"] == "mesh.example"
    assert control_plane["clusterNetworks"] == "10.1.0.0/16,10.2.0.0/16"
    viz = values(recording, "a-linkerd-viz")
    assert (viz["clusterDomain"], viz["identityTrustDomain"]) == ("a.internal", "mesh.example")


def test_charts_come_from_the_folder_or_else_from_their_repositories(
    mesh: Mesh, recorded: Callable[..., Recording]
) -> None:
    config = mesh("clusters: {a: {context: a, ambassador: {}}}")
    for directory in (None, Path("/charts")):
        repositories = ChartsConfig(
            linkerd="https://linkerd.example", emissary="oci://emissary.example/charts"
        )
        source = ChartSource(directory, repositories)
        recording = recorded(config, charts=source)
        found = {
            item.inputs["name"]: (
                item.inputs["chart"],
                (item.inputs.get("repositoryOpts") or {}).get("repo"),
            )
            for item in of_type(recording, "Release")
        }
        if directory is None:
            assert found["linkerd-crds"] == ("linkerd-crds", "https://linkerd.example")
            assert found["ambassador"] == ("oci://emissary.example/charts/emissary-ingress", None)
        else:
            assert found["linkerd-crds"] == ("/charts/linkerd-crds-2026.8.3.tgz", None)
            assert found["ambassador"] == ("/charts/emissary-ingress-4.1.0.tgz", None)
