"""Services of other owners: exports in targets, shared requests in sources."""

from __future__ import annotations

import pulumi

from components.links.exports import ServiceExports, ServiceExportsArgs
from components.links.traffic import LinkTraffic, LinkTrafficArgs
from components.mesh.state import Mesh
from config.links.exports import ServiceRef
from config.links.link import LinkConfig


def declare_exports(mesh: Mesh) -> None:
    """Mark the exported Services of every cluster that exist, or that this update makes.

    The others are named in a warning.
    """
    for name in mesh.config.clusters:
        ready = [
            export
            for export in mesh.config.exports_of(name)
            # A patch would try to create the Service and fail the update.
            if _exists(
                mesh,
                name,
                export.service,
                f"cluster '{name}' has no Service {export.service} to export; "
                "the first update that finds it exports it",
            )
        ]
        if ready:
            args = ServiceExportsArgs(ready, mesh.providers[name], _before_exports(mesh, name))
            ServiceExports(f"{name}-exports", args)


def declare_traffic(mesh: Mesh) -> None:
    """Share requests to the Services of every source that exist, or that this update makes.

    The others are named in a warning.
    """
    for link in mesh.config.links:
        _traffic(mesh, link)


def _traffic(mesh: Mesh, link: LinkConfig) -> None:
    source = link.source
    ready = [
        export
        for export in link.exports
        if export.weights is not None
        and _exists(
            mesh,
            source,
            ServiceRef(export.namespace, export.service),
            f"cluster '{source}' has no Service {export} whose requests could be shared with "
            f"{link.mirror_of(export)}; the first update that finds it shares them",
        )
    ]
    made = mesh.links[link.name]
    if ready and made is not None:
        before = [mesh.linkerd[source].control_plane, made, *_sample(mesh, source)]
        LinkTraffic(
            f"{link.name}-traffic", LinkTrafficArgs(link, ready, mesh.providers[source], before)
        )


def _before_exports(mesh: Mesh, cluster: str) -> list[pulumi.Resource]:
    """What comes before labels: whom gateways admit, and Links that exclude some of them."""
    excluding = [
        mesh.links[link.name]
        for link in mesh.config.links_to(cluster)
        if any(selector.match_expressions for selector in mesh.config.selectors_of(link).values())
    ]
    return [
        *_sample(mesh, cluster),
        *(one for ambassador in mesh.ambassadors.get(cluster, ()) for one in ambassador.admitting),
        *(link for link in excluding if link is not None),
    ]


def _sample(mesh: Mesh, cluster: str) -> list[pulumi.Resource]:
    return [mesh.samples[cluster].service] if cluster in mesh.samples else []


def _exists(mesh: Mesh, cluster: str, service: ServiceRef, warning: str) -> bool:
    """Whether a Service is in a cluster, or is the sample's; else the update warns."""
    sample = mesh.config.clusters[cluster].sample
    if sample is not None and (sample.namespace, sample.service) == (
        service.namespace,
        service.name,
    ):
        return True
    if service in mesh.reach[cluster].missing_services:
        pulumi.log.warn(warning)
        return False
    return True
