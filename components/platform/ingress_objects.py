"""Ingresses, IngressRoutes and Middlewares as manifests, by the ingress controller.

Facts: Linkerd docs, "Ingress traffic" and "Exposing the dashboard"; the annotations of
ingress-nginx; Traefik docs, Middleware and IngressRoute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from config.core.cluster import LONGEST_COMMON_NAME, ClusterConfig
from config.platform.ingress import VIZ_INGRESS, IngressBase, IngressConfig
from vocabulary.kinds import INGRESS, INGRESS_ROUTE, MIDDLEWARE, Kind
from vocabulary.kubernetes import (
    CERT_MANAGER_CLUSTER_ISSUER,
    CERT_MANAGER_COMMON_NAME,
    CERT_MANAGER_ISSUER,
    SKIP_AWAIT,
)
from vocabulary.linkerd import DST_OVERRIDE_HEADER, VIZ

Manifest = dict[str, Any]

NGINX = "nginx.ingress.kubernetes.io"

VIZ_SNIPPET = """\
proxy_set_header Origin "";
proxy_hide_header l5d-remote-ip;
proxy_hide_header l5d-server-id;
"""
"""The dashboard accepts WebSockets of its own origin only; clients must not get the mesh's headers.
"""


@dataclass(frozen=True)
class _Backend:
    """The Service behind an Ingress called `name`, in the namespace of both."""

    name: str
    namespace: str
    service: str
    port: int
    path: str = "/"
    more: tuple[tuple[str, str], ...] = ()
    """Further annotations for ingress-nginx."""


def ingress_objects(config: IngressConfig, domain: str) -> Iterator[Manifest]:
    """The Middlewares that an Ingress or IngressRoute names, then the object itself.

    `domain` is the cluster's DNS domain.
    """
    backend = _Backend(config.name, config.namespace, config.service, config.port, config.path)
    return _objects(config, backend, domain)


def viz_ingress_objects(cluster: ClusterConfig) -> Iterator[Manifest]:
    """The same for the dashboard of linkerd-viz; nothing where it has no Ingress.

    ingress-nginx replaces the host name by one that the dashboard answers; the values of viz name
    those of the other controllers.
    """
    config = cluster.linkerd.viz.ingress
    if config is None:
        return
    more = (
        (f"{NGINX}/upstream-vhost", f"$service_name.$namespace.svc.{cluster.domain}:8084"),
        (f"{NGINX}/configuration-snippet", VIZ_SNIPPET),
    )
    backend = _Backend(VIZ_INGRESS, VIZ, "web", 8084, more=more)
    yield from _objects(config, backend, cluster.domain)


def _objects(config: IngressBase, backend: _Backend, domain: str) -> Iterator[Manifest]:
    if config.controller == "ingress-nginx":
        yield _ingress(config, backend, _nginx(config, backend))
        return
    middlewares = list(_middlewares(config, backend, domain))
    yield from middlewares
    names = [middleware["metadata"]["name"] for middleware in middlewares]
    if config.controller == "traefik":
        listed = ",".join(f"{backend.namespace}-{name}@kubernetescrd" for name in names)
        key = "traefik.ingress.kubernetes.io/router.middlewares"
        yield _ingress(config, backend, {key: listed})
    else:
        yield _ingress_route(config, backend, names)


def _nginx(config: IngressBase, backend: _Backend) -> dict[str, str]:
    """Annotations for nginx; without service-upstream it would choose the pod itself."""
    found = {f"{NGINX}/service-upstream": "true", **dict(backend.more)}
    auth = config.basic_auth
    if auth is not None:
        secret = f"{auth.namespace}/{auth.secret}" if auth.namespace else auth.secret
        found[f"{NGINX}/auth-type"] = "basic"
        found[f"{NGINX}/auth-secret"] = secret
    return found


def _middlewares(config: IngressBase, backend: _Backend, domain: str) -> Iterator[Manifest]:
    """The Middleware with passwords, then that with the header by which the ingress mode routes."""
    *before, header = config.middlewares(backend.name)
    for name in before:
        secret = config.basic_auth.secret if config.basic_auth is not None else ""
        yield _manifest(MIDDLEWARE, backend, name, {"basicAuth": {"secret": secret}})
    address = f"{backend.service}.{backend.namespace}.svc.{domain}:{backend.port}"
    spec = {"headers": {"customRequestHeaders": {DST_OVERRIDE_HEADER: address}}}
    yield _manifest(MIDDLEWARE, backend, header, spec)


def _ingress(config: IngressBase, backend: _Backend, annotations: dict[str, str]) -> Manifest:
    target = {"service": {"name": backend.service, "port": {"number": backend.port}}}
    path = {"path": backend.path, "pathType": "Prefix", "backend": target}
    spec: dict[str, Any] = {
        "ingressClassName": config.ingress_class,
        "rules": [{"host": config.host, "http": {"paths": [path]}}],
    }
    if config.tls is not None:
        spec["tls"] = [{"hosts": [config.host], "secretName": config.tls_secret(backend.name)}]
    manifest = _manifest(INGRESS, backend, backend.name, spec)
    # Controllers without a load balancer write no address; `./mesh check` reports it.
    manifest["metadata"]["annotations"] = {
        **annotations,
        **_cert_manager(config),
        SKIP_AWAIT: "true",
    }
    return manifest


def _cert_manager(config: IngressBase) -> dict[str, str]:
    if config.tls is None or config.tls.cert_manager is None:
        return {}
    issuer = config.tls.cert_manager
    cluster_wide = issuer.kind == "ClusterIssuer"
    found = {CERT_MANAGER_CLUSTER_ISSUER if cluster_wide else CERT_MANAGER_ISSUER: issuer.issuer}
    if len(config.host) <= LONGEST_COMMON_NAME:
        found[CERT_MANAGER_COMMON_NAME] = config.host
    return found


def _ingress_route(config: IngressBase, backend: _Backend, middlewares: list[str]) -> Manifest:
    match = f"Host(`{config.host}`)"
    if backend.path != "/":
        match += f" && PathPrefix(`{backend.path}`)"
    route = {
        "kind": "Rule",
        "match": match,
        "middlewares": [{"name": name} for name in middlewares],
        "services": [{"name": backend.service, "port": backend.port}],
    }
    spec: dict[str, Any] = {"routes": [route]}
    if config.tls is not None:
        spec["tls"] = {"secretName": config.tls_secret(backend.name)}
    return _manifest(INGRESS_ROUTE, backend, backend.name, spec)


def _manifest(kind: Kind, backend: _Backend, name: str, spec: dict[str, Any]) -> Manifest:
    metadata = {"name": name, "namespace": backend.namespace}
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": metadata,
        "spec": spec,
    }
