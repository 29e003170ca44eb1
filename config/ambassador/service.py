"""The Service that clients, and other clusters' proxies, reach Ambassador by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from config.language.formats import Annotations, BalancerClass, IpAddress, Network, Port
from config.language.model import Model, doubled
from config.language.problems import Problem
from vocabulary.linkerd import MIRROR_PREFIX


class NodePorts(Model):
    """Ports that every node opens for the ports of a Service; Kubernetes chooses those left out.

    The API server accepts 30000 to 32767, unless it has another ``--service-node-port-range``.
    """

    http: Port | None = None
    """For port 80, which clients reach."""
    https: Port | None = None
    """For port 443, which clients reach."""
    gateway: Port | None = None
    """For port ``mc-gateway``, which proxies of other clusters reach."""
    probe: Port | None = None
    """For port ``mc-probe``, which other clusters probe."""

    def given(self) -> dict[str, int]:
        """The ports that are given, by their keys."""
        found = {key: getattr(self, key) for key in type(self).model_fields}
        return {key: port for key, port in found.items() if port is not None}

    def inconsistencies(self) -> Iterator[Problem]:
        """One node port for two ports."""
        yield from doubled("node port", ((key, str(port)) for key, port in self.given().items()))


class ServiceConfig(Model):
    """The Service that clients, and other clusters' proxies, reach Ambassador by.

    For an adopted Ambassador, it describes only the gateway's Service.
    """

    type: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    """Type of the Service."""
    node_ports: NodePorts = NodePorts()
    """Ports of the nodes. Links to a gateway of type NodePort use those of its two ports."""
    annotations: Annotations = {}
    """Annotations for the cloud's load balancer."""
    source_ranges: tuple[Network, ...] = ()
    """Networks that may reach the load balancer; all when empty."""
    load_balancer_class: BalancerClass | None = None
    """Controller of the load balancer, if the cluster has several."""
    load_balancer_ip: Annotated[IpAddress | None, Field(alias="loadBalancerIP")] = None
    """Address that the load balancer is to have, where its controller reads this field."""
    external_traffic_policy: Literal["Cluster", "Local"] | None = None
    """Local keeps the client's address and skips nodes without a pod."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Fields that the API server refuses for this type of Service, and reserved annotations."""
        fitting = {
            "nodePorts": (self.node_ports.given(), ("NodePort", "LoadBalancer")),
            "loadBalancerIP": (self.load_balancer_ip, ("LoadBalancer",)),
            "sourceRanges": (self.source_ranges, ("LoadBalancer",)),
            "loadBalancerClass": (self.load_balancer_class, ("LoadBalancer",)),
            "externalTrafficPolicy": (self.external_traffic_policy, ("LoadBalancer", "NodePort")),
        }
        for key, (value, types) in fitting.items():
            if value and self.type not in types:
                yield Problem(
                    key,
                    f"a Service of type {self.type} cannot have {key}",
                    f"leave it out, or write type: {types[0]}",
                    about=("type",),
                )
        for key in self.annotations:
            if key.startswith(MIRROR_PREFIX):
                yield Problem(
                    f'annotations["{key}"]',
                    "the program writes Linkerd's multicluster annotations",
                    "leave it out, and describe the gateway under ambassador.gateway",
                )
