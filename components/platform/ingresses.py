"""Ingresses: ingresses to meshed Services, and to the dashboard of linkerd-viz."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi

from components.core.component import MeshComponent
from components.core.releases import ReleaseSettings
from components.linkerd.control_plane import LinkerdControlPlane
from config.core.cluster import ClusterConfig
from config.platform.ingress import VIZ_INGRESS, IngressBase, IngressConfig
from vocabulary.kubernetes import CERT_MANAGER_COMMON_NAME, SKIP_AWAIT
from vocabulary.linkerd import DST_OVERRIDE_HEADER, VIZ

Manifest = dict[str, Any]

NGINX = "nginx.ingress.kubernetes.io"
TRAEFIK = "traefik.io/v1alpha1"
"""Group of Traefik 2.10 and later, and the only one of Traefik 3."""
LONGEST_COMMON_NAME = 64

VIZ_SNIPPET = """\
proxy_set_header Origin "";
proxy_hide_header l5d-remote-ip;
proxy_hide_header l5d-server-id;
"""
"""The dashboard takes WebSockets from its own origin only; the mesh's headers stay inside."""


@dataclass(frozen=True)
class IngressesArgs:
    """Arguments of Ingresses."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    linkerd: LinkerdControlPlane
    """The cluster's control plane."""
    releases: ReleaseSettings
    """What all releases share."""


class Ingresses(MeshComponent):
    """Ingresses to meshed Services, and to the dashboard of linkerd-viz.

    Facts: Linkerd docs, "Ingress traffic" and "Exposing the dashboard"; the annotations of
    ingress-nginx; Traefik docs, Middleware and IngressRoute.
    """

    def __init__(
        self, name: str, args: IngressesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        for ingress in args.cluster.ingresses:
            self._declare(ingress_objects(ingress, args.cluster.domain), [])
        viz = args.linkerd.viz
        if args.cluster.linkerd.viz.ingress is not None and viz is not None:
            self._declare(viz_ingress_objects(args.cluster), [viz])
        self.register_outputs({})

    def _declare(self, manifests: Iterator[Manifest], before: list[pulumi.Resource]) -> None:
        """Declare objects, each after those that come before it."""
        waited = list(before)
        for manifest in manifests:
            version, kind, metadata = (manifest[key] for key in ("apiVersion", "kind", "metadata"))
            where = f"{metadata['namespace']}.{metadata['name']}"
            made = pulumi.CustomResource(
                f"kubernetes:{version}:{kind}",
                f"{self.logical_name}-{kind.lower()}-{where}",
                # The engine writes what the API server answers into these.
                {"status": None, **manifest},
                self.child(self._args.provider, depends_on=waited),
            )
            waited.append(made)


@dataclass(frozen=True)
class _Backend:
    """What an Ingress of a name leads to, in its own namespace."""

    name: str
    namespace: str
    service: str
    port: int
    path: str = "/"
    more: tuple[tuple[str, str], ...] = ()
    """Annotations that only this one has, for ingress-nginx."""


def ingress_objects(config: IngressConfig, domain: str) -> Iterator[Manifest]:
    """An Ingress or IngressRoute to a Service, and the Middlewares that it names, which come first.

    `domain` is the cluster's.
    """
    backend = _Backend(config.name, config.namespace, config.service, config.port, config.path)
    return _objects(config, backend, domain)


def viz_ingress_objects(cluster: ClusterConfig) -> Iterator[Manifest]:
    """The same to the dashboard; nothing where it has no Ingress.

    ingress-nginx writes a host name that the dashboard knows; for all others it is told theirs.
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
    """Without service-upstream, nginx chooses a pod itself, past what the proxy knows."""
    found = {f"{NGINX}/service-upstream": "true", **dict(backend.more)}
    auth = config.basic_auth
    if auth is not None:
        secret = f"{auth.namespace}/{auth.secret}" if auth.namespace else auth.secret
        found[f"{NGINX}/auth-type"] = "basic"
        found[f"{NGINX}/auth-secret"] = secret
    return found


def _middlewares(config: IngressBase, backend: _Backend, domain: str) -> Iterator[Manifest]:
    """Passwords come first; then the header by which the proxy in ingress mode routes."""
    *before, header = config.middlewares(backend.name)
    for name in before:
        secret = config.basic_auth.secret if config.basic_auth is not None else ""
        yield _manifest(TRAEFIK, "Middleware", backend, name, {"basicAuth": {"secret": secret}})
    address = f"{backend.service}.{backend.namespace}.svc.{domain}:{backend.port}"
    spec = {"headers": {"customRequestHeaders": {DST_OVERRIDE_HEADER: address}}}
    yield _manifest(TRAEFIK, "Middleware", backend, header, spec)


def _ingress(config: IngressBase, backend: _Backend, annotations: dict[str, str]) -> Manifest:
    target = {"service": {"name": backend.service, "port": {"number": backend.port}}}
    path = {"path": backend.path, "pathType": "Prefix", "backend": target}
    spec: dict[str, Any] = {
        "ingressClassName": config.ingress_class,
        "rules": [{"host": config.host, "http": {"paths": [path]}}],
    }
    if config.tls is not None:
        spec["tls"] = [{"hosts": [config.host], "secretName": config.tls_secret(backend.name)}]
    manifest = _manifest("networking.k8s.io/v1", "Ingress", backend, backend.name, spec)
    # Controllers without a load balancer write no address, and `./mesh check` tells of it.
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
    key = "cluster-issuer" if issuer.kind == "ClusterIssuer" else "issuer"
    found = {f"cert-manager.io/{key}": issuer.issuer}
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
    return _manifest(TRAEFIK, "IngressRoute", backend, backend.name, spec)


def _manifest(
    version: str, kind: str, backend: _Backend, name: str, spec: dict[str, Any]
) -> Manifest:
    metadata = {"name": name, "namespace": backend.namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
