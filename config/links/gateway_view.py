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

from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.gateway import RateLimit
from config.ambassador.service import ServiceConfig
from config.core.cluster import ClusterConfig
from config.language.model import value_at
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
    node: int | None = None
    """Port of the nodes that the stack file gives; None where Kubernetes chooses it."""


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
    service_key: str
    """Where the stack file describes its Service."""
    name: str
    """Name that the names of its policies begin with."""
    namespace: str
    """Namespace of its pods, Service and policies."""
    service: str
    """Name of its Service."""
    service_type: Literal["LoadBalancer", "NodePort", "ClusterIP"]
    """Type of that Service."""
    own_service: ServiceConfig | None
    """Settings of that Service; None where it is Ambassador's own as well."""
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
    admits: Literal["exports", "everything"]
    """Whether it admits clients to exported Services alone, or to every meshed Service."""
    rate_limit: RateLimit | None
    """Limits of HTTP requests through one of its pods."""
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
    def open_policy(self) -> str:
        """Name of the policy of clients that it admits to every Service."""
        return f"{self.policy}-every-service"

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
        """The gateway as a link reaches it: with the address, ports and probe of the link.

        The name of a port stays, its number is the one that the source connects to: that of the
        link, else that of the nodes for a Service of type NodePort, else that of the Service
        (linkerd2 multicluster/cmd/link-gen.go, extractPort).
        """
        own = link.gateway
        port, probe = (self._reached(one) for one in self.ports)
        return replace(
            self,
            addresses=link.own_address or self.addresses,
            port=replace(port, number=(own and own.port) or port.number),
            probe=replace(
                self.probe,
                port=replace(probe, number=(own and own.probe_port) or probe.number),
                period_seconds=link.probe.period_seconds or self.probe.period_seconds,
                timeout_seconds=link.probe.timeout_seconds,
                failure_threshold=link.probe.failure_threshold,
            ),
        )

    def _reached(self, port: GatewayPort) -> GatewayPort:
        """A port with the number by which its Service is reached."""
        if self.service_type != "NodePort" or port.node is None:
            return port
        return replace(port, number=port.node)


def gateways(name: str, cluster: ClusterConfig) -> tuple[Gateway, ...]:
    """The gateways of the cluster called `name`."""
    return tuple(gateway for kind in KINDS for gateway in kind(name, cluster))


def gateway_for(link: LinkConfig, name: str, cluster: ClusterConfig) -> Gateway | None:
    """The gateway of its target, the cluster called `name`, that a link goes through.

    None on a flat network. None too where the target has no such gateway, or several and the link
    names none of them, which validation refuses.
    """
    found = () if link.flat_network else gateways(name, cluster)
    wanted = link.gateway.name if link.gateway is not None else None
    chosen = [one for one in found if wanted in (None, one.name)]
    return chosen[0] if len(chosen) == 1 else None


def _ambassadors(name: str, cluster: ClusterConfig) -> Iterator[Gateway]:
    for view in cluster.each_ambassador:
        yield from _ambassador(name, view)


def _ambassador(name: str, cluster: ClusterConfig) -> Iterator[Gateway]:
    ambassador = cluster.ambassador
    if ambassador is None or ambassador.gateway is None:
        return
    place = f"clusters.{name}.{cluster.ambassador_key}"
    config = ambassador.gateway
    account = ambassador.account(name)
    proxies = identity(
        account, ambassador.namespace, cluster.linkerd.namespace, cluster.trust_domain
    )
    own = ambassador.own_gateway_service
    service = own or ambassador.service
    nodes = _node_ports(ambassador, service)
    path = config.probe_path
    defaults = ProbeConfig()
    yield Gateway(
        cluster=name,
        key=f"{place}.gateway",
        service_key=f"{place}.{'gateway.' if config.service else ''}service",
        name=ambassador.name,
        namespace=ambassador.namespace,
        service=ambassador.gateway_service,
        service_type=service.type,
        own_service=own,
        workload_kind=ambassador.adopt.kind if ambassador.adopt is not None else "Deployment",
        workload=ambassador.workload,
        pod_labels=ambassador.pod_labels,
        identity=proxies,
        addresses=config.address,
        port=GatewayPort(
            GATEWAY_PORT_NAME, config.port, PROXY_INBOUND_PORT, nodes.get(GATEWAY_PORT_NAME)
        ),
        probe=Probe(
            GatewayPort(
                PROBE_PORT_NAME,
                config.service_probe_port,
                config.pod_probe_port,
                nodes.get(PROBE_PORT_NAME),
            ),
            path,
            config.probe_period_seconds,
            defaults.timeout_seconds,
            defaults.failure_threshold,
        ),
        admits=config.admits if cluster.linkerd.generation.policy else "everything",
        rate_limit=config.rate_limit,
        annotations={
            GATEWAY_IDENTITY: proxies,
            MULTICLUSTER_GATEWAY: "true",
            PROBE_PATH: cluster.linkerd.generation.probe_path(path),
            PROBE_PERIOD: str(config.probe_period_seconds),
        },
    )


def _node_ports(config: AmbassadorConfig, service: ServiceConfig) -> dict[str, int]:
    """Node ports of the gateway's Service by the names of its ports."""
    given = service.node_ports
    found = {GATEWAY_PORT_NAME: given.gateway, PROBE_PORT_NAME: given.probe}
    if config.own_gateway_service is None:
        # Extra values of the chart may have them, too.
        path = ".".join((*config.kind.emissary_values, "service", "ports"))
        listed = value_at(config.values, path)
        for port in listed if isinstance(listed, list) else ():
            if isinstance(port, dict) and isinstance(port.get("nodePort"), int):
                found[str(port.get("name"))] = port["nodePort"]
    return {name: port for name, port in found.items() if port is not None}


KINDS: tuple[Callable[[str, ClusterConfig], Iterator[Gateway]], ...] = (_ambassadors,)
"""What finds the gateways of each kind."""
