"""Generations of Linkerd, and what a mesh of each makes of its links."""

from __future__ import annotations

from typing import Any

import pytest

from config.core.mesh import gateway_identity, service_account
from config.links.exports import ExportedService, ServiceRef
from config.variants.linkerd import LinkerdGeneration
from config.variants.linkerds import LINKERDS, generation_of
from tests.stack_builders import changed, loaded

SOURCE, TARGET = "clusters.source", "clusters.target"
WEB, DB = ServiceRef("shop", "web"), ServiceRef("shop", "db")


@pytest.mark.parametrize(
    ("version", "generation"),
    [
        ("2.8.1", LINKERDS["2.8"]),
        ("v2.8.0", LINKERDS["2.8"]),
        ("2026.8.3", LINKERDS["edge"]),
        ("2025.10.7", LINKERDS["edge"]),
        ("2.80.1", None),
        ("2.9.0", None),
        ("2.14.10", None),
        ("12.8.1", None),
        ("1.16.11", None),
    ],
)
def test_a_charts_version_is_of_one_generation_or_none(
    version: str, generation: LinkerdGeneration | None
) -> None:
    assert generation_of(version) is generation


@pytest.mark.parametrize(
    ("version", "release", "registry"),
    [
        ("2026.8.3", "edge-26.8.3", "cr.l5d.io/linkerd"),
        ("2.8.1", "stable-2.8.1", "gcr.io/linkerd-io"),
    ],
)
def test_a_generation_has_its_releases_and_its_registry(
    version: str, release: str, registry: str
) -> None:
    linkerd = loaded({"clusters": {"a": {"context": "a", "linkerd": {"version": version}}}})
    config = linkerd.clusters["a"].linkerd
    assert (config.app_version, config.registry) == (release, registry)
    mirrored = changed(
        {"clusters.a.linkerd.imageRegistry": "registry.example.com/l5d"},
        {"clusters": {"a": {"context": "a", "linkerd": {"version": version}}}},
    )
    assert loaded(mirrored).clusters["a"].linkerd.registry == "registry.example.com/l5d"


# Exports --------------------------------------------------------------------------------------


def exported(changes: dict[str, Any]) -> dict[ServiceRef, ExportedService]:
    """What the target of the pair exports, after changes."""
    return {item.service: item for item in loaded(changed(changes)).exports_of("target")}


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        ({}, {"mirror.linkerd.io/exported": "true"}),
        (
            {"links[0].exports[0].mode": "remote-discovery"},
            {"mirror.linkerd.io/exported": "remote-discovery"},
        ),
        ({"links[0].flatNetwork": True}, {"mirror.linkerd.io/exported": "remote-discovery"}),
        (
            {"links[0].exports[0].federated": True},
            {"mirror.linkerd.io/exported": "true", "mirror.linkerd.io/federated": "member"},
        ),
        (
            {"links[0].exports[0].federated": True, "links[0].exports[0].mode": "none"},
            {"mirror.linkerd.io/federated": "member"},
        ),
    ],
)
def test_an_export_of_todays_linkerd_is_announced_by_labels(
    changes: dict[str, Any], labels: dict[str, str]
) -> None:
    assert exported(changes) == {WEB: ExportedService(WEB, labels, {})}


@pytest.mark.parametrize(
    ("changes", "gateway"),
    [
        ({}, ("ambassador", "ambassador")),
        (
            {f"{TARGET}.ambassador.name": "edge", f"{TARGET}.ambassador.namespace": "ingress"},
            ("edge", "ingress"),
        ),
        ({f"{TARGET}.ambassador.adopt": {}}, ("ambassador-linkerd-gateway", "ambassador")),
    ],
)
def test_an_export_of_linkerd_2_8_is_announced_by_its_gateways_service(
    changes: dict[str, Any], gateway: tuple[str, str]
) -> None:
    old = {f"{end}.linkerd.version": "2.8.1" for end in (SOURCE, TARGET)}
    probe = {f"{TARGET}.ambassador.gateway.probe": "ambassador"}
    told = {
        "mirror.linkerd.io/gateway-name": gateway[0],
        "mirror.linkerd.io/gateway-ns": gateway[1],
    }
    assert exported({**old, **probe, **changes}) == {WEB: ExportedService(WEB, {}, told)}


def test_a_service_that_two_links_export_is_labelled_once() -> None:
    link: dict[str, Any] = {"source": "other", "target": "target"}
    link["exports"] = [
        {"namespace": "shop", "service": "web"},
        {"namespace": "shop", "service": "db", "mode": "remote-discovery"},
    ]
    other = {"context": "other", "ambassador": {}}
    found = exported({"clusters.other": other, "links[1]": link})
    assert {
        service: item.labels["mirror.linkerd.io/exported"] for service, item in found.items()
    } == {
        WEB: "true",
        DB: "remote-discovery",
    }


def test_what_is_exported_by_labels_of_its_owner_is_not_labelled_by_us() -> None:
    selector = {"matchLabels": {"example.com/reach": "gateway"}}
    changes = {"links[0].exports": [], "links[0].selectors.gateway": selector}
    assert exported(changes) == {}


# Routes to mirrors ----------------------------------------------------------------------------


def test_the_route_to_a_mirror_names_it_in_full_with_the_domain_of_the_source() -> None:
    mesh = loaded(
        changed(
            {
                f"{SOURCE}.domain": "source.internal",
                "links[0].exports[0].port": 8080,
                "links[0].exports[0].mapping": {"prefix": "/web/", "hostname": "shop.example.com"},
            }
        )
    )
    [route] = mesh.mirror_mappings("source")
    assert route.service == "http://web-target.shop.svc.source.internal:8080"
    assert route.name == "web-target"
    assert (route.prefix, route.hostname) == ("/web/", "shop.example.com")
    assert mesh.mirror_mappings("target") == ()


def test_the_route_to_a_mirror_may_have_a_name_of_its_own() -> None:
    mapping = {"prefix": "/web/", "name": "far-web"}
    [route] = loaded(changed({"links[0].exports[0].mapping": mapping})).mirror_mappings("source")
    assert route.name == "far-web"


# Identities -----------------------------------------------------------------------------------


def test_gateways_differ_in_identity_unless_their_owners_have_it_otherwise() -> None:
    mesh = loaded(
        changed(
            {
                f"{SOURCE}.ambassador.adopt": {},
                f"{SOURCE}.ambassador.name": "edge",
                f"{TARGET}.ambassador.name": "edge",
                f"{TARGET}.linkerd.namespace": "mesh",
                f"{TARGET}.linkerd.trustDomain": "trust.example.com",
            }
        )
    )
    accounts = [service_account(name, cluster) for name, cluster in mesh.clusters.items()]
    assert accounts == ["edge", "edge-target"]
    assert gateway_identity("target", mesh.clusters["target"]) == (
        "edge-target.ambassador.serviceaccount.identity.mesh.trust.example.com"
    )


def test_a_cluster_without_an_ambassador_has_no_gateways_identity() -> None:
    mesh = loaded({"clusters": {"a": {"context": "a"}}})
    assert gateway_identity("a", mesh.clusters["a"]) is None
    with pytest.raises(ValueError, match="cluster a has no Ambassador"):
        service_account("a", mesh.clusters["a"])
