"""Ambassador's own objects from the models, for getambassador.io/v3alpha1.

A translator for another API version is another module of this form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from config.ambassador import (
    AmbassadorConfig,
    GatewayConfig,
    HostConfig,
    Listener,
    MappingConfig,
)

API_VERSION = "getambassador.io/v3alpha1"
HEALTH_MAPPING = "public-health-check"


def ambassador_objects(config: AmbassadorConfig) -> Iterator[dict[str, Any]]:
    """Manifests of all Listeners, Hosts and Mappings of an Ambassador."""
    for listener in config.listeners:
        yield _object("Listener", listener.name, config.namespace, _listener(listener))
    for host in config.hosts:
        yield _object("Host", host.name, config.namespace, _host(host))
    for mapping in config.mappings:
        yield _object("Mapping", mapping.name, config.namespace, _mapping(mapping))
    if config.gateway is not None:
        yield _object("Mapping", HEALTH_MAPPING, config.namespace, _health(config.gateway))


def _object(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def _listener(listener: Listener) -> dict[str, Any]:
    return {
        "port": listener.port,
        "protocol": listener.protocol,
        "securityModel": listener.security_model,
        "hostBinding": {"namespace": {"from": "ALL"}},
    }


def _host(host: HostConfig) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "hostname": host.hostname,
        "requestPolicy": {"insecure": {"action": host.insecure}},
        # Without it, an Edge Stack would ask Let's Encrypt for a certificate.
        "acmeProvider": {"authority": "none"},
    }
    if host.tls_secret is not None:
        spec["tlsSecret"] = {"name": host.tls_secret}
    return spec


def _mapping(mapping: MappingConfig) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "hostname": mapping.hostname,
        "prefix": mapping.prefix,
        "service": mapping.service,
    }
    for key, value in (
        ("rewrite", mapping.rewrite),
        ("add_linkerd_headers", mapping.linkerd_headers),
        ("bypass_auth", mapping.bypass_auth),
        ("timeout_ms", mapping.timeout_ms),
    ):
        if value is not None:
            spec[key] = value
    return spec


def _health(gateway: GatewayConfig) -> dict[str, Any]:
    return {
        "hostname": "*",
        "prefix": gateway.health_path,
        "rewrite": "/ambassador/v0/check_ready",
        "service": "localhost:8877",
        "bypass_auth": True,
        # The header would name localhost as the destination within the mesh.
        "add_linkerd_headers": False,
    }
