"""Selectors of Ambassador's pods match the labels that its charts really give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from charts import ChartSource
from config import MeshConfig
from render import HelmTemplate, Recording

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]

FLAVOURS = {
    "emissary 4": "version: '4.1.0'",
    "emissary 3": "version: '3.10.0'",
    "edge-stack": "flavour: edge-stack, edgeStack: {licenseSecret: ours}",
    "ambassador": "flavour: ambassador",
}
NAMES = ["ambassador", "edge", "my-ambassador-2", "emissary", "emissary-ingress", "edge-stack"]
"""Names of releases; charts label pods after the release where its name has certain parts."""


def selected(labels: Mapping[str, str], selector: Mapping[str, str]) -> bool:
    assert selector
    return selector.items() <= labels.items()


class Installed:
    """An Ambassador that is highly available and a gateway, rendered."""

    def __init__(self, recording: Recording, helm: HelmTemplate) -> None:
        self.recording = recording
        release = recording.named("a-ambassador-release")
        name = release.inputs["name"]
        objects = helm.render(release)
        self.deployment = next(
            item
            for item in objects
            if item["kind"] == "Deployment" and item["metadata"]["name"] == name
        )
        self.service = next(
            item
            for item in objects
            if item["kind"] == "Service" and item["metadata"]["name"] == name
        )
        self.others = [
            item["spec"]["template"]["metadata"]["labels"]
            for item in objects
            if item["kind"] == "Deployment" and item is not self.deployment
        ]

    @property
    def pod_labels(self) -> dict[str, str]:
        """Labels of Ambassador's pods."""
        found: dict[str, str] = self.deployment["spec"]["template"]["metadata"]["labels"]
        return found

    def servers(self) -> list[dict[str, Any]]:
        """Specs of the policies' Servers."""
        return [
            item.inputs["spec"]
            for item in self.recording
            if item.inputs.get("kind") == "Server" and item.cluster == "a"
        ]


@pytest.fixture(
    scope="module", params=[(flavour, name) for flavour in FLAVOURS for name in NAMES], ids=str
)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    flavour, name = request.param
    return FLAVOURS[flavour], name


@pytest.fixture(scope="module")
def installed(
    case: tuple[str, str],
    mesh: Mesh,
    recorded: Records,
    helm: HelmTemplate,
    chart_folder: ChartSource,
) -> Installed:
    flavour, name = case
    config = mesh(f"""
        clusters:
          a:
            context: a
            ambassador: {{{flavour}, name: {name}, highAvailability: true, gateway: {{}}}}
    """)
    return Installed(recorded(config, charts=chart_folder), helm)


def test_policies_select_ambassador_s_pods_and_no_others(installed: Installed) -> None:
    """They selected nothing where the name of the release was not in its pods' labels."""
    servers = installed.servers()
    assert {spec["port"] for spec in servers} >= {"linkerd-proxy", 8080, 8443}
    for spec in servers:
        selector = spec["podSelector"]["matchLabels"]
        assert selected(installed.pod_labels, selector)
        assert not any(selected(labels, selector) for labels in installed.others)


def test_replicas_are_spread_by_the_labels_that_they_have(installed: Installed) -> None:
    spread = installed.deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert len(spread) == 2
    for constraint in spread:
        assert selected(installed.pod_labels, constraint["labelSelector"]["matchLabels"])


def test_the_chart_s_own_service_and_our_policies_mean_the_same_pods(installed: Installed) -> None:
    assert selected(installed.pod_labels, installed.service["spec"]["selector"])
    ports = {port["name"] for port in installed.service["spec"]["ports"]}
    assert {"mc-gateway", "mc-probe"} <= ports


def test_the_gateway_s_service_of_an_adopted_release_selects_its_pods_by_default(
    case: tuple[str, str], installed: Installed, mesh: Mesh, recorded: Records
) -> None:
    flavour, name = case
    flavour = flavour.partition(", edgeStack")[0]
    config = mesh(f"""
        clusters:
          a: {{context: a, ambassador: {{{flavour}, name: {name}, adopt: {{}}, gateway: {{}}}}}}
    """)
    service = recorded(config).named("a-ambassador-gateway-service").inputs
    assert selected(installed.pod_labels, service["spec"]["selector"])
    assert not any(selected(labels, service["spec"]["selector"]) for labels in installed.others)


def test_the_names_tried_here_are_labelled_in_both_ways(
    mesh: Mesh, recorded: Records, helm: HelmTemplate, chart_folder: ChartSource
) -> None:
    """If a chart always gave the same labels, the tests above would prove little."""
    said = {}
    for which, flavour in FLAVOURS.items():
        for name in NAMES:
            config = mesh(
                f"clusters: {{a: {{context: a, ambassador: {{{flavour}, name: {name}}}}}}}"
            )
            labels = Installed(recorded(config, charts=chart_folder), helm).pod_labels
            said[which, name] = labels["app.kubernetes.io/name"]
    after_release = {key for key, label in said.items() if label == key[1]}
    assert {name for which, name in after_release if which == "emissary 4"} == {
        "ambassador",
        "my-ambassador-2",
        "emissary",
        "emissary-ingress",
    }
    for which, own in (("emissary 3", "emissary-ingress"), ("edge-stack", "edge-stack")):
        named = {name for other, name in after_release if other == which}
        assert named == {"ambassador", "my-ambassador-2", own}
    assert {said["ambassador", name] for name in NAMES} == {"ambassador"}
