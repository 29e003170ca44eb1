"""Objects of one cluster's Ambassador: Hosts, routes, policy, Secrets, patches where adopted."""

from __future__ import annotations

from collections.abc import Iterator

from config.ambassador.adoption import AdoptConfig
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import HEALTH_MAPPING, HostConfig
from config.core.mesh import MeshConfig
from config.inventory.hosts import hosts
from config.inventory.model import MadeObject
from vocabulary.ambassador import MODULE_NAME, TRACING_NAME
from vocabulary.kinds import (
    AUTHORIZATION_POLICY,
    CERTIFICATE,
    HOST,
    LISTENER,
    MAPPING,
    MODULE,
    NAMESPACE,
    NETWORK_AUTHENTICATION,
    PATCHED,
    SECRET,
    SERVER,
    SERVICE,
    TLS_CONTEXT,
    TRACING_SERVICE,
    Kind,
)


def ambassador_objects(mesh: MeshConfig, cluster: str) -> Iterator[MadeObject]:
    """Objects of a cluster's Ambassadors, beside their releases; none where it has none."""
    for view in mesh.each_ambassador(cluster):
        yield from _of_one(view, cluster)


def _of_one(mesh: MeshConfig, cluster: str) -> Iterator[MadeObject]:
    config = mesh.clusters[cluster]
    ambassador = config.ambassador
    if ambassador is None:
        return
    if ambassador.adopt is not None:
        yield from _patches(ambassador, ambassador.adopt)
    else:
        yield from _secrets(ambassador)
    every = hosts(mesh, cluster)
    yield from _certificates(ambassador, every)
    space = ambassador.namespace
    if ambassador.own_gateway_service is not None:
        yield MadeObject(SERVICE, space, ambassador.gateway_service)
    for kind, name in _served(mesh, cluster, ambassador, every):
        yield MadeObject(kind, space, name)
    if config.linkerd.generation.policy:
        for kind, name in _policy(ambassador):
            yield MadeObject(kind, space, name)


def _secrets(config: AmbassadorConfig) -> Iterator[MadeObject]:
    names = [item.name for item in config.image_pull_secrets if item.docker_config_json is not None]
    if config.edge_stack is not None:
        names += config.edge_stack.secrets(config.name)
    for name in names:
        yield MadeObject(SECRET, config.namespace, name)


def _patches(config: AmbassadorConfig, adopted: AdoptConfig) -> Iterator[MadeObject]:
    space, on_namespace = config.namespace, config.sidecar.injection == "namespace"
    if on_namespace:
        yield MadeObject(NAMESPACE, "", space, patch=True)
    # The injection is asked for on the pods, or its change restarts them.
    yield MadeObject(PATCHED[adopted.kind], space, config.workload, patch=True)
    if adopted.module == "patch":
        yield MadeObject(MODULE, space, MODULE_NAME, patch=True)


def _certificates(config: AmbassadorConfig, every: tuple[HostConfig, ...]) -> Iterator[MadeObject]:
    for host in every:
        if host.tls is None or host.tls_secret is None:
            continue
        space = host.tls.namespace or config.namespace
        if host.tls.cert_manager is not None:
            yield MadeObject(CERTIFICATE, space, host.tls_secret)
        elif host.tls.trial:
            yield MadeObject(SECRET, space, host.tls_secret)


def _served(
    mesh: MeshConfig, cluster: str, config: AmbassadorConfig, every: tuple[HostConfig, ...]
) -> Iterator[tuple[Kind, str]]:
    for listener in config.all_listeners:
        yield LISTENER, listener.name
    if config.adopt is not None and config.adopt.module == "make":
        yield MODULE, MODULE_NAME
    if config.tracing is not None:
        yield TRACING_SERVICE, TRACING_NAME
    for host in every:
        if config.has_hosts:
            yield HOST, host.name
        elif host.tls is not None:
            yield TLS_CONTEXT, host.name
    for mapping in (*config.mappings, *mesh.asked_mappings(cluster)):
        yield MAPPING, mapping.name
    if config.gateway is not None:
        yield MAPPING, HEALTH_MAPPING


def _policy(config: AmbassadorConfig) -> Iterator[tuple[Kind, str]]:
    if config.all_public_ports:
        yield NETWORK_AUTHENTICATION, config.public_policy
        for port in config.all_public_ports:
            yield from _server(f"{config.public_policy}-{port}")


def _server(name: str) -> Iterator[tuple[Kind, str]]:
    yield SERVER, name
    yield AUTHORIZATION_POLICY, name
