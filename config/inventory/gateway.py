"""The multicluster gateway of a cluster: what links and checks have to know of it."""

from __future__ import annotations

from dataclasses import dataclass

from config.core.cluster import ClusterConfig
from config.core.mesh import gateway_identity, service_account


@dataclass(frozen=True)
class GatewayView:
    """The gateway of one cluster, whatever product it is.

    Facts: Linkerd docs, "Multi-cluster communication".
    """

    cluster: str
    """Name of the cluster."""
    namespace: str
    """Namespace of its Service and its pods."""
    service: str
    """Name of the Service with its ports and annotations."""
    service_type: str
    """Type of that Service."""
    service_account: str
    """ServiceAccount of its pods."""
    identity: str
    """mTLS identity of its proxy."""
    workload: str
    """Name of the Deployment or DaemonSet that runs its pods."""
    pod_labels: dict[str, str]
    """Labels that select its pods."""
    port: int
    """Port of the Service that requests from other clusters arrive at (``mc-gateway``)."""
    probe_port: int
    """Port of the Service that is probed (``mc-probe``)."""
    pod_probe_port: int
    """Port of the pod that answers the probe."""
    probe_path: str
    """Path that is probed."""
    probe_period_seconds: int
    """Seconds between two probes."""
    addresses: tuple[str, ...]
    """Addresses that the stack file gives; empty where the Service's status has them."""
    probed_through_proxy: bool
    """Whether the proxy answers the probe itself; Ambassador's health route does otherwise."""


def gateway(cluster: str, config: ClusterConfig) -> GatewayView | None:
    """The gateway of the cluster named `cluster`; None where it has none."""
    ambassador = config.ambassador
    if ambassador is None or ambassador.gateway is None:
        return None
    role = ambassador.gateway
    return GatewayView(
        cluster=cluster,
        namespace=ambassador.namespace,
        service=ambassador.gateway_service,
        service_type=ambassador.service.type,
        service_account=service_account(cluster, config),
        identity=str(gateway_identity(cluster, config)),
        workload=ambassador.workload,
        pod_labels=ambassador.pod_labels,
        port=role.port,
        probe_port=role.service_probe_port,
        pod_probe_port=role.pod_probe_port,
        probe_path=role.probe_path,
        probe_period_seconds=role.probe_period_seconds,
        addresses=role.address,
        probed_through_proxy=role.probe == "proxy",
    )
