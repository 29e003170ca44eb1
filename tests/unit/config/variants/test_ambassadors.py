"""The Ambassadors that a stack file can name, and what follows from a name and a version."""

from __future__ import annotations

from typing import Any

import pytest

from config.ambassador.ambassador import AmbassadorConfig
from config.variants.ambassadors import FLAVOURS, CrdsChart


def ambassador(**settings: Any) -> AmbassadorConfig:
    """An Ambassador, licensed where it needs a licence."""
    if settings.get("flavour") == "edge-stack" and "adopt" not in settings:
        settings["edgeStack"] = {"licenseSecret": "licence"}
    return AmbassadorConfig.model_validate(settings)


def test_flavours_are_named_once_each_and_have_different_release_lines() -> None:
    for name, flavour in FLAVOURS.items():
        assert flavour.name == name
        majors = [line.major for line in flavour.lines]
        assert majors == sorted(set(majors), reverse=True)
        for line in flavour.lines:
            # What a stack file gets that names no version is of that line.
            assert flavour.line(line.newest) is line


def test_a_chart_of_crds_has_values_for_every_api_version_that_its_line_serves() -> None:
    charts = [
        line
        for flavour in FLAVOURS.values()
        for line in flavour.lines
        if isinstance(line.crds, CrdsChart)
    ]
    assert charts
    for line in charts:
        assert isinstance(line.crds, CrdsChart)
        assert set(line.crds.values) == set(line.api_versions)


# What follows from flavour and version -------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "chart", "version", "objects"),
    [
        ({}, "emissary-ingress", "4.1.0", "v3alpha1"),
        ({"version": "3.10.0"}, "emissary-ingress", "3.10.0", "v3alpha1"),
        ({"version": "v4.0.1", "apiVersion": "v1"}, "emissary-ingress", "v4.0.1", "v1"),
        ({"flavour": "edge-stack"}, "edge-stack", "8.10.2", "v3alpha1"),
        ({"flavour": "ambassador"}, "ambassador", "6.9.5", "v2"),
        ({"flavour": "ambassador", "version": "6.9.4"}, "ambassador", "6.9.4", "v2"),
    ],
)
def test_flavour_and_version_say_which_chart_and_which_objects(
    settings: dict[str, Any], chart: str, version: str, objects: str
) -> None:
    config = ambassador(**settings)
    assert (config.line.chart, config.chart_version) == (chart, version)
    assert config.objects_version == objects


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        # Rendered with the published charts, each with fullnameOverride and release of that name.
        ({"name": "edge"}, "emissary-ingress"),
        ({"name": "ambassador"}, "ambassador"),
        ({"name": "my-ambassador"}, "my-ambassador"),
        ({"name": "emissary"}, "emissary"),
        ({"name": "edge", "version": "3.10.0"}, "emissary-ingress"),
        ({"name": "emissary", "version": "3.10.0"}, "emissary-ingress"),
        ({"name": "my-ambassador", "version": "3.10.0"}, "my-ambassador"),
        ({"name": "edge", "flavour": "edge-stack"}, "edge-stack"),
        ({"name": "my-ambassador", "flavour": "edge-stack"}, "my-ambassador"),
        ({"name": "edge", "flavour": "ambassador"}, "ambassador"),
        ({"name": "my-ambassador", "flavour": "ambassador"}, "ambassador"),
        ({"name": "edge", "adopt": {}}, "emissary-ingress"),
        ({"name": "edge", "flavour": "edge-stack", "adopt": {}}, "edge-stack"),
    ],
)
def test_pods_are_selected_by_the_labels_that_their_chart_writes(
    settings: dict[str, Any], label: str
) -> None:
    assert ambassador(**settings).pod_labels == {
        "app.kubernetes.io/name": label,
        "app.kubernetes.io/instance": settings["name"],
    }


def test_an_adopted_ambassadors_pods_are_selected_by_the_labels_that_are_written() -> None:
    config = ambassador(name="edge", adopt={"podLabels": {"app": "edge"}})
    assert config.pod_labels == {"app": "edge"}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_ambassador_that_is_installed_answers_for_every_name_by_default(flavour: str) -> None:
    config = ambassador(flavour=flavour)
    assert [(host.hostname, host.insecure) for host in config.all_hosts] == [("*", "Route")]
    assert {listener.port for listener in config.all_listeners} == (
        {8080, 8443} if config.kind.listeners else set()
    )


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_adopted_ambassador_gets_no_hosts_and_listeners_that_are_not_written(
    flavour: str,
) -> None:
    config = ambassador(flavour=flavour, adopt={})
    assert not config.all_hosts and not config.all_listeners
    written = ambassador(flavour=flavour, adopt={}, hosts=[{"name": "a", "hostname": "a.b"}])
    assert [host.name for host in written.all_hosts] == ["a"]


def test_an_adopted_gateway_has_a_service_beside_that_of_its_owner() -> None:
    ours, adopted = ambassador(name="edge"), ambassador(name="edge", adopt={})
    assert ours.gateway_service == "edge"
    assert adopted.gateway_service not in ("edge", "edge-admin")


def test_an_adopted_workload_may_be_named_otherwise() -> None:
    assert ambassador(name="edge", adopt={}).workload == "edge"
    assert ambassador(name="edge", adopt={"workload": "edge-pods"}).workload == "edge-pods"


def test_a_host_with_tls_has_a_secret_of_its_name_unless_it_says_another() -> None:
    hosts = [
        {"name": "a", "hostname": "a.b", "tls": {}},
        {"name": "c", "hostname": "c.d", "tls": {"secret": "e"}},
        {"name": "f", "hostname": "f.g"},
    ]
    assert [host.tls_secret for host in ambassador(hosts=hosts).all_hosts] == ["a-tls", "e", None]
