"""Where a rotation is, by the certificates that clusters have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config import MeshConfig, load_settings
from lifecycle.rotation import report
from lifecycle.rotation.status import (
    ClusterStatus,
    require_complete,
    require_permitted,
    status,
)
from lifecycle.rotation.step import RotationError, next_step
from preflight import ClusterError
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust
from render import record
from tests.certificates import ISSUER, ROOT, certified
from tests.unit.conftest import PUBLISHED, Tells, reach_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONG_AGO, HOUR_AGO = NOW - timedelta(days=30), NOW - timedelta(hours=1)
FIRST, SECOND = (certified(ROOT, begins=NOW - timedelta(days=100), days=900) for _ in range(2))
BOTH = (FIRST, SECOND)
SERVICE = MeshedPod(
    "linkerd/linkerd-identity", False, HOUR_AGO, True, "deployment", "identity-1", "1"
)
WEB = MeshedPod("shop/web", False, NOW, False, "deployment", "web-1", "2")


def mesh(*states: str | None, **trust: Any) -> MeshConfig:
    anchors = [
        {"name": f"root{f'-{place + 1}' if place else ''}", **({"state": one} if one else {})}
        for place, one in enumerate(states)
    ]
    return load_settings(
        {
            "clusters": {"west": {"context": "w"}, "east": {"context": "e"}},
            "trustAnchor": {"anchors": anchors, **trust},
        },
        "t",
    )


def held(anchors: Any, signer: Any, *pods: MeshedPod, since: datetime = LONG_AGO) -> HeldTrust:
    issuer = certified(ISSUER, signer, begins=since, days=900).certificate
    trusted = tuple(one.certificate for one in anchors)
    return HeldTrust(trusted, issuer, (SERVICE, *pods), issuer_since=since)


def of(config: MeshConfig, trust: HeldTrust | None) -> list[ClusterStatus]:
    """The status of both clusters, of which west has this trust."""
    return [status(config, name, trust, NOW) for name in ("west", "east")]


def lines(config: MeshConfig, found: list[ClusterStatus]) -> str:
    return "\n".join((*report.where(config, found), *report.following(config, "shop", found)))


def test_a_finished_rotation_offers_the_first_step_of_another() -> None:
    config = mesh("active")
    found = of(config, held((FIRST,), FIRST, WEB))
    require_complete(found, "shop")
    require_permitted(config, found, next_step(config.trust_anchor), NOW)
    text = lines(config, found)
    assert "bundle: root" in text and "issuer: signed by root" in text
    assert "missing" not in text
    assert "add to trustAnchor.anchors:  - name: root-2" in text
    assert "./mesh rotate shop --next" in text


@pytest.mark.parametrize(
    ("states", "anchors", "signer", "missing"),
    [
        (("active", "prepared"), (FIRST,), FIRST, "its bundle lacks root-2"),
        (("tainted", "active"), BOTH, FIRST, "its issuer is signed by root, and root-2 is active"),
        (("active",), BOTH, FIRST, "its bundle has 2 anchors, the stack file 1"),
    ],
)
def test_an_edit_without_its_update_is_missing_before_all_else(
    states: Any, anchors: Any, signer: Any, missing: str
) -> None:
    config = mesh(*states)
    stale = replace(WEB, stale=True)
    found = of(config, held(anchors, signer, stale))
    assert found[0].to_update == missing
    with pytest.raises(RotationError, match=missing) as caught:
        require_complete(found, "shop")
    assert "pulumi up --stack shop" in caught.value.remedy
    text = lines(config, found)
    assert text.endswith("next: pulumi up --stack shop")
    assert "missing: restarts of 1 workload (1 pod)" in text


def test_a_cluster_without_linkerd_has_to_be_updated_first() -> None:
    found = of(mesh("active"), None)
    assert [one.to_update for one in found] == ["it has no trust anchors yet"] * 2


def test_what_may_not_be_read_is_missing_and_never_fine() -> None:
    config = mesh("active", "prepared")
    found = of(config, replace(held(BOTH, FIRST), pods=(), unread=("the pods",)))
    assert "missing: the right to read the pods" in lines(config, found)
    with pytest.raises(RotationError, match="the pods"):
        require_complete(found, "shop")


def test_stale_pods_are_missing_restarts_by_the_user_or_by_rotate() -> None:
    config = mesh("active", "prepared")
    found = of(config, held(BOTH, FIRST, replace(WEB, stale=True)))
    with pytest.raises(RotationError, match="workloads have to restart first") as caught:
        require_complete(found, "shop")
    assert "./mesh rotate shop --restart" in caught.value.remedy
    by_user = lines(config, found)
    assert "kubectl --context w -n shop rollout restart deployment/web" in by_user
    assert "kubectl --context e -n shop rollout status deployment/web" in by_user
    assert "--restart" not in by_user
    by_rotate = mesh("active", "prepared", restarts={"by": "rotate"})
    assert "next: ./mesh rotate shop --restart" in lines(by_rotate, found)


def test_certificates_below_a_tainted_anchor_are_replaced_before_it_goes() -> None:
    config = mesh("tainted", "active")
    before = replace(WEB, started=NOW - timedelta(hours=3))
    trust = held(BOTH, SECOND, before, since=NOW - timedelta(hours=2))
    (west, _) = of(config, trust)
    assert [str(one) for one in west.plan.restarts] == ["shop deployment/web (1 pod)"]
    restarted = replace(trust, pods=(SERVICE, WEB))
    found = of(config, restarted)
    require_complete(found, "shop")
    require_permitted(config, found, next_step(config.trust_anchor), NOW)
    # Without a tainted anchor, an issuer that was renewed is none that has to go.
    (west, _) = of(mesh("prepared", "active"), trust)
    assert west.plan.all == ()


def test_replicas_of_the_identity_service_that_restart_one_by_one_are_restarted_once() -> None:
    written = NOW - timedelta(minutes=5)
    replicas = [
        replace(SERVICE, started=written + timedelta(minutes=place), uid=f"r{place}")
        for place in (1, 2, 3)
    ]
    trust = replace(held(BOTH, SECOND, since=written), pods=(*replicas, WEB))
    (west, _) = of(mesh("tainted", "active"), trust)
    assert west.plan.all == ()
    between = replace(WEB, started=written + timedelta(minutes=2))
    (west, _) = of(mesh("tainted", "active"), replace(trust, pods=(*replicas, between)))
    assert [one.name for one in west.plan.restarts] == ["web"]


def test_the_guard_has_the_last_word_on_a_step() -> None:
    config = mesh("active", "prepared")
    found = of(config, held(BOTH, FIRST, replace(WEB, stale=True)))
    with pytest.raises(ClusterError, match="started with other anchors"):
        require_permitted(config, found, next_step(config.trust_anchor), NOW)


def test_an_anchor_that_goes_is_unprotected_if_it_is_generated_and_protected() -> None:
    config = mesh("tainted", "active")
    step = next_step(config.trust_anchor)
    commands = list(report.commands(config, "shop", step))
    assert [one.startswith("pulumi state unprotect --stack shop") for one in commands] == [
        True,
        True,
        False,
        False,
    ]
    open_to_all = config.model_copy(
        update={"protection": config.protection.model_copy(update={"trust_anchor": False})}
    )
    assert list(report.commands(open_to_all, "shop", step)) == commands[2:]


def test_anchors_without_states_are_shown_and_explained() -> None:
    config = mesh(None, None)
    text = lines(config, of(config, held(BOTH, FIRST, WEB)))
    assert "root: signs, generated" in text and "root-2: trusted, generated" in text
    assert "write state: active under the anchor root;" in text


def test_the_urns_that_are_printed_are_those_of_the_anchors_protected_resources() -> None:
    config = mesh("tainted", "active")
    recording = record(config, reach_of(config), PUBLISHED, Tells())
    names = {f"trust-anchor-anchor.root-{last}" for last in report.TYPES}
    protected = {one.urn for one in recording if one.protect and one.name in names}
    (stack,) = {urn.split(":")[2] for urn in protected}
    assert set(report.urns(stack, "root")) == protected
    assert len(protected) == 2
