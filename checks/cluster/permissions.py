"""Whether the operator has the rights that the program needs."""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase, all_checks, rights
from checks.facts.results import Finding, failure, ok, warning
from config.core.mesh import MeshConfig
from config.inventory import inventory
from config.language.problems import some
from kube.access import Access
from preflight.link_tokens import CREATE_TOKEN

_WRITE = ("get", "list", "create", "patch", "delete")


def needed(mesh: MeshConfig, cluster: str) -> tuple[Access, ...]:
    """Rights to write everything that is made in a cluster, and to list what checks read.

    Where a link's token ends, that to request one too.
    """
    kinds = sorted(inventory(mesh, cluster).written_kinds, key=str)
    written = (Access(verb, kind.group, kind.plural) for kind in kinds for verb in _WRITE)
    tokens = (
        (CREATE_TOKEN,)
        if any(link.credentials.requested for link in mesh.links_to(cluster))
        else ()
    )
    return tuple(dict.fromkeys((*written, *tokens, *rights(mesh, cluster))))


def asked(mesh: MeshConfig, cluster: str) -> tuple[Access, ...]:
    """Every right that is asked for in a cluster, the optional ones last."""
    return (*needed(mesh, cluster), *_optional())


def _optional() -> tuple[Access, ...]:
    """Rights that let `./mesh check` report why a pod is not ready."""
    return tuple(dict.fromkeys(one for check in all_checks() for one in check.may_need))


def permissions(case: ClusterCase) -> Iterator[Finding]:
    """The operator can write every kind of object that the program makes."""
    title = "the operator can create what the stack file describes"
    answers = case.view.access
    denied: dict[str, list[str]] = {}
    wanted = needed(case.mesh, case.name)
    for access in wanted:
        if answers.get(access) is False:
            name = f"{access.resource}.{access.group}" if access.group else access.resource
            denied.setdefault(name, []).append(access.verb)
    if denied:
        listed = some([f"{name} ({', '.join(verbs)})" for name, verbs in denied.items()], 8)
        yield failure(
            title,
            f"not allowed: {listed}",
            "use credentials with these rights; installing CRDs, webhooks and roles needs those "
            "of the ClusterRole cluster-admin",
        )
    elif any(access not in answers for access in wanted):
        yield warning(
            title, "the API server did not answer the access reviews", "check that it is healthy"
        )
    else:
        yield ok(title)
    yield _reading(case)


def _reading(case: ClusterCase) -> Finding:
    title = "the operator can read logs and events"
    answers = case.view.access
    optional = _optional()
    lacking = [f"{one.resource} ({one.verb})" for one in optional if answers.get(one) is False]
    if lacking:
        detail = (
            f"not allowed: {some(lacking)}; `./mesh check` cannot say then why a pod is not ready"
        )
        return warning(
            title, detail, "use credentials of the ClusterRole view, or with more rights"
        )
    if any(one not in answers for one in optional):
        return warning(
            title, "the API server did not answer the access reviews", "check that it is healthy"
        )
    return ok(title)


CHECKS = (Check("permissions", Phase.BEFORE, permissions, asks=asked, order=20),)
