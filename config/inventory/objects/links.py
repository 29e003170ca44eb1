"""Objects of the links that begin or end in one cluster."""

from __future__ import annotations

from collections.abc import Iterator

from config.core.mesh import MeshConfig
from config.inventory.admission import Admission
from config.inventory.model import MadeObject
from vocabulary.kinds import (
    AUTHORIZATION_POLICY,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    HTTP_LOCAL_RATE_LIMIT,
    HTTP_ROUTE,
    LINK,
    MESH_TLS,
    POLICY_HTTP_ROUTE,
    SECRET,
    SERVER,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
)
from vocabulary.linkerd import MULTICLUSTER, credentials_secret


def gateway_objects(found: Admission) -> Iterator[tuple[Kind, str]]:
    """Policy of a gateway: kinds and names."""
    gateway, name = found.gateway, found.gateway.policy
    if found.everything or len(gateway.servers) > 1:
        yield MESH_TLS, name
    for server in gateway.servers:
        yield SERVER, server
        if found.everything or server != name:
            yield AUTHORIZATION_POLICY, server
    if not found.everything:
        yield POLICY_HTTP_ROUTE, name
    if found.to_every_service:
        yield MESH_TLS, gateway.open_policy
        yield AUTHORIZATION_POLICY, gateway.open_policy
    if gateway.rate_limit is not None:
        yield HTTP_LOCAL_RATE_LIMIT, name
    for export in found.exports:
        for kind in (MESH_TLS, AUTHORIZATION_POLICY, POLICY_HTTP_ROUTE):
            yield kind, export.name


def link_objects(
    mesh: MeshConfig, cluster: str, admissions: tuple[Admission, ...]
) -> Iterator[MadeObject]:
    """Policy of gateways, credentials, Links, labels of exports, weighted HTTPRoutes."""
    linkerd = mesh.clusters[cluster].linkerd
    for found in admissions if linkerd.generation.policy else ():
        for kind, name in gateway_objects(found):
            yield MadeObject(kind, found.gateway.namespace, name)
    for link in mesh.links_to(cluster):
        account = link.service_account
        yield MadeObject(SERVICE_ACCOUNT, MULTICLUSTER, account)
        yield MadeObject(CLUSTER_ROLE, "", account)
        yield MadeObject(CLUSTER_ROLE_BINDING, "", account)
        yield MadeObject(SECRET, MULTICLUSTER, link.token_secret)
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
