"""Pods that trust other anchors than the control plane are found, with real certificates."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from checks.facts.listing import named
from checks.facts.results import Finding, Status
from checks.trust import trust_roots
from tests.certificates import Certified
from tests.unit.checks.builders import (
    certified,
    cluster_case,
    link_case,
    mesh,
    of,
    secret,
    thing,
    view,
)
from tests.unit.checks.trust.test_certificates import config_map, roots
from vocabulary.kinds import POD

OLD = certified("old", days=3650)
NEW = certified("new", days=3650)
ISSUER = certified("identity.linkerd.cluster.local", NEW)
TITLE = "meshed pods trust the current anchors"


def issuer(one: Certified = ISSUER) -> dict[str, Any]:
    data = {"tls.crt": one.pem, "tls.key": one.key_pem, "ca.crt": NEW.pem}
    return secret("linkerd-identity-issuer", "linkerd", data)


def meshed(
    name: str, bundle: str, namespace: str = "shop", *, literal: bool = True, **labels: str
) -> dict[str, Any]:
    """A pod that was injected while the anchors were `bundle`."""
    environment = {"name": "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS", "value": bundle}
    proxy = {"name": "linkerd-proxy", "env": [environment] if literal else []}
    owner = {f"linkerd.io/proxy-{kind}": value for kind, value in labels.items()}
    return thing(
        "v1",
        "Pod",
        name,
        namespace,
        labels={"linkerd.io/control-plane-ns": "linkerd", **owner},
        annotations={"linkerd.io/trust-root-sha256": hashlib.sha256(bundle.encode()).hexdigest()},
        spec={"containers": [{"name": "web"}], "initContainers": [proxy]},
        status={"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    )


def found(*pods: dict[str, Any], bundle: str = NEW.pem, signer: Certified = ISSUER) -> Finding:
    seen = view(roots(bundle), config_map(bundle), issuer(signer), *pods)
    return of(list(trust_roots.trust_roots(cluster_case(seen))), TITLE)


def test_pods_of_the_present_bundle_pass() -> None:
    one = found(meshed("a", NEW.pem, deployment="web"))
    assert (one.status, one.detail) == (Status.OK, "1 meshed")


def test_pods_that_started_before_every_anchor_was_replaced_fail_and_are_named() -> None:
    one = found(
        meshed("a", OLD.pem, deployment="web"),
        meshed("b", OLD.pem, deployment="web"),
        meshed("c", OLD.pem, statefulset="db"),
        meshed("d", NEW.pem, deployment="fresh"),
    )
    assert one.status is Status.FAILURE
    assert "shop deployment/web (2 pods), shop statefulset/db (1 pod)" in one.detail
    assert "fresh" not in one.detail
    assert "`kubectl -n shop rollout restart deployment/web`" in one.hint
    assert "`kubectl -n shop rollout restart statefulset/db`" in one.hint


def test_pods_that_still_trust_the_present_issuer_are_a_warning() -> None:
    one = found(meshed("a", NEW.pem, deployment="web"), bundle=NEW.pem + OLD.pem)
    assert one.status is Status.WARNING
    assert "shop deployment/web" in one.detail
    # The step before the new anchor signs: everybody trusts both, the old one still signs.
    signed = certified("identity.linkerd.cluster.local", OLD)
    one = found(meshed("a", OLD.pem, deployment="web"), bundle=NEW.pem + OLD.pem, signer=signed)
    assert one.status is Status.WARNING


def test_pods_that_lack_the_anchor_which_signs_fail_though_they_trust_another_one() -> None:
    one = found(meshed("a", OLD.pem, deployment="web"), bundle=NEW.pem + OLD.pem)
    assert one.status is Status.FAILURE


def test_roots_that_cannot_be_known_are_taken_for_others() -> None:
    one = found(meshed("a", OLD.pem, literal=False, deployment="web"))
    assert one.status is Status.FAILURE


@pytest.mark.parametrize("text", [NEW.pem.strip(), f"{NEW.pem.strip()}\n", f"{NEW.pem}\n\n"])
def test_the_same_anchors_written_otherwise_are_the_same(text: str) -> None:
    assert found(meshed("a", text, deployment="web")).status is Status.OK
    both, turned = NEW.pem + OLD.pem, OLD.pem + NEW.pem
    assert found(meshed("a", turned, deployment="web"), bundle=both).status is Status.OK


def test_the_control_planes_pods_are_named_first_and_then_those_of_links() -> None:
    one = found(
        meshed("a", OLD.pem, "a-shop", deployment="web"),
        meshed("b", OLD.pem, "linkerd-multicluster", deployment="controller-west"),
        meshed("c", OLD.pem, "linkerd", literal=False, deployment="linkerd-destination"),
    )
    names = ["linkerd-destination", "controller-west", "web"]
    places = [one.detail.index(name) for name in names]
    assert places == sorted(places)


def test_a_control_plane_whose_helm_value_is_written_otherwise_is_not_stale() -> None:
    value = f"\n{NEW.pem}\n"
    pod = meshed("c", value, "linkerd", literal=False, deployment="linkerd-identity")
    seen = view(roots(NEW.pem), config_map(value), issuer(), pod)
    one = of(list(trust_roots.trust_roots(cluster_case(seen))), TITLE)
    assert one.status is Status.OK


def test_a_pod_without_an_owner_to_restart_is_to_be_deleted() -> None:
    assert "`kubectl -n shop delete pod/a`" in found(meshed("a", OLD.pem)).hint


def test_pods_at_their_end_and_unmeshed_ones_do_not_count() -> None:
    done = meshed("a", OLD.pem, job="once")
    done["status"]["phase"] = "Succeeded"
    plain = thing("v1", "Pod", "b", "shop", status={"phase": "Running"})
    assert found(done, plain).status is Status.SKIPPED


def test_the_pods_of_each_end_of_a_link_have_to_trust_the_other_ends_issuer() -> None:
    def end(cluster: str, *pods: dict[str, Any], bundle: str = NEW.pem) -> Any:
        return view(roots(bundle), config_map(bundle), issuer(), *pods, cluster=cluster)

    stale = meshed("a", OLD.pem, "linkerd-multicluster", deployment="controller-west")
    case = link_case(end("east", stale), end("west"))
    lines = list(trust_roots.across(case))
    mirror = of(lines, "meshed pods of east trust the issuer of west")
    assert mirror.status is Status.FAILURE
    assert "linkerd-multicluster deployment/controller-west" in mirror.detail
    assert of(lines, "meshed pods of west trust the issuer of east").status is Status.OK
    other = link_case(end("east", bundle=OLD.pem), end("west"))
    lines = list(trust_roots.across(other))
    strange = of(lines, "meshed pods of east trust the issuer of west")
    assert (strange.status, "not among its anchors" in strange.detail) == (Status.FAILURE, True)


def test_one_pod_is_read_in_full_for_each_strange_bundle() -> None:
    pods = [
        meshed("a", OLD.pem, deployment="web"),
        meshed("b", OLD.pem, "other", deployment="web"),
        meshed("c", NEW.pem, deployment="web"),
        meshed("d", OLD.pem + NEW.pem, "linkerd", deployment="linkerd-identity"),
    ]
    seen = view(roots(NEW.pem), config_map(NEW.pem), *pods)
    for check in trust_roots.CHECKS:
        assert check.reads_more is not None
        listings = list(check.reads_more(mesh(), "west", seen))
        assert listings == [named(POD, "shop", "a")]
