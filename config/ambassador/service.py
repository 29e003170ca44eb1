"""The Service that clients, and other clusters' proxies, reach Ambassador by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from config.language.formats import Annotations, BalancerClass, Network
from config.language.model import Model
from config.language.problems import Problem
from vocabulary.linkerd import MIRROR_PREFIX


class ServiceConfig(Model):
    """The Service that clients, and other clusters' proxies, reach Ambassador by.

    For an adopted Ambassador, it describes only the gateway's Service.
    """

    type: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    """Type of the Service."""
    annotations: Annotations = {}
    """Annotations for the cloud's load balancer."""
    source_ranges: tuple[Network, ...] = ()
    """Networks that may reach the load balancer; all when empty."""
    load_balancer_class: BalancerClass | None = None
    """Controller of the load balancer, if the cluster has several."""
    external_traffic_policy: Literal["Cluster", "Local"] | None = None
    """Local keeps the client's address and skips nodes without a pod."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Fields that the API server refuses for this type of Service, and reserved annotations."""
        fitting = {
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
