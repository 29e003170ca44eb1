"""Traefik 2.10 and later, by Ingresses and by its own IngressRoutes.

Facts: Traefik docs, Middleware and IngressRoute; Linkerd docs, "Ingress traffic": Traefik's proxy
is in ingress mode and routes by the header ``l5d-dst-override``, unless Traefik 3 leaves balancing
to it (``nativeLB``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from config.variants.ingress_controller import (
    Backend,
    IngressController,
    Manifest,
    ingress,
    manifest,
)
from vocabulary.ingress import TRAEFIK_MIDDLEWARES
from vocabulary.kinds import INGRESS_ROUTE, MIDDLEWARE
from vocabulary.linkerd import DST_OVERRIDE_HEADER

if TYPE_CHECKING:
    from config.platform.ingress import IngressBase

REQUIREMENT = "Traefik 2.10 or later with its CRDs"


def _names(config: IngressBase, name: str) -> tuple[str, ...]:
    """Passwords come first, then the header."""
    passwords = (f"{name}-basic-auth",) if config.basic_auth is not None else ()
    return passwords if config.native_load_balancing else (*passwords, f"{name}-l5d-header")


def _middlewares(config: IngressBase, backend: Backend) -> Iterator[Manifest]:
    names = iter(_names(config, backend.name))
    if config.basic_auth is not None:
        spec: dict[str, Any] = {"basicAuth": {"secret": config.basic_auth.secret}}
        yield manifest(MIDDLEWARE, backend, next(names), spec)
    for header in names:
        spec = {"headers": {"customRequestHeaders": {DST_OVERRIDE_HEADER: backend.address}}}
        yield manifest(MIDDLEWARE, backend, header, spec)


def _by_ingress(config: IngressBase, backend: Backend) -> Iterator[Manifest]:
    yield from _middlewares(config, backend)
    names = _names(config, backend.name)
    listed = ",".join(f"{backend.namespace}-{name}@kubernetescrd" for name in names)
    yield ingress(config, backend, {TRAEFIK_MIDDLEWARES: listed} if listed else {})


def _by_ingress_route(config: IngressBase, backend: Backend) -> Iterator[Manifest]:
    yield from _middlewares(config, backend)
    match = f"Host(`{config.host}`)"
    if backend.path != "/":
        match += f" && PathPrefix(`{backend.path}`)"
    service: dict[str, Any] = {"name": backend.service, "port": backend.port}
    if config.native_load_balancing:
        service["nativeLB"] = True
    route: dict[str, Any] = {"kind": "Rule", "match": match, "services": [service]}
    names = _names(config, backend.name)
    if names:
        route["middlewares"] = [{"name": name} for name in names]
    spec: dict[str, Any] = {"routes": [route]}
    if config.tls is not None:
        spec["tls"] = {"secretName": config.tls_secret(backend.name)}
    yield manifest(INGRESS_ROUTE, backend, backend.name, spec)


CONTROLLERS = (
    IngressController(
        name="traefik",
        title="Traefik",
        objects=_by_ingress,
        class_name="traefik",
        middlewares=_names,
        needed=(MIDDLEWARE,),
        native=True,
        requirement=REQUIREMENT,
    ),
    IngressController(
        name="traefik-ingressroute",
        title="Traefik",
        objects=_by_ingress_route,
        kind=INGRESS_ROUTE,
        middlewares=_names,
        needed=(MIDDLEWARE, INGRESS_ROUTE),
        native=True,
        requirement=REQUIREMENT,
        certificates=False,
    ),
)
