"""EgressNetworks and their routes: they exist, and Linkerd has accepted them.

Facts: Linkerd docs, "EgressNetwork"; the status is written by Linkerd's policy controller.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from config.core.mesh import MeshConfig
from config.linkerd.egress import Manifest
from kube.answers import items
from vocabulary.kinds import EGRESS_NETWORK, Kind, Object, name_of, namespace_of


def egress(case: ClusterCase) -> Iterator[Finding]:
    """What pods may reach outside of the cluster, object by object."""
    for made in case.mesh.egress_of(case.name):
        yield from _object(case, made)


def _object(case: ClusterCase, made: Manifest) -> Iterator[Finding]:
    kind = Kind.of(made)
    place = f"{namespace_of(made)}/{name_of(made)}"
    title = f"{kind.name} {place} is as configured"
    found = case.view.get(kind, namespace_of(made), name_of(made))
    if found is None:
        yield failure(title, "it does not exist", UPDATE)
        return
    spec = found.get("spec") or {}
    differing = [key for key, value in made["spec"].items() if not _contains(spec.get(key), value)]
    if differing:
        yield failure(title, f"changed: {', '.join(differing)}", UPDATE)
    else:
        detail = {"Deny": "all else is refused", "Allow": "allowed"}
        yield ok(title, detail.get(str(spec.get("trafficPolicy")), ""))
    if kind != EGRESS_NETWORK:
        yield _accepted(case, f"{kind.name} {place} is accepted by Linkerd", found)


def _contains(found: object, wanted: object) -> bool:
    """Whether a value has what was written; the API server adds defaults to it."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            _contains(found.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(map(_contains, found, wanted))
        )
    return found == wanted


def _accepted(case: ClusterCase, title: str, route: Object) -> Finding:
    conditions = [
        condition
        for parent in items(route, "status", "parents")
        for condition in items(parent, "conditions")
        if condition.get("type") == "Accepted"
    ]
    refused = [one for one in conditions if one.get("status") != "True"]
    if refused:
        reason = str(refused[0].get("message") or refused[0].get("reason") or "no reason is given")
        return failure(title, reason, f"see the EgressNetwork; then {UPDATE}")
    if conditions:
        return ok(title)
    if case.view.simulated:
        return skipped(title, "pods of this cluster are simulated (kwok), so that it has no status")
    space = case.config.linkerd.namespace
    logs = f"see `kubectl -n {space} logs deploy/linkerd-destination -c policy`"
    return warning(title, "it has no status yet", logs)


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    for made in mesh.egress_of(cluster):
        kind = Kind.of(made)
        yield Listing(kind, namespace_of(made), version=kind.version)


CHECKS = (Check("egress", Phase.PARTS, egress, _reads, order=70),)
