"""What controllers of others would do in local clusters, where their containers do not run."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import Thread

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from kube.paths import path_of
from local_clusters import LocalCluster
from tests.integration.ambassador_kinds import GROUP, storing
from tests.unit.checks.issuing import Objects, issue
from vocabulary.kinds import (
    API_SERVICE,
    BUNDLE,
    CERTIFICATE,
    CLUSTER_ISSUER,
    CONFIG_MAP,
    CRD,
    MUTATING_WEBHOOK,
    SECRET,
    SERVICE,
    VALIDATING_WEBHOOK,
    Kind,
    Object,
    name_of,
    namespace_of,
)

SECONDS = 0.5
"""Between two reads of a cluster."""
BALANCED = "203.0.113.200"
"""Address of a Service whose load balancer is another controller's."""
MERGE = "application/merge-patch+json"

_STATED = {
    "reason": "Played",
    "message": "",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}
"""What each condition of a status has to have."""
_WEBHOOKS = (MUTATING_WEBHOOK, VALIDATING_WEBHOOK)


class Cluster:
    """The objects of one cluster, read and written as they are."""

    def __init__(self, api: client.ApiClient) -> None:
        self._api = api
        self._said: set[str] = set()

    def listed(self, kind: Kind) -> list[Object]:
        """Every object of a kind; none where the cluster does not serve it."""
        answer = self._ask("GET", path_of(kind))
        found = answer.get("items") or []
        return [{**one, "apiVersion": kind.api_version, "kind": kind.name} for one in found]

    def create(self, kind: Kind, thing: Object) -> None:
        """Create an object."""
        self._ask("POST", path_of(kind, namespace_of(thing)), thing)

    def patch(self, kind: Kind, thing: Object, change: Object, part: str = "") -> None:
        """Merge a change into an object, or into its subresource."""
        path = path_of(kind, namespace_of(thing), name_of(thing))
        self._ask("PATCH", f"{path}/{part}" if part else path, change)

    def _ask(self, method: str, path: str, body: Object | None = None) -> Object:
        headers = {"Content-Type": MERGE if method == "PATCH" else "application/json"}
        url = f"{self._api.configuration.host}{path}"
        answer = self._api.call_api(method, url, header_params=headers, body=body)
        content = answer.read()  # type: ignore[no-untyped-call]
        if answer.status < 300:
            found: Object = json.loads(content)
            return found
        if answer.status not in (404, 429):
            self._refused(f"{method} {path}: {answer.status} {content.decode()[:300]}")
        return {}

    def _refused(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            print(what, flush=True)


def webhooks(cluster: Cluster) -> None:
    """Let no call of a webhook fail: no pod serves one."""
    for kind in _WEBHOOKS:
        for one in cluster.listed(kind):
            changed = copy.deepcopy(one.get("webhooks") or [])
            if any(hook["failurePolicy"] == "Fail" for hook in changed):
                for hook in changed:
                    hook["failurePolicy"] = "Ignore"
                cluster.patch(kind, one, {"webhooks": changed})


def conversions(cluster: Cluster) -> None:
    """Take the conversion off Ambassador's CRDs, so that objects are stored as they are written."""
    for crd in cluster.listed(CRD):
        conversion = crd["spec"].get("conversion") or {}
        if crd["spec"]["group"] == GROUP and conversion.get("webhook"):
            spec = storing(crd, "v3alpha1")["spec"]
            cluster.patch(
                CRD, crd, {"spec": {**spec, "conversion": {"strategy": "None", "webhook": None}}}
            )


def balancers(cluster: Cluster) -> None:
    """Give an address to the Services whose load balancers the clusters do not play."""
    for one in cluster.listed(SERVICE):
        if one["spec"].get("loadBalancerClass") and not one["status"].get("loadBalancer"):
            given = {"loadBalancer": {"ingress": [{"ip": BALANCED}]}}
            cluster.patch(SERVICE, one, {"status": given}, "status")


def certificates(cluster: Cluster) -> None:
    """Sign, inject and spread as cert-manager and trust-manager do."""
    kinds = (CLUSTER_ISSUER, CERTIFICATE, BUNDLE, SECRET, CONFIG_MAP, *_WEBHOOKS, API_SERVICE)
    before: Objects = {
        (kind, namespace_of(one), name_of(one)): one
        for kind in kinds
        for one in cluster.listed(kind)
    }
    if not any(kind in (CLUSTER_ISSUER, CERTIFICATE, BUNDLE) for kind, _, _ in before):
        return
    after = copy.deepcopy(before)
    issue(after, datetime.now(UTC))
    for key, thing in after.items():
        kind, old = key[0], before.get(key)
        if old is None:
            cluster.create(kind, thing)
        elif kind in (CLUSTER_ISSUER, CERTIFICATE, BUNDLE):
            if thing.get("status") and not old.get("status"):
                conditions = [{**one, **_STATED} for one in thing["status"]["conditions"]]
                cluster.patch(kind, old, {"status": {"conditions": conditions}}, "status")
        elif kind is CONFIG_MAP:
            if thing.get("data") != old.get("data"):
                cluster.patch(kind, old, {"data": thing["data"]})
        elif kind is not SECRET:
            for part in ("webhooks", "spec"):
                if part in thing and thing[part] != old[part]:
                    cluster.patch(kind, old, {part: thing[part]})


PLAYED: tuple[Callable[[Cluster], None], ...] = (webhooks, conversions, balancers, certificates)


@contextmanager
def played(clusters: Mapping[str, LocalCluster]) -> Iterator[None]:
    """Play every controller of `PLAYED` in these clusters, until the block ends."""
    ended = threading.Event()

    def play(cluster: LocalCluster) -> None:
        with cluster.api() as api:
            objects = Cluster(api)
            while not ended.wait(SECONDS):
                for one in PLAYED:
                    # What the API server refuses now is tried again with the next look.
                    with suppress(ApiException, HTTPError):
                        one(objects)

    threads = [Thread(target=play, args=(one,), daemon=True) for one in clusters.values()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(10)
