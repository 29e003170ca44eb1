"""What the guard reads of the trust in a cluster, from an API server."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from kubernetes import client

from config.core.cluster import ClusterConfig
from config.inventory.webhooks import webhooks
from config.preconditions import TrustReads
from preflight.meshed_pods import bundle_hashes
from preflight.proxy_trust import HeldTrust, held_trust
from tests.api_servers import Answer, api_server
from tests.certificates import ISSUER, ROOT, certified

OLD, NEW = certified(ROOT), certified(ROOT)
BETWEEN = certified("between", NEW)
BOTH = OLD.pem + NEW.pem
SIGNED = certified(ISSUER, NEW)
WEBHOOK = webhooks(ClusterConfig(context="a"))[0]
READS = TrustReads("linkerd", (WEBHOOK,), ("cert-manager", "linkerd-trust-anchor"))
SPACE = "/api/v1/namespaces/linkerd"
PODS = "/api/v1/pods"
LINKS = "/apis/multicluster.linkerd.io/v1alpha3/namespaces/linkerd-multicluster/links"
ACCOUNTS = "/api/v1/namespaces/linkerd-multicluster/serviceaccounts"
Objects = dict[str, Any]


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def secret(*pems: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": metadata, "data": {"tls.crt": text("".join(pems))}}


def pod(name: str, bundle: str = BOTH, roots: str | None = None, **more: Any) -> dict[str, Any]:
    metadata = {
        "namespace": "shop",
        "name": name,
        "creationTimestamp": "2026-06-01T12:00:00Z",
        "annotations": {"linkerd.io/trust-root-sha256": sorted(bundle_hashes(bundle))[0]},
        **more,
    }
    env = [{"name": "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS", "value": roots}] if roots else []
    return {"metadata": metadata, "spec": {"containers": [{"name": "linkerd-proxy", "env": env}]}}


def objects(**changes: Any) -> Objects:
    """What a cluster in good health answers, by path."""
    return {
        f"{SPACE}/configmaps/linkerd-identity-trust-roots": {"data": {"ca-bundle.crt": BOTH}},
        f"{SPACE}/secrets/linkerd-identity-issuer": secret(SIGNED.pem),
        f"{SPACE}/secrets/{WEBHOOK.secret}": secret(certified("w", NEW, authority=False).pem),
        f"/apis/{WEBHOOK.kind.api_version}/{WEBHOOK.kind.plural}/{WEBHOOK.configuration}": {
            "webhooks": [
                {"clientConfig": {"caBundle": text(BOTH)}},
                {"clientConfig": {"caBundle": text(NEW.pem)}},
            ]
        },
        PODS: {"items": []},
        **changes,
    }


def read(found: Objects, forbidden: tuple[str, ...] = ()) -> HeldTrust:
    """What the guard reads of a cluster with these objects."""

    def respond(path: str) -> Answer:
        place = path.partition("?")[0]
        if place in forbidden:
            return 403, {"kind": "Status", "code": 403}
        return (200, found[place]) if place in found else (404, {"kind": "Status", "code": 404})

    with api_server(respond, tls=False) as server:
        api = client.ApiClient(client.Configuration(host=server.url))
        held = held_trust(api, READS, (5, 5))
    assert held is not None
    return held


def test_a_webhook_is_verified_by_what_each_of_its_bundles_has() -> None:
    [webhook] = read(objects()).webhooks
    assert webhook.authorities == {NEW.certificate}
    assert webhook.certificate is not None
    assert webhook.served_by == f"{WEBHOOK.namespace}/{WEBHOOK.served_by}"


def test_the_certificates_between_issuer_and_anchor_are_read() -> None:
    found = objects()
    path = f"{SPACE}/secrets/linkerd-identity-issuer"
    found[path] = secret(certified(ISSUER, BETWEEN).pem, BETWEEN.pem)
    assert read(found).chain == (BETWEEN.certificate,)


@pytest.mark.parametrize("stamp", ["creationTimestamp", "managedFields"])
def test_an_issuer_counts_from_when_its_secret_was_written_last(stamp: str) -> None:
    """An update that dies between certificate and Secret leaves an old certificate for later."""
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    value: Any = later.isoformat()
    found = objects()
    path = f"{SPACE}/secrets/linkerd-identity-issuer"
    found[path] = secret(
        SIGNED.pem, **{stamp: [{"time": value}] if stamp == "managedFields" else value}
    )
    assert read(found).issuer_since == later
    found[path] = secret(SIGNED.pem)
    assert read(found).issuer_since == SIGNED.certificate.not_valid_before_utc


def test_pods_that_wait_to_run_are_asked_for_and_finished_ones_are_not() -> None:
    found = objects()
    with api_server(lambda path: (200, found.get(path.partition("?")[0], {})), tls=False) as server:
        held_trust(client.ApiClient(client.Configuration(host=server.url)), READS, (5, 5))
        [asked] = [one.path for one in server.requests if one.path.startswith(PODS)]
    assert "phase%21%3DSucceeded" in asked
    assert "phase%3DRunning" not in asked


def test_what_a_pod_started_with_is_read_from_its_environment() -> None:
    found = objects()
    found[PODS] = {
        "items": [
            pod("now"),
            pod("before", OLD.pem, OLD.pem),
            pod("hash", OLD.pem),
            # Linkerd 2.8 writes no hash.
            pod("older", roots=OLD.pem, annotations={}),
            pod("other", roots=BOTH, annotations={}),
            pod("outside", annotations={}),
        ]
    }
    held = {one.workload: one for one in read(found).pods}
    stale = {name for name, one in held.items() if one.stale}
    assert stale == {"shop/before", "shop/hash", "shop/older"}
    assert held["shop/before"].roots == held["shop/older"].roots == frozenset({OLD.certificate})
    assert held["shop/hash"].roots is None


def test_the_lifetime_of_certificates_is_that_of_the_helm_values() -> None:
    found = objects()
    assert read(found).leaf_lifetime == timedelta(hours=24)
    values = {"identity": {"issuer": {"issuanceLifetime": "48h30m0s"}}}
    found[f"{SPACE}/configmaps/linkerd-config"] = {"data": {"values": yaml.safe_dump(values)}}
    assert read(found).leaf_lifetime == timedelta(hours=48, minutes=30)


def test_the_anchor_with_which_cert_manager_signs_is_read() -> None:
    found = objects()
    assert read(found).authority is None
    found["/api/v1/namespaces/cert-manager/secrets/linkerd-trust-anchor"] = secret(OLD.pem)
    assert read(found).authority == OLD.certificate


def test_only_links_that_this_program_made_count() -> None:
    ours = {"managedFields": [{"manager": "pulumi-kubernetes-2c9a"}]}
    chart = {**ours, "annotations": {"meta.helm.sh/release-name": "linkerd-multicluster"}}
    account = "linkerd-service-mirror-remote-access-"
    found = objects()
    found[LINKS] = {
        "items": [
            {"metadata": ours, "spec": {"targetClusterName": "east"}},
            {"metadata": {}, "spec": {"targetClusterName": "by-hand"}},
        ]
    }
    found[ACCOUNTS] = {
        "items": [
            {"metadata": {**ours, "name": f"{account}west"}},
            {"metadata": {**chart, "name": f"{account}default"}},
            {"metadata": {**ours, "name": "other"}},
        ]
    }
    assert read(found).links == {"east", "west"}


def test_what_may_not_be_read_is_named_and_what_does_not_exist_is_not() -> None:
    issuer = f"{SPACE}/secrets/linkerd-identity-issuer"
    held = read(objects(), (issuer, PODS))
    assert held.unread == ("Secret linkerd/linkerd-identity-issuer", "the pods")
    found = objects()
    del found[issuer]
    assert read(found).unread == ()
