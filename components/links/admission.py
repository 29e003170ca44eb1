"""Policy of a multicluster gateway: which clients may call which Services through it.

Facts: those of `config.inventory.admission`; linkerd2 edge-26.8.3,
``policy-controller/k8s/index/src/inbound/index.rs``: as soon as a Server has one route, requests
that no route matches are refused, and policies of the Server apply to its routes as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.core.policy import (
    Manifest,
    Pods,
    authentication,
    authorization,
    rate_limit,
    route,
    server,
    server_alone,
)
from config.inventory import Admission, AdmittedExport
from config.links.gateway_view import Gateway
from vocabulary.kinds import MESH_TLS, POLICY_HTTP_ROUTE, SERVER
from vocabulary.linkerd import PROXY_ADMIN_PORT_NAME


def gateway_policy(found: Admission) -> Iterator[Manifest]:
    """Policy manifests of the gateway's ports of the proxy, those of single exports aside.

    The admin port is one of them where service mirrors probe it. A route for all hosts, which no
    policy targets, is there before those of exports: with the first of these alone, requests to
    all others would be refused while policies are replaced.
    """
    gateway = found.gateway
    space, name = gateway.namespace, gateway.policy
    pods = Pods(space, gateway.pod_labels)
    meshed, every = authentication(MESH_TLS.name, name, space, {"identities": ["*"]})
    if found.everything or len(gateway.servers) > 1:
        yield every
    for one, port in gateway.servers.items():
        protocol = "HTTP/1" if port == PROXY_ADMIN_PORT_NAME else None
        if one == name and not found.everything:
            yield server_alone(one, pods, port, protocol)
        else:
            yield from server(one, pods, port, meshed, protocol)
    if not found.everything:
        yield route(name, space, name)
    if found.to_every_service:
        listed = {"identities": list(found.to_every_service)}
        clients, these = authentication(MESH_TLS.name, gateway.open_policy, space, listed)
        yield these
        yield authorization(gateway.open_policy, space, (SERVER, name), clients)
    if gateway.rate_limit is not None:
        limits = {"total": gateway.rate_limit.total, "identity": gateway.rate_limit.per_client}
        yield rate_limit(name, space, name, limits)


def export_policy(gateway: Gateway, export: AdmittedExport) -> list[Manifest]:
    """Policy manifests of one export, each after what it needs: its route comes last."""
    space, name = gateway.namespace, export.name
    clients, found = authentication(
        MESH_TLS.name, name, space, {"identities": list(export.clients)}
    )
    return [
        found,
        authorization(name, space, (POLICY_HTTP_ROUTE, name), clients),
        route(name, space, gateway.policy, export.hostnames),
    ]
