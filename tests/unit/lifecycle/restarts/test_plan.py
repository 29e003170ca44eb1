"""Which workloads have to restart, from the answers of an API server."""

from __future__ import annotations

import hashlib
import random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kubernetes import client

from config import MeshConfig, load_settings
from config.preconditions import TrustReads
from lifecycle.restarts.plan import Plan, plan
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust, held_trust
from tests.api_servers import Answer, api_server
from tests.certificates import ROOT, certified

OLD, NEW = certified(ROOT, days=900), certified(ROOT, days=900)
BUNDLE = OLD.pem + NEW.pem


def digest(pem: str) -> str:
    return hashlib.sha256(pem.encode()).hexdigest()


def pod(
    namespace: str,
    name: str,
    started_with: str,
    owner: tuple[str, str] | None = None,
    *,
    labels: dict[str, str] | None = None,
    roots: str = "",
    **metadata: Any,
) -> dict[str, Any]:
    """A pod as an API server lists it; the owner is in its ownerReferences."""
    references = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    environment = [{"name": "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS", "value": roots}]
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            "creationTimestamp": "2026-06-01T10:00:00Z",
            "labels": {"linkerd.io/control-plane-ns": "linkerd", **(labels or {})},
            "annotations": {"linkerd.io/trust-root-sha256": digest(started_with)},
            "ownerReferences": references,
            **metadata,
        },
        "spec": {
            "initContainers": [{"name": "linkerd-proxy", "env": environment if roots else []}]
        },
    }


PODS = [
    pod("shop", "web-5d8-a", OLD.pem, labels={"linkerd.io/proxy-deployment": "web"}),
    pod("shop", "web-5d8-b", OLD.pem, labels={"linkerd.io/proxy-deployment": "web"}),
    pod("shop", "fresh-1", BUNDLE.strip(), labels={"linkerd.io/proxy-deployment": "fresh"}),
    pod("shop", "turned", "x", roots=NEW.pem + OLD.pem),
    pod(
        "shop",
        "bare-77-x",
        OLD.pem,
        ("ReplicaSet", "bare-77"),
        labels={"pod-template-hash": "77"},
    ),
    pod("shop", "rs-x", OLD.pem, ("ReplicaSet", "rs")),
    pod("shop", "db-0", OLD.pem, ("StatefulSet", "db")),
    pod("shop", "gone-1", OLD.pem, ("DaemonSet", "gone"), deletionTimestamp="2026-06-01T10:00:00Z"),
    pod("jobs", "once-x", OLD.pem, ("Job", "once")),
    pod("jobs", "alone", OLD.pem),
    pod("jobs", "custom-0", OLD.pem, ("CloneSet", "custom")),
    pod("data", "queue-0", OLD.pem, ("StatefulSet", "queue")),
    pod("ambassador", "amb-1", OLD.pem, labels={"linkerd.io/proxy-deployment": "ambassador"}),
    pod(
        "linkerd-multicluster", "c-1", OLD.pem, labels={"linkerd.io/proxy-deployment": "controller"}
    ),
    pod("linkerd", "dst-1", OLD.pem, labels={"linkerd.io/proxy-deployment": "linkerd-destination"}),
    pod("linkerd", "idn-1", OLD.pem, labels={"linkerd.io/proxy-deployment": "linkerd-identity"}),
    pod("linkerd", "inj-1", f"\n{BUNDLE}\n\n", labels={"linkerd.io/proxy-deployment": "injector"}),
]


def answer(path: str) -> Answer:
    """What the API server of a cluster with these pods gives, in pages of four."""
    parts = urlsplit(path)
    if parts.path.endswith("/configmaps/linkerd-identity-trust-roots"):
        return 200, {"data": {"ca-bundle.crt": BUNDLE}}
    if parts.path.endswith("/configmaps/linkerd-config"):
        # The value of the release, by whose hash the control plane's own pods are annotated.
        text = "\n".join(f"  {line}" for line in f"\n{BUNDLE}\n".splitlines())
        return 200, {"data": {"values": f"identityTrustAnchorsPEM: |+\n{text}\n\n"}}
    if parts.path != "/api/v1/pods":
        return 404, {}
    query = parse_qs(parts.query)
    meshed, verified = query["labelSelector"][0].split(",")
    assert meshed == "linkerd.io/control-plane-ns=linkerd"
    assert verified == "!linkerd-ambassador-mesh/verify"
    first = int(query.get("continue", ["0"])[0])
    more = {"continue": str(first + 4)} if first + 4 < len(PODS) else {}
    return 200, {"metadata": more, "items": PODS[first : first + 4]}


@pytest.fixture(scope="module")
def held() -> HeldTrust:
    """What the guard reads of that cluster."""
    with api_server(answer, tls=False) as server:
        api = client.ApiClient(client.Configuration(host=server.url))
        found = held_trust(api, TrustReads("linkerd"), (5.0, 5.0))
    assert found is not None
    return found


def mesh(**restarts: Any) -> MeshConfig:
    west = {"context": "w", "ambassador": {"gateway": {}, "namespace": "ambassador"}}
    trust = {"restarts": restarts} if restarts else {}
    return load_settings({"clusters": {"west": west}, "trustAnchor": trust}, "t")


def stale(held: HeldTrust, **restarts: Any) -> Plan:
    return plan(mesh(**restarts), "west", (one for one in held.pods if one.stale))


def test_exactly_the_pods_that_started_with_other_anchors_are_stale(held: HeldTrust) -> None:
    assert len(held.pods) == len(PODS)
    assert {one.name for one in held.pods if not one.stale} == {"fresh-1", "turned", "inj-1"}


def test_the_control_plane_restarts_first_then_gateways_then_the_rest(held: HeldTrust) -> None:
    found = [(one.namespace, one.kind, one.name) for one in stale(held).restarts]
    assert found == [
        ("linkerd", "deployment", "linkerd-identity"),
        ("linkerd", "deployment", "linkerd-destination"),
        ("ambassador", "deployment", "ambassador"),
        ("linkerd-multicluster", "deployment", "controller"),
        ("data", "statefulset", "queue"),
        ("shop", "deployment", "bare"),
        ("shop", "deployment", "web"),
        ("shop", "replicaset", "rs"),
        ("shop", "statefulset", "db"),
    ]
    (web,) = [one for one in stale(held).restarts if one.name == "web"]
    assert sorted(one.name for one in web.pods) == ["web-5d8-a", "web-5d8-b"]


def test_what_no_controller_of_kubernetes_starts_again_is_listed_and_not_touched(
    held: HeldTrust,
) -> None:
    left = {one.name: one for one in stale(held).left}
    assert set(left) == {"once", "alone", "custom"}
    assert left["once"].commands("w") == []
    assert left["alone"].commands("w") == ["kubectl --context w -n jobs delete pod alone"]
    assert left["custom"].commands(None) == ["kubectl -n jobs delete pod custom-0"]


@pytest.mark.parametrize(
    ("excluded", "names"),
    [("shop", {"web", "bare", "rs", "db"}), ("shop/deployment/web", {"web"})],
)
def test_excluded_namespaces_and_workloads_are_left_to_the_user(
    held: HeldTrust, excluded: str, names: set[str]
) -> None:
    found = stale(held, by="rotate", excluded=[excluded])
    assert {one.name for one in found.left} == {"once", "alone", "custom"} | names
    assert not names & {one.name for one in found.restarts}
    (one, *_) = [one for one in found.left if one.name in names]
    assert "excluded" in one.left
    assert len(found.all) == len(stale(held).all)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda space, kind, name, place, ending, identity: MeshedPod(
                f"{space}/{'linkerd-identity' if identity else name}",
                True,
                None,
                identity and space == "linkerd",
                kind,
                f"{name}-{place}",
                f"{space}{kind}{name}{place}",
                ending,
            ),
            st.sampled_from(["linkerd", "linkerd-multicluster", "ambassador", "shop", "a"]),
            st.sampled_from(["deployment", "statefulset", "pod", "job", "rollout"]),
            st.sampled_from(["web", "db"]),
            st.integers(0, 9),
            st.booleans(),
            st.booleans(),
        ),
        unique_by=lambda one: one.uid,
        max_size=20,
    ),
    st.randoms(),
)
def test_each_pod_that_runs_on_is_in_one_place_of_the_plan_whatever_their_order(
    pods: list[MeshedPod], order: random.Random
) -> None:
    found = plan(mesh(), "west", pods)
    listed = [one.uid for workload in found.all for one in workload.pods]
    assert sorted(listed) == sorted(one.uid for one in pods if not one.ending)
    stages = [one.stage for one in found.restarts]
    assert stages == sorted(stages)
    order.shuffle(pods)
    assert [str(one) for one in plan(mesh(), "west", pods).all] == [str(one) for one in found.all]
