"""The waves of an upgrade, and what is next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as configured
from hypothesis import strategies as st

from config import MeshConfig
from config.core.mesh import MeshConfig as Mesh
from config.inventory import inventory
from config.variants.linkerd_versions import too_far
from kube import Endpoint
from kube.helm import Installed
from lifecycle.upgrade import report
from lifecycle.upgrade.edit import with_versions
from lifecycle.upgrade.plan import current, newest, plan, waves
from preflight import Reach
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust
from tests.stack_builders import Settings, loaded
from tests.unit.preflight.test_version_change import EDGE, Version, chart, pod

NAMES = ("east", "west", "north")


def three(version: str = "2026.6.3", /, **clusters: Any) -> Settings:
    """East and north call west; east calls north."""
    return {
        "clusters": {
            name: {
                "context": name,
                "linkerd": {"version": version},
                "ambassador": {"gateway": {}},
                **clusters.get(name, {}),
            }
            for name in NAMES
        },
        "links": [
            {"source": "east", "target": "west"},
            {"source": "north", "target": "west"},
            {"source": "east", "target": "north"},
        ],
    }


def reach(mesh: Mesh, *pods: MeshedPod) -> dict[str, Reach]:
    """Clusters that have what the stack file says; `pods` are in the first one."""
    return {
        name: Reach(
            Endpoint("https://a.example", None),
            "uid",
            trust=HeldTrust((), pods=pods if not place else ()),
            releases={
                one.key: Installed(
                    *one.key,
                    one.chart,
                    one.version,
                    cluster.linkerd.app_version if one.origin == "linkerd" else one.version,
                )
                for one in inventory(mesh, name).releases
            },
        )
        for place, (name, cluster) in enumerate(mesh.clusters.items())
    }


def test_clusters_that_others_call_come_last_and_numbers_come_first() -> None:
    assert waves(loaded(three())) == (("east",), ("north",), ("west",))
    numbered = three(west={"upgrade": {"wave": 7}}, north={"upgrade": {"wave": 2}})
    assert waves(loaded(numbered)) == (("north",), ("west",), ("east",))
    together = three(west={"upgrade": {"wave": 1}}, north={"upgrade": {"wave": 1}})
    assert waves(loaded(together)) == (("west", "north"), ("east",))


@configured(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3)))
def test_every_cluster_is_in_exactly_one_wave(numbers: dict[str, int]) -> None:
    waved: dict[str, Any] = {name: {"upgrade": {"wave": one}} for name, one in numbers.items()}
    mesh = loaded(three(**waved))
    found = waves(mesh)
    assert sorted(name for wave in found for name in wave) == sorted(NAMES)
    order = {name: place for place, wave in enumerate(found) for name in wave}
    for name, wave in numbers.items():
        for other in NAMES:
            assert (order[name] < order[other]) == (wave < numbers.get(other, 9)) or (
                order[name] == order[other]
            )


@configured(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(EDGE), min_size=3, max_size=3), st.sampled_from(EDGE))
def test_doing_what_is_next_upgrades_wave_by_wave_to_the_target(
    versions: list[Version], target: Version
) -> None:
    mesh = with_versions(loaded(three()), dict(zip(NAMES, map(chart, versions), strict=True)))
    before = {name: one.linkerd.version for name, one in mesh.clusters.items()}
    for _ in range(30):
        found = plan(mesh, reach(mesh), chart(target))
        wave = current(found)
        if not wave:
            break
        steps = report.steps(wave)
        assert steps
        for name, step in steps.items():
            assert not too_far(mesh.clusters[name].linkerd.app_version, step)
        # Waves before it have the target already.
        done = [one.name for one in (one for wave in found for one in wave) if one.done]
        assert not set(steps) & set(done)
        mesh = with_versions(mesh, steps)
    assert {name: one.linkerd.version for name, one in mesh.clusters.items()} == {
        name: max(before[name], chart(target), key=lambda one: tuple(map(int, one.split("."))))
        for name in NAMES
    }


def said(mesh: Mesh, found: Mapping[str, Reach], target: str | None = None) -> tuple[str, str]:
    """Where the upgrade is, and what is next."""
    wanted = target or newest(mesh)
    made = plan(mesh, found, wanted)
    return (
        "\n".join(report.where(mesh, made, wanted)),
        "\n".join(report.following(mesh, "shop", made)),
    )


def test_a_version_that_the_stack_file_has_and_the_cluster_has_not_is_an_update() -> None:
    mesh = loaded(three())
    later = with_versions(mesh, {"east": "2026.8.3"})
    where, following = said(later, reach(mesh))
    assert "east: edge-26.6.3 installed, the next update changes it" in where
    assert "linkerd/linkerd-control-plane: 2026.6.3 → 2026.8.3" in where
    assert "pulumi up --stack shop" in following
    assert "--next" not in following


def test_after_the_update_the_next_wave_is_offered_with_a_check_before_it() -> None:
    later = with_versions(loaded(three()), {"east": "2026.8.3"})
    _, following = said(later, reach(later))
    assert 'clusters.north.linkerd.version: "2026.8.3"' in following
    assert "clusters.west" not in following
    assert following.index("./mesh check shop") < following.index("clusters.north")


def test_a_version_that_must_not_be_skipped_comes_first() -> None:
    mesh = loaded(three("2025.4.4"))
    where, following = said(mesh, reach(mesh), "2026.8.3")
    assert "version 2.20" in where
    assert 'clusters.east.linkerd.version: "2025.10.7"' in following


def test_workloads_whose_proxies_would_be_too_old_restart_before_the_next_version() -> None:
    mesh = loaded(three("2025.10.7"))
    old = pod("edge-25.4.4")
    where, following = said(mesh, reach(mesh, old), "2026.8.3")
    assert "shop/web (edge-25.4.4)" in where
    assert "kubectl" in following
    assert "shop" in following
    assert "2026.8.3" not in following
    newer = pod("edge-25.10.7")
    assert 'linkerd.version: "2026.8.3"' in said(mesh, reach(mesh, newer), "2026.8.3")[1]


def test_what_the_guard_would_refuse_is_shown_with_its_remedy() -> None:
    mesh = loaded(three("2026.8.3"))
    earlier = with_versions(mesh, {"west": "2026.6.3"})
    _, following = said(earlier, reach(mesh))
    assert "cluster 'west': the update would downgrade" in following
    assert "clusters.west.upgrade.allow" in following


def test_an_upgrade_that_is_done_lists_what_has_older_proxies() -> None:
    mesh = loaded(three("2026.8.3"))
    _, following = said(mesh, reach(mesh))
    assert following == "every cluster has the versions of the stack file"
    _, following = said(mesh, reach(mesh, pod("edge-26.6.3")))
    assert "--context east" in following


def test_a_release_that_linkerds_makers_advise_against_is_named() -> None:
    mesh = loaded(three("2025.9.4"))
    where, _ = said(mesh, reach(mesh), "2025.10.2")
    assert "advise against it" in where
    assert "2025.10.7" in where


def test_linkerd_2_8_is_left_as_it_is(mesh: Callable[[str], MeshConfig]) -> None:
    config = mesh('clusters: {a: {context: a, linkerd: {version: "2.8.1"}}}')
    assert newest(config) is None
    assert "every cluster has" in said(config, reach(config))[1]
    assert "every cluster has" in said(config, reach(config), "2026.8.3")[1]


@pytest.mark.parametrize("version", ["2026.8.3", "v2026.8.3"])
def test_a_leading_v_is_no_difference(version: str) -> None:
    mesh = loaded(three("2026.8.3"))
    found = reach(mesh)
    other = with_versions(mesh, dict.fromkeys(NAMES, version))
    assert "every cluster has" in said(other, found)[1]
