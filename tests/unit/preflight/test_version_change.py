"""Changes of versions that no maker supports are refused, with a way that is supported."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as configured
from hypothesis import strategies as st

from config import MeshConfig
from config.preconditions import expectations
from config.variants.linkerd_versions import minor, next_step, too_far
from kube.failures import Reason
from kube.helm import installed
from preflight import ClusterError, examine
from preflight.meshed_pods import MeshedPod
from preflight.version_change import version_change
from tests.api_servers import CA_PEM, Answer, api_server, healthy, kubeconfig, written
from tests.edge_releases import releases
from tests.stack_builders import Settings, loaded
from tests.unit.checks.builders import helm_record

EDGE = [version for version in releases() if version >= (2025, 3, 3)]
"""Releases that a linked cluster may have."""
DRAWN = st.sampled_from(EDGE)

Version = tuple[int, ...]


def chart(version: Version) -> str:
    return ".".join(map(str, version))


def named(version: Version) -> str:
    year, *rest = version
    return f"edge-{year % 100}.{chart(tuple(rest))}"


def settings(version: str, **cluster: Any) -> Settings:
    return {"clusters": {"a": {"context": "a", "linkerd": {"version": version}, **cluster}}}


def linkerd(version: Version, **changed: Version) -> list[dict[str, Any]]:
    """Helm's records of Linkerd in this version; of single releases, in other ones."""
    found = []
    for name in ("linkerd-crds", "linkerd-control-plane"):
        own = changed.get(name.removeprefix("linkerd-").replace("-", "_"), version)
        found.append(helm_record(name, "linkerd", version=chart(own), release=named(own)))
    return found


def judged(
    content: Settings, records: list[dict[str, Any]], pods: tuple[MeshedPod, ...] = ()
) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    expected = expectations(loaded(content), "a")
    assert expected.versions is not None
    return version_change(installed(records), expected.releases, pods, expected.versions)


def pod(version: str, workload: str = "shop/web") -> MeshedPod:
    return MeshedPod(workload, False, None, version=version)


@configured(deadline=None)
@given(DRAWN, DRAWN)
def test_linkerd_is_upgraded_by_at_most_one_version_at_a_time_and_never_downgraded(
    before: Version, after: Version
) -> None:
    reasons, notes = judged(settings(chart(after)), linkerd(before))
    old, new = minor(named(before)), minor(named(after))
    assert old is not None
    assert new is not None
    assert bool(reasons) == (after < before or new > old + 1)
    assert notes == ()


@configured(deadline=None)
@given(DRAWN, DRAWN)
def test_following_the_remedies_ends_in_the_wanted_version(before: Version, after: Version) -> None:
    at, steps = before, 0
    while at != after and before <= after:
        wanted = after
        reasons, _ = judged(settings(chart(wanted)), linkerd(at))
        for _, remedy in reasons:
            found = re.match(r'write "([\d.]+)"', remedy)
            assert found is not None
            wanted = tuple(map(int, found[1].split(".")))
            assert judged(settings(chart(wanted)), linkerd(at)) == ((), ())
        assert at < wanted <= after
        at, steps = wanted, steps + 1
    assert steps < 10


@configured(deadline=None)
@given(DRAWN, DRAWN)
def test_the_next_step_is_on_the_way(before: Version, after: Version) -> None:
    step = next_step(named(before), chart(after))
    if before <= after:
        assert not too_far(named(before), step)
        assert before < tuple(map(int, step.split("."))) <= after or before == after


@configured(deadline=None)
@given(DRAWN, st.lists(DRAWN, max_size=4), DRAWN)
def test_an_upgrade_waits_for_proxies_that_would_be_too_old(
    before: Version, running: list[Version], after: Version
) -> None:
    pods = tuple(pod(named(one), f"shop/web-{place}") for place, one in enumerate(running))
    reasons, _ = judged(settings(chart(after)), linkerd(before), pods)
    if judged(settings(chart(after)), linkerd(before)) != ((), ()):
        return
    late = [one for one in pods if too_far(one.version, named(after))] if before != after else []
    assert bool(reasons) == bool(late)
    for one in late:
        assert f"{one.workload} ({one.version})" in reasons[0][0]


def test_proxies_of_the_control_plane_itself_are_replaced_by_the_upgrade() -> None:
    old = pod("edge-24.11.8", "linkerd/linkerd-identity")
    assert judged(settings("2026.8.3"), linkerd((2026, 6, 3)), (old,)) == ((), ())
    unknown = pod("custom-build")
    assert judged(settings("2026.8.3"), linkerd((2026, 6, 3)), (unknown,)) == ((), ())


def test_a_downgrade_names_every_release_once_and_where_to_write_what() -> None:
    reasons, _ = judged(settings("2026.6.3"), linkerd((2026, 8, 3)))
    ((message, remedy),) = reasons
    assert "linkerd/linkerd-crds, linkerd/linkerd-control-plane from 2026.8.3 to 2026.6.3" in (
        message
    )
    assert 'write "2026.8.3" or a later version under clusters.a.linkerd.version' in remedy
    assert "clusters.a.upgrade.allow" in remedy


def test_crds_that_an_interrupted_upgrade_left_newer_are_no_way_back() -> None:
    reasons, _ = judged(settings("2026.6.3"), linkerd((2026, 6, 3), crds=(2026, 8, 3)))
    assert "linkerd/linkerd-crds from 2026.8.3" in reasons[0][0]
    assert "control-plane from" not in reasons[0][0]


def test_a_failed_upgrade_may_be_taken_back_to_what_is_deployed() -> None:
    records = [
        *linkerd((2026, 6, 3)),
        helm_record("linkerd-control-plane", "linkerd", revision=2, status="failed"),
    ]
    assert judged(settings("2026.6.3"), records) == ((), ())


def test_what_the_stack_file_allows_is_a_warning_with_its_reason() -> None:
    content = settings("2026.6.3", upgrade={"allow": "2026.8.3 drops requests, see ticket 12"})
    reasons, (note,) = judged(content, linkerd((2026, 8, 3)))
    assert reasons == ()
    assert "from 2026.8.3 to 2026.6.3" in note
    assert "clusters.a.upgrade.allow: 2026.8.3 drops requests, see ticket 12" in note
    assert judged(content, linkerd((2026, 6, 3))) == ((), ())


@pytest.mark.parametrize(
    ("content", "record", "key"),
    [
        (
            settings("2026.8.3", ambassador={"version": "3.10.0"}),
            helm_record("ambassador", "ambassador", chart="emissary-ingress", version="4.1.0"),
            "clusters.a.ambassador.version",
        ),
        (
            settings("2026.8.3", ambassador={"flavour": "edge-stack", "version": "8.10.1"}),
            helm_record("ambassador", "ambassador", chart="edge-stack", version="8.10.2"),
            "clusters.a.ambassador.version",
        ),
        (
            settings("2026.8.3", certManager={"install": True}),
            helm_record("cert-manager", "cert-manager", version="v99.0.0"),
            "clusters.a.certManager.version",
        ),
        (
            settings("2026.8.3"),
            helm_record("linkerd-viz", "linkerd-viz", version="2026.9.1"),
            None,
        ),
    ],
)
def test_every_release_of_the_stack_is_held_to_what_is_installed_and_no_other(
    content: Settings, record: dict[str, Any], key: str | None
) -> None:
    cluster = content["clusters"]["a"]
    if cluster.get("ambassador", {}).get("flavour") == "edge-stack":
        cluster["ambassador"]["edgeStack"] = {"licenseSecret": "own"}
    reasons, _ = judged(content, [record])
    assert [key in remedy for _, remedy in reasons if key] == ([True] if key else [])


def test_the_charts_of_emissary_s_older_repository_have_higher_numbers_and_are_older() -> None:
    old = helm_record(
        "ambassador", "ambassador", chart="emissary-ingress", version="8.9.1", release="3.9.1"
    )
    assert judged(settings("2026.8.3", ambassador={}), [old]) == ((), ())


def test_stable_releases_are_counted_by_their_own_number() -> None:
    stable = helm_record(
        "linkerd-control-plane", "linkerd", version="1.16.11", release="stable-2.14.10"
    )
    ((message, remedy),) = judged(settings("2026.8.3"), [stable])[0]
    assert "2.14" in message
    assert "2.20" in message
    assert "Linkerd's own documents" in remedy
    old = helm_record("linkerd", "linkerd", chart="linkerd2", version="2.8.1")
    assert "2.8)" in judged(settings("2026.8.3"), [old])[0][0][0]
    ((message, _),) = judged(settings("2.8.1"), linkerd((2026, 8, 3)))[0]
    assert "older stable-2.8.1" in message


def test_records_that_helm_did_not_write_are_passed_over() -> None:
    broken = helm_record("linkerd-crds", "linkerd", version="2027.1.1")
    broken["data"]["release"] = "bm90IGpzb24="
    odd = helm_record("linkerd-control-plane", "linkerd", version="latest")
    assert judged(settings("2026.8.3"), [broken, odd]) == ((), ())


def test_the_guard_refuses_a_downgrade_before_anything_changes(
    mesh: Callable[[str], MeshConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    records = linkerd((2026, 8, 3))
    uid = "01234567-89ab-4def-8123-456789abcdef"

    def respond(path: str) -> Answer:
        if path.startswith("/api/v1/namespaces/linkerd/secrets?"):
            return 200, {"items": records}
        return healthy(uid)(path)

    with api_server(respond) as server:
        written(kubeconfig({"a": server.url}, {"token": "x"}, CA_PEM), tmp_path / "kubeconfig")
        found = {}
        for allowed in ("", ", upgrade: {allow: why}"):
            config = mesh(
                f'clusters: {{a: {{context: a, linkerd: {{version: "2026.6.3"}}{allowed}}}}}'
            )
            try:
                reach = examine(config.clusters, {"a": expectations(config, "a")}, deadline=30)
                found[allowed] = reach["a"].notes
            except ClusterError as error:
                found[allowed] = (str(error),)
    assert "nothing was changed" in found[""][0]
    assert "would downgrade" in found[""][0]
    assert "allowed by clusters.a.upgrade.allow: why" in found[", upgrade: {allow: why}"][0]
