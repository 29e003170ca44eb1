"""Host names that a cluster answers for: through Ambassador, and through ingress controllers."""

from __future__ import annotations

from dataclasses import dataclass

from config.ambassador.routes import HostConfig
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.platform.ingress import VIZ_INGRESS, Controller
from vocabulary.linkerd import VIZ


@dataclass(frozen=True)
class IngressHost:
    """A host name that an Ingress or IngressRoute answers for."""

    namespace: str
    """Namespace of the object."""
    name: str
    """Name of the object."""
    host: str
    """Host name."""
    tls_secret: str | None
    """Secret that TLS is terminated with, in the same namespace; None without TLS."""
    controller: Controller
    """Ingress controller that serves it."""


def hosts(mesh: MeshConfig, cluster: str) -> tuple[HostConfig, ...]:
    """Hosts of a cluster's Ambassador, that of the dashboard of viz included."""
    ambassador = mesh.clusters[cluster].ambassador
    if ambassador is None:
        return ()
    return (*ambassador.all_hosts, *mesh.asked_hosts(cluster))


def ingress_hosts(config: ClusterConfig) -> tuple[IngressHost, ...]:
    """Host names of a cluster's Ingresses and IngressRoutes, that of the dashboard included."""
    found = [
        IngressHost(
            item.namespace, item.name, item.host, item.tls_secret(item.name), item.controller
        )
        for item in config.ingresses
    ]
    viz = config.linkerd.viz.ingress
    if viz is not None:
        secret = viz.tls_secret(VIZ_INGRESS)
        found.append(IngressHost(VIZ, VIZ_INGRESS, viz.host, secret, viz.controller))
    return tuple(found)
