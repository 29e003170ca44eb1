"""Objects around Linkerd in one cluster: Ingresses, monitoring, meshed workloads, the sample."""

from __future__ import annotations

from collections.abc import Iterator

from config.core.mesh import MeshConfig
from config.inventory.model import MadeObject
from config.platform.monitoring import DASHBOARDS, POD_MONITORS, dashboard_config_map
from config.platform.observers import observed_ports
from vocabulary.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    PATCHED,
    POD_MONITOR,
    SERVICE,
    Kind,
)


def platform_objects(mesh: MeshConfig, cluster: str) -> Iterator[MadeObject]:
    """Objects of a cluster around Linkerd and Ambassador."""
    config, linked = mesh.clusters[cluster], cluster in mesh.linked_clusters()
    for port in (
        *(port for _, port in config.open_ports),
        *observed_ports(cluster, config, mesh.gateways(cluster), linked),
    ):
        for kind, name in port.objects:
            yield MadeObject(kind, port.namespace, name)
    monitoring = config.monitoring
    if monitoring.pod_monitors is not None:
        for name in POD_MONITORS:
            yield MadeObject(POD_MONITOR, monitoring.pod_monitors.namespace, name)
    if monitoring.dashboards is not None:
        for name in DASHBOARDS:
            space = monitoring.dashboards.namespace
            yield MadeObject(CONFIG_MAP, space, dashboard_config_map(name))
    for ingress in config.every_ingress:
        for manifest in ingress.manifests(ingress.backend(config.domain)):
            metadata = manifest["metadata"]
            yield MadeObject(Kind.of(manifest), metadata["namespace"], metadata["name"])
    for _, patch in config.patches:
        yield MadeObject(PATCHED[patch.kind], patch.namespace, patch.name, patch=True)
    if config.sample is not None:
        sample = config.sample
        yield MadeObject(DEPLOYMENT, sample.namespace, sample.name)
        yield MadeObject(SERVICE, sample.namespace, sample.service)
