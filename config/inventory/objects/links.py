"""Objects of the links that begin or end in one cluster."""

from __future__ import annotations

from collections.abc import Iterator

from config.core.mesh import MeshConfig
from config.inventory.model import MadeObject
from vocabulary.kinds import (
    AUTHORIZATION_POLICY,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    HTTP_ROUTE,
    LINK,
    MESH_TLS,
    SECRET,
    SERVER,
    SERVICE,
    SERVICE_ACCOUNT,
)
from vocabulary.linkerd import MULTICLUSTER, credentials_secret


def link_objects(mesh: MeshConfig, cluster: str) -> Iterator[MadeObject]:
    """Policy of gateways, credentials, Links, labels of exports, weighted HTTPRoutes."""
    linkerd = mesh.clusters[cluster].linkerd
    for gateway in mesh.gateways(cluster) if linkerd.generation.policy else ():
        yield MadeObject(MESH_TLS, gateway.namespace, gateway.policy)
        for server in gateway.servers:
            yield MadeObject(SERVER, gateway.namespace, server)
            yield MadeObject(AUTHORIZATION_POLICY, gateway.namespace, server)
    for link in mesh.links_to(cluster):
        account = link.service_account
        yield MadeObject(SERVICE_ACCOUNT, MULTICLUSTER, account)
        yield MadeObject(CLUSTER_ROLE, "", account)
        yield MadeObject(CLUSTER_ROLE_BINDING, "", account)
        yield MadeObject(SECRET, MULTICLUSTER, f"{account}-token")
    for link in mesh.links_from(cluster):
        secret = credentials_secret(link.target)
        yield MadeObject(SECRET, MULTICLUSTER, secret)
        if linkerd.generation.links:
            yield MadeObject(SECRET, linkerd.namespace, secret)
            yield MadeObject(LINK, MULTICLUSTER, link.target)
        for export in link.exports:
            if export.weights is not None:
                yield MadeObject(HTTP_ROUTE, export.namespace, link.mirror_of(export))
    for exported in mesh.exports_of(cluster):
        service = exported.service
        yield MadeObject(SERVICE, service.namespace, service.name, patch=True)
