"""Ingresses: they are there, have an address, their Middlewares and their certificates."""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import ClusterCase
from checks.facts.expected import UPDATE
from checks.facts.results import Finding, failure, ok, warning
from checks.facts.view import View, some
from config.core.cluster import ClusterConfig
from config.platform.ingress import VIZ_INGRESS, IngressBase
from vocabulary.kinds import HOST, INGRESS, MAPPING, MIDDLEWARE, SECRET, Object
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
    title = f"{kind.name} {space}/{name} is served"
    found = view.get(kind, space, name) if kind in view.served else None
    if found is None:
        yield failure(title, "it does not exist", UPDATE)
        return
    if kind != INGRESS:
        yield ok(title)
    elif _addresses(found):
        yield ok(title, some(_addresses(found)))
    else:
        yield warning(
            title,
            "no controller has given it an address",
            f"see whether one serves the IngressClass {config.ingress_class}; without a load "
            "balancer, some give none",
        )
    yield from _needs(view, space, name, config)


def _needs(view: View, space: str, name: str, config: IngressBase) -> Iterator[Finding]:
    names = config.middlewares(name)
    if names:
        title = f"the Middlewares of {space}/{name} are there"
        served = MIDDLEWARE in view.served
        lost = [one for one in names if not served or view.get(MIDDLEWARE, space, one) is None]
        yield failure(title, f"there is no {some(lost)}", UPDATE) if lost else ok(title)
    wanted = secrets_of(space, name, config)
    if wanted:
        title = f"the Secrets of {space}/{name} are there"
        absent = [f"{where}/{one}" for where, one in wanted if view.get(SECRET, where, one) is None]
        waits = config.tls is not None and config.tls.cert_manager is not None
        hint = f"see `kubectl -n {space} get certificates`" if waits else "make it"
        yield failure(title, f"there is no {some(absent)}", hint) if absent else ok(title)


def _addresses(ingress: Object) -> list[str]:
    balancer = (ingress.get("status") or {}).get("loadBalancer") or {}
    entries = balancer.get("ingress") or []
    return [str(one.get("ip") or one.get("hostname")) for one in entries]


def _route(view: View, space: str) -> Finding:
    title = "Ambassador leads to the dashboard"
    lost = [kind.name for kind in (HOST, MAPPING) if view.get(kind, space, VIZ) is None]
    if lost:
        return failure(title, f"there is no {some(lost)} {space}/{VIZ}", UPDATE)
    return ok(title)
