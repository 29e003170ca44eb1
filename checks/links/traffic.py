"""Traffic that a source shares between a Service of its own and its mirror.

Facts: Gateway API docs, HTTPRoute with a Service as parent; the status is written by Linkerd's
policy controller.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import LinkCase
from checks.facts.check import WITH_LINKS, Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.links.link import Export, Weights
from kube.answers import items
from vocabulary.kinds import HTTP_ROUTE, SERVICE, Object


def weights(case: LinkCase) -> Iterator[Finding]:
    """Each HTTPRoute has the configured weights, existing backends, and is accepted."""
    for export in case.link.exports:
        if export.weights is not None:
            yield from _route(case, export, export.weights)


def _route(case: LinkCase, export: Export, wanted: Weights) -> Iterator[Finding]:
    mirror = case.link.mirror_of(export)
    place = f"{export.namespace}/{mirror}"
    title = f"HTTPRoute {place} has the configured weights for {export}"
    route = case.source.get(HTTP_ROUTE, export.namespace, mirror)
    if route is None:
        yield failure(title, "it does not exist", UPDATE)
        return
    faults = [*_parent_faults(route, export), *_weight_faults(route, export, mirror, wanted)]
    yield (
        failure(title, "; ".join(faults), UPDATE)
        if faults
        else ok(title, f"{wanted.local} local, {wanted.mirrored} mirrored")
    )
    yield _backends(case, export, mirror)
    yield _accepted(case, place, route)


def _parent_faults(route: Object, export: Export) -> Iterator[str]:
    parents = items(route, "spec", "parentRefs")
    if not any(
        (one.get("kind"), one.get("name")) == ("Service", export.service) for one in parents
    ):
        yield f"it is not for Service {export.service}"


def _weight_faults(route: Object, export: Export, mirror: str, wanted: Weights) -> Iterator[str]:
    found = {
        str(one.get("name")): one.get("weight", 1)
        for rule in items(route, "spec", "rules")
        for one in items(rule, "backendRefs")
    }
    for name, weight in ((export.service, wanted.local), (mirror, wanted.mirrored)):
        if found.get(name, 0) != weight:
            yield f"the weight of {name} is {found.get(name, 'missing')}, not {weight}"


def _backends(case: LinkCase, export: Export, mirror: str) -> Finding:
    title = f"the backends of HTTPRoute {export.namespace}/{mirror} exist"
    missing = [
        name
        for name in (export.service, mirror)
        if case.source.get(SERVICE, export.namespace, name) is None
    ]
    if not missing:
        return ok(title)
    if missing == [mirror] and case.source.simulated:
        return skipped(
            title, f"{mirror} is created by the service mirror, which is simulated (kwok)"
        )
    hint = "requests that go there fail: " + (
        "create the Service in the source, or remove weights"
        if export.service in missing
        else "see the lines about its mirror"
    )
    return failure(title, f"missing: {some(missing)}", hint)


def _accepted(case: LinkCase, place: str, route: Object) -> Finding:
    title = f"HTTPRoute {place} is accepted by Linkerd"
    parents = items(route, "status", "parents")
    conditions = [
        one
        for parent in parents
        for one in items(parent, "conditions")
        if one.get("type") in ("Accepted", "ResolvedRefs")
    ]
    refused = [one for one in conditions if one.get("status") != "True"]
    if refused:
        first = refused[0]
        detail = f"{first.get('type')} is {first.get('status')}: " + str(
            first.get("message") or first.get("reason") or "no reason is given"
        )
        return failure(title, detail, "check that the Services that it names exist")
    if any(one.get("type") == "Accepted" for one in conditions):
        return ok(title)
    if case.source.simulated:
        return skipped(title, "pods of this cluster are simulated (kwok), so that it has no status")
    return warning(
        title,
        "it has no status yet",
        f"see `kubectl -n {case.source_config.linkerd.namespace} logs deploy/linkerd-destination "
        "-c policy`",
    )


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    yield Listing(SERVICE)
    for link in mesh.links_from(cluster):
        for export in link.exports:
            if export.weights is not None:
                yield Listing(HTTP_ROUTE, export.namespace, version="v1")


CHECKS = (Check("traffic", Phase.LINK, weights, _reads, only=WITH_LINKS, order=60),)
