"""Starting a pod of a run, and waiting until it is ready."""

from __future__ import annotations

import threading
import time

from verify.cluster import Cluster, ClusterRefusedError
from verify.pods import waiting
from verify.pods.logs import wait_until
from vocabulary.kinds import POD, Object, name_of, namespace_of
from vocabulary.linkerd import PROXY_CONTAINER

ACCOUNT_SECONDS = 20.0
"""How long a new namespace may take to get its ServiceAccount."""


def start(
    cluster: Cluster, pod: Object, *, meshed: bool, seconds: float, stop: threading.Event
) -> str | None:
    """Create a pod and wait until it is ready; why it is not, or None.

    Raises ClusterRefusedError.
    """
    _create(cluster, pod, stop)
    found: Object = {}

    def ready() -> bool:
        nonlocal found
        found = cluster.get(POD, namespace_of(pod), name_of(pod)) or {}
        return waiting.ready(found)

    if not wait_until(ready, seconds, stop):
        return f"not ready within {seconds:.0f} s: {waiting.why_not(cluster, found)}"
    if meshed and PROXY_CONTAINER not in _containers(found):
        return "it got no proxy although it asked for one; see the proxy injector"
    return None


def _create(cluster: Cluster, pod: Object, stop: threading.Event) -> None:
    end = time.monotonic() + ACCOUNT_SECONDS
    while True:
        try:
            cluster.create(pod)
            return
        except ClusterRefusedError as error:
            late = error.status == 403 and "service account" in str(error).lower()
            if not late or time.monotonic() > end or stop.wait(0.5):
                raise


def _containers(pod: Object) -> set[str]:
    spec = pod.get("spec") or {}
    keys = ("containers", "initContainers")
    return {str(one.get("name")) for key in keys for one in spec.get(key) or []}
