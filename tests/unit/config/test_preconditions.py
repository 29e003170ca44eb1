"""What a stack file expects of its clusters before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config import load_stack_file
from config.links.exports import ServiceRef
from config.preconditions import Expectations, expectations
from tests.stack_builders import (
    DELETED,
    ROOT,
    SHIPPED,
    Settings,
    changed,
    loaded,
    problems,
    shipped,
)

AMBASSADOR = "clusters.target.ambassador"
STACKS = sorted([*ROOT.glob("stacks/Pulumi.*.yaml"), *ROOT.glob("tests/stacks/Pulumi.*.yaml")])
OLD_LINKERD = {
    "clusters.source.linkerd.version": "2.8.1",
    "clusters.target.linkerd.version": "2.8.1",
    f"{AMBASSADOR}.gateway.probe": "ambassador",
}


def expected(name: str, changes: dict[str, Any] | None = None) -> Expectations:
    """What a pair of linked clusters, so changed, expects of one of them."""
    return expectations(loaded(changed(changes or {})), name)


def remedied(settings: Settings, remedy: str) -> Settings:
    """Settings with what a limit's remedy says first written into them."""
    path, _, value = remedy.removeprefix("write ").partition(",")[0].partition(": ")
    return changed({path: value.strip('"')}, settings)


# Services -----------------------------------------------------------------------------------


def test_a_target_is_expected_to_have_what_is_exported_from_it() -> None:
    assert expected("target").services == (ServiceRef("shop", "web"),)
    assert expected("source").services == ()


def test_a_service_that_two_links_export_is_looked_for_once() -> None:
    changes = {
        "clusters.third": {"context": "third"},
        "links[1]": {
            "source": "third",
            "target": "target",
            "exports": [
                {"namespace": "shop", "service": "web"},
                {"namespace": "shop", "service": "api"},
            ],
        },
    }
    assert expected("target", changes).services == (
        ServiceRef("shop", "web"),
        ServiceRef("shop", "api"),
    )


def test_a_source_is_expected_to_have_what_shares_its_requests_with_a_mirror() -> None:
    weights = {"links[0].exports[0].weights": {"local": 1, "mirrored": 9}}
    assert expected("source", weights).services == (ServiceRef("shop", "web"),)


def test_services_that_are_exported_by_labels_are_not_looked_for() -> None:
    changes = {
        "links[0].exports": DELETED,
        "links[0].selectors.gateway.matchLabels": {"example.com/exported": "yes"},
    }
    assert expected("target", changes).services == ()


# Versions of Kubernetes ---------------------------------------------------------------------


@pytest.mark.parametrize("stack", SHIPPED)
def test_a_shipped_stack_accepts_every_version_and_adopts_nothing(stack: str) -> None:
    config = loaded(shipped(stack))
    for name in config.clusters:
        found = expectations(config, name)
        assert (found.limits, found.adopted) == ((), ())
        assert found.services == tuple(item.service for item in config.exports_of(name))


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({f"{AMBASSADOR}.flavour": "ambassador"}, ("Ambassador 1.14",)),
        (OLD_LINKERD, ("Linkerd 2.8.1",)),
        (
            {**OLD_LINKERD, f"{AMBASSADOR}.flavour": "ambassador"},
            ("Linkerd 2.8.1", "Ambassador 1.14"),
        ),
    ],
)
def test_what_needs_old_apis_limits_the_version(
    changes: dict[str, Any], parts: tuple[str, ...]
) -> None:
    limits = expected("target", changes).limits
    # Kubernetes 1.22 took the v1beta1 APIs of CRDs, webhooks and RBAC away.
    assert [limit.version < (1, 22) for limit in limits] == [True] * len(parts)
    for limit, part in zip(limits, parts, strict=True):
        assert part in limit.what


def test_what_limits_one_cluster_does_not_limit_the_other() -> None:
    assert expected("source", {f"{AMBASSADOR}.flavour": "ambassador"}).limits == ()


@pytest.mark.parametrize("flavour", ["emissary", "edge-stack"])
def test_flavours_of_today_limit_nothing(flavour: str) -> None:
    changes: dict[str, Any] = {f"{AMBASSADOR}.flavour": flavour}
    if flavour == "edge-stack":
        changes[f"{AMBASSADOR}.edgeStack.licenseSecret"] = "licence"
    assert expected("target", changes).limits == ()


def test_the_remedy_for_an_old_ambassador_lifts_its_limit() -> None:
    settings = changed({f"{AMBASSADOR}.flavour": "ambassador"})
    (limit,) = expectations(loaded(settings), "target").limits
    assert AMBASSADOR in limit.remedy
    mended = remedied(settings, limit.remedy)
    assert expectations(loaded(mended), "target").limits == ()


def test_the_remedy_for_an_old_linkerd_lifts_its_limit_in_every_cluster() -> None:
    settings = changed(OLD_LINKERD)
    for name in ("source", "target"):
        (limit,) = expectations(loaded(changed(OLD_LINKERD)), name).limits
        assert f"clusters.{name}." in limit.remedy
        settings = remedied(settings, limit.remedy)
    assert not problems(settings)
    for name in ("source", "target"):
        assert expectations(loaded(settings), name).limits == ()


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_every_stack_file_expects_what_it_says(path: Path) -> None:
    config = load_stack_file(path)
    for name, cluster in config.clusters.items():
        found = expectations(config, name)
        exports = {
            ServiceRef(export.namespace, export.service)
            for link in config.links
            for export in link.exports
            if link.target == name
        }
        assert exports <= set(found.services)
        old = cluster.linkerd.version.startswith("2.8.")
        ambassador = cluster.ambassador
        if ambassador is None:
            assert (len(found.limits), found.adopted) == (old, ())
            continue
        installs_legacy = ambassador.flavour == "ambassador" and ambassador.adopt is None
        assert len(found.limits) == old + installs_legacy
        assert len(found.adopted) == (ambassador.adopt is not None)


# Adoption -----------------------------------------------------------------------------------


def test_what_is_installed_by_us_is_not_expected_to_be_there() -> None:
    assert expected("target").adopted == ()
    assert expected("source").adopted == ()


def test_of_an_adopted_ambassador_the_defaults_are_those_of_its_chart() -> None:
    [adopted] = expected(
        "target", {f"{AMBASSADOR}.flavour": "ambassador", f"{AMBASSADOR}.adopt": {}}
    ).adopted
    assert adopted.path == AMBASSADOR
    assert (adopted.kind, adopted.workload) == ("Deployment", "ambassador")
    assert adopted.service_account == "ambassador"
    assert adopted.pod_labels["app.kubernetes.io/instance"] == "ambassador"
    assert adopted.api_version == "v2"
    assert adopted.module == "patch"


def test_an_adopted_ambassador_is_expected_as_the_stack_file_says() -> None:
    [adopted] = expected(
        "target",
        {
            f"{AMBASSADOR}.namespace": "edge",
            f"{AMBASSADOR}.name": "front",
            f"{AMBASSADOR}.serviceAccount": "door",
            f"{AMBASSADOR}.apiVersion": "v2",
            f"{AMBASSADOR}.adopt": {
                "kind": "DaemonSet",
                "workload": "proxy",
                "podLabels": {"service": "front"},
                "module": "leave",
            },
        },
    ).adopted
    assert (adopted.namespace, adopted.kind, adopted.workload) == ("edge", "DaemonSet", "proxy")
    assert (adopted.service_account, adopted.pod_labels) == ("door", {"service": "front"})
    assert (adopted.module, adopted.api_version) == ("leave", "v2")


@pytest.mark.parametrize("mode", ["enabled", "ingress"])
def test_an_adopted_ambassadors_pods_are_expected_in_the_mode_of_the_stack_file(mode: str) -> None:
    changes = {
        "clusters.source.ambassador.adopt": {},
        "clusters.source.ambassador.sidecar.mode": mode,
    }
    [adopted] = expected("source", changes).adopted
    assert adopted.inject == mode


def test_a_legacy_ambassador_that_is_adopted_runs_on_whatever_it_runs() -> None:
    changes = {f"{AMBASSADOR}.flavour": "ambassador", f"{AMBASSADOR}.adopt": {}}
    assert expected("target", changes).limits == ()
