"""Exported Services: labelled in the target, mirrored or federated in the source."""

from __future__ import annotations

from collections.abc import Iterator

from checks.cluster.ports import ports_of
from checks.facts.case import LinkCase
from checks.facts.check import WITH_LINKS, Check, Phase
from checks.facts.objects import addresses
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.facts.view import View
from checks.linkerd.inbound_policy import ports_in
from checks.links.service_mirror import link_reads, works
from config.language.problems import some
from config.links.exports import ServiceRef
from config.links.link import Export, LinkConfig
from config.links.selection import ways_of, withheld
from config.links.selectors import Selector
from kube.answers import inner, items
from vocabulary.kinds import (
    ENDPOINTS,
    LINK,
    NAMESPACE,
    SERVICE,
    Object,
    annotations_of,
    labels_of,
)
from vocabulary.linkerd import (
    CLUSTER_NAME,
    DEFAULT_OPAQUE_PORTS,
    EXPORTED,
    FEDERATED,
    MULTICLUSTER,
    OPAQUE_PORTS,
)

_LABELS = {"gateway": "true", "remote-discovery": "remote-discovery"}
"""Value of the label of an exported Service, by the way it is exported."""


def exports(case: LinkCase) -> Iterator[Finding]:
    """Exported Services exist in the target and are labelled; their mirrors exist in the source."""
    for export in case.link.exports:
        mode = case.link.mode_of(export)
        service = case.target.get(SERVICE, export.namespace, export.service)
        labels = labels_of(service) if service is not None else {}
        if mode != "none":
            reported = labels.get(EXPORTED)
            found = _labelled(f"Service {export} is exported", EXPORTED, _LABELS[mode], service)
            yield found
            yield _mirror(case, export, reported == _LABELS[mode])
        if export.federated:
            title = f"Service {export} is a member of a federated Service"
            yield _labelled(title, FEDERATED, "member", service)
            yield _federated(case, export, labels.get(FEDERATED) == "member")
        if service is not None:
            yield from _kept(case, export, labels)
            yield from _opaque(case, export, service)
    yield from _of_other_links(case)
    yield from _selected(case)


def _kept(case: LinkCase, export: Export, labels: dict[str, str]) -> Iterator[Finding]:
    """Whether an exported Service has the labels that keep it from links that do not list it."""
    exported = {item.service: item.labels for item in case.mesh.exports_of(case.link.target)}
    wanted = exported[ServiceRef(export.namespace, export.service)].keys() - {EXPORTED, FEDERATED}
    title = f"Service {export} is exported to no link that does not list it"
    missing = sorted(key for key in wanted if labels.get(key) != "true")
    if missing:
        yield failure(title, f"it lacks {some(missing)}", f"{UPDATE}, which restores the label")
    elif wanted:
        yield ok(title, f"it has {some(sorted(wanted))}")


def _opaque(case: LinkCase, export: Export, service: Object) -> Iterator[Finding]:
    """Whether the gateway refuses connections to ports that are opaque."""
    through = case.link.mode_of(export) == "gateway" and case.gateway.admits == "exports"
    listed = annotations_of(service).get(OPAQUE_PORTS, DEFAULT_OPAQUE_PORTS)
    opaque = ports_in(listed) & {int(port.get("port") or 0) for port in ports_of(service)}
    if through and opaque and not export.opaque:
        yield failure(
            f"connections to Service {export} are HTTP",
            f"port {some(map(str, sorted(opaque)))} is opaque for Linkerd, and the gateway admits "
            "HTTP to it alone",
            "write opaque: true for the export; see docs/reach.md for what that admits",
        )


def _of_other_links(case: LinkCase) -> Iterator[Finding]:
    """Whether the source has mirrors of Services that other links list, and this one does not."""
    links, title = case.mesh.links_to(case.link.target), "no Service of other links is mirrored"
    others = {
        service
        for way in ways_of(case.link)
        if way.label == EXPORTED
        for service in withheld(case.link, way, links)
    }
    if not others:
        return
    found = [
        f"{one.namespace}/{one.name}-{case.link.target}"
        for one in sorted(others)
        if CLUSTER_NAME
        in labels_of(
            case.source.get(SERVICE, one.namespace, f"{one.name}-{case.link.target}") or {}
        )
    ]
    yield failure(title, f"mirrored: {some(found)}", UPDATE) if found else ok(title)


def _labelled(title: str, key: str, value: str, service: Object | None) -> Finding:
    if service is None:
        return failure(title, "it does not exist", "create it, or remove it from links[].exports")
    label = labels_of(service).get(key)
    if label == value:
        return ok(title, value if value != "true" else "")
    detail = f"its label {key} is {label}, not {value}" if label else f"it lacks {key}"
    return failure(title, detail, f"{UPDATE}, which restores the label")


def _mirror(case: LinkCase, export: Export, exported: bool) -> Finding:
    target, space = case.link.target, export.namespace
    name = case.link.mirror_of(export)
    title = f"Service {space}/{name} mirrors it in the source"
    trouble = _without_namespace(case, title, space)
    if trouble is not None:
        return trouble
    mirror = case.source.get(SERVICE, space, name)
    if mirror is not None and labels_of(mirror).get(CLUSTER_NAME) != target:
        hint = "rename that Service, or the target cluster in the stack file"
        return failure(title, "another Service has this name", hint)
    if mirror is None:
        if not exported:
            return skipped(title, "it is not exported")
        if not works(case.source, target):
            return skipped(title, "the service mirror is not running")
        reported = _reported(case.source, target, space, export.service)
        return failure(
            title, f"it does not exist{f' ({reported})' if reported else ''}", _logs(target)
        )
    if case.link.mode_of(export) == "remote-discovery":
        # Its endpoints are the target's pods, which proxies ask the destination controller for.
        return ok(title) if exported else skipped(title, "it is not exported")
    endpoints = case.source.get(ENDPOINTS, space, name)
    return _endpoints(title, endpoints, export, target, exported=exported)


def _endpoints(
    title: str, endpoints: Object | None, export: Export, target: str, *, exported: bool
) -> Finding:
    """Whether a mirror has the gateway's address."""
    if any(addresses(endpoints)):
        return ok(title, some(addresses(endpoints)))
    if any(addresses(endpoints, "notReadyAddresses")):
        return skipped(title, "the gateway does not answer its probes")
    if not exported:
        return skipped(title, "it is not exported")
    return failure(
        title, "it has no endpoints", f"check whether {export} has pods that are ready in {target}"
    )


def _without_namespace(case: LinkCase, title: str, namespace: str) -> Finding | None:
    """What to say of a mirror whose namespace the source lacks; None where it does not."""
    if case.source_config.linkerd.multicluster.create_namespaces:
        return None
    if case.source.get(NAMESPACE, "", namespace) is not None:
        return None
    return failure(
        title,
        f"the source has no namespace {namespace}",
        f"create it, or write clusters.{case.link.source}.linkerd.multicluster."
        "createNamespaces: true",
    )


def _federated(case: LinkCase, export: Export, member: bool) -> Finding:
    name = f"{export.service}-federated"
    title = f"the federated Service {export.namespace}/{name} exists in the source"
    trouble = _without_namespace(case, title, export.namespace)
    if trouble is not None:
        return trouble
    if case.source.get(SERVICE, export.namespace, name) is not None:
        return ok(title)
    if not member:
        return skipped(title, "its Service is not a member")
    if not works(case.source, case.link.target):
        return skipped(title, "the service mirror is not running")
    return failure(title, "it does not exist", _logs(case.link.target))


def _logs(target: str) -> str:
    return f"see `kubectl -n {MULTICLUSTER} logs deploy/controller-{target} -c controller`"


def _reported(source: View, target: str, namespace: str, service: str) -> str:
    """What the service mirror wrote about a Service into the status of its Link."""
    link = source.get(LINK, MULTICLUSTER, target)
    for entry in items(link, "status", "mirrorServices"):
        remote = inner(entry, "remoteRef")
        if (remote.get("namespace"), remote.get("name")) != (namespace, service):
            continue
        for condition in items(entry, "conditions"):
            if condition.get("status") != "True":
                return str(condition.get("message") or condition.get("reason") or "")
    return ""


def _selected(case: LinkCase) -> Iterator[Finding]:
    """Selectors of the stack file's own select something."""
    for key, selector in own_selectors(case.link).items():
        title = f"selectors.{key} selects Services of the target"
        found = [
            f"{one['metadata'].get('namespace', '')}/{one['metadata']['name']}"
            for one in case.target.all(SERVICE)
            if selector.matches(labels_of(one))
        ]
        if found:
            yield ok(title, some(sorted(found)))
        else:
            hint = f"label a Service there, or correct the link's selectors.{key}"
            yield warning(title, "it selects no Service", hint)


def own_selectors(link: LinkConfig) -> dict[str, Selector]:
    """Selectors that the stack file writes, by their keys in it."""
    return {way.key: own for way in ways_of(link) if (own := way.own(link)) is not None}


CHECKS = (Check("exports", Phase.LINK, exports, link_reads, only=WITH_LINKS, order=50),)
