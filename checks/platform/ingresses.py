"""Ingresses: their addresses, Middlewares and certificates."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.routes import objects
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, named
from checks.facts.objects import balancer_addresses
from checks.facts.results import UPDATE, Finding, failure, ok, warning
from checks.facts.view import View
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.platform.ingress import VIZ_INGRESS, IngressBase
from vocabulary.ingress import TRAEFIK_NATIVE
from vocabulary.kinds import (
    HOST,
    INGRESS,
    MAPPING,
    MIDDLEWARE,
    SECRET,
    SERVICE,
    annotations_of,
)
from vocabulary.linkerd import VIZ


def ingresses(case: ClusterCase) -> Iterator[Finding]:
    """Every Ingress of the stack file, and Ambassador's route to the dashboard."""
    for space, name, config in ingresses_of(case.config):
        yield from _ingress(case.view, space, name, config)
    ambassador = case.config.ambassador
    if case.config.linkerd.viz.route is not None and ambassador is not None:
        yield _route(case.view, ambassador.namespace)


def ingresses_of(cluster: ClusterConfig) -> list[tuple[str, str, IngressBase]]:
    """Namespace, name and settings of every Ingress of a cluster."""
    found: list[tuple[str, str, IngressBase]] = [
        (item.namespace, item.name, item) for item in cluster.ingresses
    ]
    if cluster.linkerd.viz.ingress is not None:
        found.append((VIZ, VIZ_INGRESS, cluster.linkerd.viz.ingress))
    return found


def secrets_of(space: str, name: str, config: IngressBase) -> list[tuple[str, str]]:
    """Namespace and name of the Secrets that an Ingress reads."""
    found = []
    tls, auth = config.tls_secret(name), config.basic_auth
    if tls is not None:
        found.append((space, tls))
    if auth is not None:
        found.append((auth.namespace or space, auth.secret))
    return found


def _ingress(view: View, space: str, name: str, config: IngressBase) -> Iterator[Finding]:
    kind = config.served_by.kind
    title = f"{kind.name} {space}/{name} has an address"
    found = view.get(kind, space, name) if kind in view.served else None
    if found is None:
        yield failure(title, "it does not exist", UPDATE)
        return
    if kind != INGRESS:
        yield ok(title)
    elif balancer_addresses(found):
        yield ok(title, some(balancer_addresses(found)))
    else:
        yield warning(
            title,
            "it has no address yet",
            f"check that a controller serves IngressClass {config.ingress_class}; without a load "
            "balancer, some controllers set none",
        )
    yield from _needs(view, space, name, config)


def _needs(view: View, space: str, name: str, config: IngressBase) -> Iterator[Finding]:
    if config.native_load_balancing and config.served_by.kind == INGRESS:
        yield _native(view, space, config)
    names = config.middlewares(name)
    if names:
        title = f"the Middlewares of {space}/{name} exist"
        served = MIDDLEWARE in view.served
        lost = [one for one in names if not served or view.get(MIDDLEWARE, space, one) is None]
        yield failure(title, f"missing: {some(lost)}", UPDATE) if lost else ok(title)
    wanted = secrets_of(space, name, config)
    if wanted:
        title = f"the Secrets of {space}/{name} exist"
        absent = [f"{where}/{one}" for where, one in wanted if view.get(SECRET, where, one) is None]
        waits = config.tls is not None and config.tls.cert_manager is not None
        hint = f"see `kubectl -n {space} get certificates`" if waits else "make it"
        yield failure(title, f"missing: {some(absent)}", hint) if absent else ok(title)


def _native(view: View, space: str, config: IngressBase) -> Finding:
    """Whether the Service says that Traefik uses its own address."""
    service = config.backend_service
    title = f"Service {space}/{service} leaves balancing to Linkerd"
    found = view.get(SERVICE, space, service)
    if found is None:
        return failure(title, "it does not exist", "create it, or correct the Ingress")
    if annotations_of(found).get(TRAEFIK_NATIVE) == "true":
        return ok(title)
    hint = f'annotate it with {TRAEFIK_NATIVE}: "true", unless Traefik has nativeLBByDefault'
    return warning(title, f"it lacks {TRAEFIK_NATIVE}", hint)


def _route(view: View, space: str) -> Finding:
    title = "Ambassador routes to the dashboard"
    lost = [kind.name for kind in (HOST, MAPPING) if view.get(kind, space, VIZ) is None]
    if lost:
        return failure(title, f"missing in {space}: {some(lost)} {VIZ}", UPDATE)
    return ok(title)


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    config = mesh.clusters[cluster]
    for space, name, ingress in ingresses_of(config):
        yield Listing(ingress.served_by.kind, space)
        if ingress.native_load_balancing:
            yield Listing(SERVICE)
        if ingress.middlewares(name):
            yield Listing(MIDDLEWARE, space, metadata_only=True)
        for where, secret in secrets_of(space, name, ingress):
            yield named(SECRET, where, secret, metadata_only=True)
    if config.linkerd.viz.route is not None and config.ambassador is not None:
        yield from objects(HOST, MAPPING)(mesh, cluster)


CHECKS = (Check("ingresses", Phase.PARTS, ingresses, _reads, order=60),)
