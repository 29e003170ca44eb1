"""Whether a gateway answers: what the source's service mirror reports.

Its metric ``gateway_alive`` is the only source. A gateway that has never answered leaves
the addresses of mirrors ready, just as one does that answers (measured with edge-26.8.3); only one
that answered once and then stopped has them taken out.
"""

from __future__ import annotations

import http.client
import re
import socket
from typing import Any

from kubernetes import client
from kubernetes.stream import portforward

from checks.facts.objects import is_running
from checks.facts.view import View
from config.variants.linkerd import LinkerdGeneration
from config.variants.linkerds import DEFAULT
from kube.answers import inner
from vocabulary.kinds import LEASE, POD, name_of
from vocabulary.linkerd import CONTROL_PLANE_COMPONENT, MIRROR_LEASE_PREFIX, MULTICLUSTER

METRICS_PORT = 9999
"""Port of the service mirror's metrics, on the pod's own loopback."""
SECONDS = 5.0

_OLD_LABELS = {CONTROL_PLANE_COMPONENT: "linkerd-service-mirror"}

_SAMPLE = re.compile(
    r'^gateway_alive\{[^}]*target_cluster_name="(?P<target>[^"]+)"[^}]*\}\s+(?P<value>\S+)', re.M
)


def mirror_pod(source: View, target: str, generation: LinkerdGeneration = DEFAULT) -> str | None:
    """Name of the pod that holds the lease of the service mirror for a target.

    Where `generation` has no Links, and so no leases, that of the service mirror for all targets.

    Raises Unseen: the source's leases, or pods, could not be read.
    """
    if not generation.links:
        pods = [pod for pod in source.all(POD, MULTICLUSTER, _OLD_LABELS) if is_running(pod)]
        return name_of(pods[0]) if pods else None
    lease = source.get(LEASE, MULTICLUSTER, f"{MIRROR_LEASE_PREFIX}{target}")
    holder = inner(lease, "spec").get("holderIdentity")
    return str(holder) if holder else None


def ask_mirror(api: client.ApiClient, pod: str, target: str) -> bool | None:
    """What a service mirror reports of a target's gateway; None where it cannot be read.

    It is asked by a forwarded port: the mirror's own policy keeps others from its metrics.
    `api` has to be a client of its own, as the forwarding changes how it calls while it begins.
    """
    try:
        text = _metrics(api, pod)
    except Exception:
        # Rights, proxies, kubelets: whatever it is, nothing is known then.
        return None
    return gateway_alive(text, target)


def gateway_alive(metrics: str, target: str) -> bool | None:
    """The value of ``gateway_alive`` for a target in metrics of Prometheus' text format."""
    for sample in _SAMPLE.finditer(metrics):
        if sample["target"] == target:
            return float(sample["value"]) == 1.0
    return None


def _metrics(api: client.ApiClient, pod: str) -> str:
    core = client.CoreV1Api(api)
    forwarded: Any = portforward(
        core.connect_get_namespaced_pod_portforward, pod, MULTICLUSTER, ports=str(METRICS_PORT)
    )
    try:
        connection = _Forwarded(forwarded.socket(METRICS_PORT))
        connection.request("GET", "/metrics", headers={"Connection": "close"})
        return connection.getresponse().read().decode(errors="replace")
    finally:
        forwarded.close()


class _Forwarded(http.client.HTTPConnection):
    """HTTP over a connected socket."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__("127.0.0.1", METRICS_PORT, timeout=SECONDS)
        connected.settimeout(SECONDS)
        self._connected = connected

    def connect(self) -> None:
        self.sock = self._connected
