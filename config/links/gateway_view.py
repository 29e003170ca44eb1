"""The multicluster gateways of a cluster, whatever software provides them.

Links, exports, credentials and checks read gateways from here alone. Another kind of gateway is
another entry of KINDS.

Facts: Linkerd docs, "Multi-cluster communication"; the annotations and port names that
``linkerd multicluster link-gen`` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from config.core.cluster import ClusterConfig
from config.links.link import LinkConfig
from config.links.link import Probe as ProbeConfig
from vocabulary.linkerd import (
    GATEWAY_IDENTITY,
    GATEWAY_NAME,
    GATEWAY_NAMESPACE,
    GATEWAY_PORT_NAME,
    MULTICLUSTER_GATEWAY,
    PROBE_PATH,
    PROBE_PERIOD,
    PROBE_PORT_NAME,
    PROXY_ADMIN_PORT,
    PROXY_ADMIN_PORT_NAME,
    PROXY_INBOUND_PORT,
    PROXY_INBOUND_PORT_NAME,
    identity,
)


@dataclass(frozen=True)
class GatewayPort:
    """A port of the gateway's Service."""

    name: str
    """Its name."""
    number: int
    """Port of the Service."""
    target: int
    """Port of the pods."""


@dataclass(frozen=True)
class Probe:
    """How service mirrors probe a gateway."""

    port: GatewayPort
    """The port that is probed."""
    path: str
    """Path of the request, with its leading slash."""
    period_seconds: int
    """Seconds between two probes."""
    timeout_seconds: int
    """Seconds until a probe counts as failed."""
    failure_threshold: int
    """Failures in a row after which the gateway counts as dead."""


@dataclass(frozen=True)
class Gateway:
    """A multicluster gateway of one cluster."""

    cluster: str
    """Name of its cluster."""
    key: str
    """Where the stack file describes it, for example ``clusters.hub.ambassador.gateway``."""
    service_type_key: str
    """Where the stack file has the type of its Service."""
    name: str
    """Name that the names of its policies begin with."""
    namespace: str
    """Namespace of its pods, Service and policies."""
    service: str
    """Name of its Service."""
    service_type: Literal["LoadBalancer", "NodePort", "ClusterIP"]
    """Type of that Service."""
    workload_kind: Literal["Deployment", "DaemonSet"]
    """Kind of what runs its pods."""
    workload: str
    """Name of what runs its pods."""
    pod_labels: Mapping[str, str]
    """Labels that select its pods."""
    identity: str
    """mTLS identity of its proxies."""
    addresses: tuple[str, ...]
    """IP addresses or DNS names of the stack file; empty where its Service has them."""
    port: GatewayPort
    """The port that proxies of other clusters connect to."""
    probe: Probe
    """How it is probed."""
    annotations: Mapping[str, str]
    """Annotations by which its Service is known as a gateway."""

    @property
    def ports(self) -> tuple[GatewayPort, GatewayPort]:
        """The ports of its Service."""
        return self.port, self.probe.port

    @property
    def export_annotations(self) -> dict[str, str]:
        """Annotations of a Service that is exported through it, where there are no Links."""
        return {GATEWAY_NAME: self.service, GATEWAY_NAMESPACE: self.namespace}

    @property
    def policy(self) -> str:
        """Name of the authentication of its clients."""
        return f"{self.name}-gateway"

    @property
    def servers(self) -> dict[str, str]:
        """Port of the pods, by container port name, of each of its Servers, by their names.

        The admin port is among them where the probe reaches it through the Service.
        """
        found = {self.policy: PROXY_INBOUND_PORT_NAME}
        if self.probe.port.target == PROXY_ADMIN_PORT:
            found[f"{self.policy}-admin"] = PROXY_ADMIN_PORT_NAME
        return found

    def through(self, link: LinkConfig) -> Gateway:
        """The gateway as a link reaches it: with the address, port and probe of the link.

        The name of a port stays, its number is the one that the source connects to.
        """
        own = link.gateway
        return replace(
            self,
            addresses=own.address if own is not None else self.addresses,
            port=replace(self.port, number=(own and own.port) or self.port.number),
            probe=replace(
                self.probe,
                period_seconds=link.probe.period_seconds or self.probe.period_seconds,
                timeout_seconds=link.probe.timeout_seconds,
                failure_threshold=link.probe.failure_threshold,
            ),
        )


def gateways(name: str, cluster: ClusterConfig) -> tuple[Gateway, ...]:
    """The gateways of the cluster called `name`; the first is the one that links go through."""
    return tuple(gateway for kind in KINDS for gateway in kind(name, cluster))


def _ambassador(name: str, cluster: ClusterConfig) -> Iterator[Gateway]:
    ambassador = cluster.ambassador
    if ambassador is None or ambassador.gateway is None:
        return
    config = ambassador.gateway
    account = ambassador.account(name)
    own = identity(account, ambassador.namespace, cluster.linkerd.namespace, cluster.trust_domain)
    path = config.probe_path
    defaults = ProbeConfig()
    yield Gateway(
        cluster=name,
        key=f"clusters.{name}.{cluster.ambassador_key}.gateway",
        service_type_key=f"clusters.{name}.{cluster.ambassador_key}.service.type",
        name=ambassador.name,
        namespace=ambassador.namespace,
        service=ambassador.gateway_service,
        service_type=ambassador.service.type,
        workload_kind=ambassador.adopt.kind if ambassador.adopt is not None else "Deployment",
        workload=ambassador.workload,
        pod_labels=ambassador.pod_labels,
        identity=own,
        addresses=config.address,
        port=GatewayPort(GATEWAY_PORT_NAME, config.port, PROXY_INBOUND_PORT),
        probe=Probe(
            GatewayPort(PROBE_PORT_NAME, config.service_probe_port, config.pod_probe_port),
            path,
            config.probe_period_seconds,
            defaults.timeout_seconds,
            defaults.failure_threshold,
        ),
        annotations={
            GATEWAY_IDENTITY: own,
            MULTICLUSTER_GATEWAY: "true",
            PROBE_PATH: cluster.linkerd.generation.probe_path(path),
            PROBE_PERIOD: str(config.probe_period_seconds),
        },
    )


KINDS: tuple[Callable[[str, ClusterConfig], Iterator[Gateway]], ...] = (_ambassador,)
"""What finds the gateways of each kind."""
