"""Objects of the links that begin or end in one cluster."""

from __future__ import annotations

from collections.abc import Iterator

from config.core.mesh import MeshConfig
from config.inventory.model import MadeObject
from vocabulary.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    HTTP_ROUTE,
    LINK,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
)
from vocabulary.linkerd import MULTICLUSTER, credentials_secret


def link_objects(mesh: MeshConfig, cluster: str) -> Iterator[MadeObject]:
    """Credentials, Links, marks of exports and HTTPRoutes with weights in a cluster."""
    linkerd = mesh.clusters[cluster].linkerd
    for link in mesh.links_to(cluster):
        account = link.service_account
        yield MadeObject(SERVICE_ACCOUNT, MULTICLUSTER, account)
        yield MadeObject(CLUSTER_ROLE, "", account)
        yield MadeObject(CLUSTER_ROLE_BINDING, "", account)
        yield MadeObject(SECRET, MULTICLUSTER, f"{account}-token")
    for link in mesh.links_from(cluster):
        secret = credentials_secret(link.target)
        yield MadeObject(SECRET, MULTICLUSTER, secret)
        if linkerd.record.links:
            yield MadeObject(SECRET, linkerd.namespace, secret)
            yield MadeObject(LINK, MULTICLUSTER, link.target)
        for export in link.exports:
            if export.weights is not None:
                yield MadeObject(HTTP_ROUTE, export.namespace, link.mirror_of(export))
    for exported in mesh.exports_of(cluster):
        service = exported.service
        yield MadeObject(SERVICE, service.namespace, service.name, patch=True)
