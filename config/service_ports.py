"""Ports of existing Services that a stack file names, and what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.links.exports import ServiceRef

HTTP_PORT, HTTPS_PORT = 80, 443


@dataclass(frozen=True)
class NamedPort:
    """A port that a Service has to have."""

    service: ServiceRef
    """The Service."""
    port: int
    """The port."""
    path: str
    """Key path that names the port."""
    use: str
    """What uses it, for a sentence."""


def named_ports(mesh: MeshConfig, cluster: str) -> Iterator[NamedPort]:
    """Ports of existing Services of a cluster that a stack file names."""
    config = mesh.clusters[cluster]
    for index, link in enumerate(mesh.links):
        for place, export in enumerate(link.exports):
            service = ServiceRef(export.namespace, export.service)
            path = f"links[{index}].exports[{place}]"
            uses = [key for key in ("weights", "mapping") if getattr(export, key) is not None]
            if link.target == cluster:
                for use in uses[:1]:
                    yield NamedPort(service, export.port, f"{path}.port", f"{path}.{use}")
                opaque = (export.traffic.opaque_ports if export.traffic else None) or ()
                for number, port in enumerate(opaque):
                    key = f"{path}.traffic.opaquePorts[{number}]"
                    yield NamedPort(service, port, key, key)
            if link.source == cluster and export.weights is not None:
                yield NamedPort(service, export.port, f"{path}.port", f"{path}.weights")
    for place, ingress in enumerate(config.ingresses):
        path = f"clusters.{cluster}.ingresses[{place}]"
        yield NamedPort(
            ServiceRef(ingress.namespace, ingress.service), ingress.port, f"{path}.port", path
        )
    for view in config.each_ambassador:
        yield from _of_routes(f"clusters.{cluster}.{view.ambassador_key}", view)


def _of_routes(key: str, cluster: ClusterConfig) -> Iterator[NamedPort]:
    """Ports that the routes of an Ambassador name, the only one of `cluster`."""
    for place, mapping in enumerate(cluster.ambassador.mappings if cluster.ambassador else ()):
        name, _, rest = mapping.service_host.partition(".")
        space, within, _ = rest.partition(".svc.")
        if within:
            scheme, _, address = mapping.service.rpartition("://")
            given = address.partition(":")[2]
            port = int(given) if given else HTTPS_PORT if scheme == "https" else HTTP_PORT
            path = f"{key}.mappings[{place}]"
            yield NamedPort(ServiceRef(space, name), port, f"{path}.service", path)
