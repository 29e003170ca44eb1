"""The service mirror of a link, and the Services that it writes.

Facts: Linkerd docs, "Multi-cluster communication"; what `linkerd multicluster check` checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from checks.cluster.workloads import availability, workload
from checks.facts.case import LinkCase
from checks.facts.check import WITH_LINKS, Check, Phase
from checks.facts.listing import Listing
from checks.facts.objects import addresses
from checks.facts.results import UPDATE, Finding, Status, failure, ok, skipped, warning
from checks.facts.view import View
from checks.links.gateways import alive
from config.core.mesh import MeshConfig
from config.language.problems import some
from kube.answers import inner, items
from vocabulary.kinds import (
    DEPLOYMENT,
    ENDPOINTS,
    LEASE,
    LINK,
    SERVICE,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import (
    CLUSTER_NAME,
    MIRROR_LEASE_PREFIX,
    MIRRORED_GATEWAY,
    MULTICLUSTER,
)

_STALE = timedelta(seconds=90)
"""A Lease that was not renewed for so long has no current holder."""


def service_mirror(case: LinkCase) -> Iterator[Finding]:
    """The source's service mirror for this link is available, running, and probes the gateway."""
    target = case.link.target
    logs = f"see `kubectl -n {MULTICLUSTER} logs deploy/controller-{target} -c controller`"
    yield from workload(case.source, DEPLOYMENT, MULTICLUSTER, f"controller-{target}", logs)
    yield _is_running(case, logs)
    if case.link.flat_network:
        return
    yield _probe(case)
    yield judge_gateway_alive(alive(case.source, target, case.metric))


def judge_gateway_alive(answers: str) -> Finding:
    """The line for a gateway that is probed; `answers` is ``yes``, ``no`` or ``unknown``."""
    title = "the gateway answers the service mirror's probes"
    if answers == "yes":
        return ok(title)
    if answers == "no":
        return failure(
            title,
            "it does not answer, so that requests to mirrored Services fail",
            "check that the source can reach the gateway's address and that both clusters trust "
            "the same anchors",
        )
    return skipped(title, "the service mirror's metrics cannot be read")


def works(source: View, target: str) -> bool:
    """Whether the source's service mirror for a target holds its Lease."""
    lease = source.get(LEASE, MULTICLUSTER, f"{MIRROR_LEASE_PREFIX}{target}")
    spec = inner(lease, "spec")
    renewed = spec.get("renewTime")
    if not spec.get("holderIdentity") or not renewed:
        return False
    try:
        moment = datetime.fromisoformat(str(renewed))
    except ValueError:
        return False
    # The lease has the time of the cluster, and the view that of here.
    there = source.now + timedelta(seconds=source.clock_offset or 0.0)
    return there - moment < _STALE


def _is_running(case: LinkCase, hint: str) -> Finding:
    title = "the service mirror is running"
    deployment = case.source.get(DEPLOYMENT, MULTICLUSTER, f"controller-{case.link.target}")
    if deployment is None or availability(deployment)[0] is Status.FAILURE:
        # Its lease outlives it by a minute or so.
        return skipped(title, "it has no available pod")
    if works(case.source, case.link.target):
        return ok(title)
    detail = f"Lease {MIRROR_LEASE_PREFIX}{case.link.target} has no current holder"
    if case.source.simulated:
        return warning(
            title,
            f"{detail}, as pods of this cluster are simulated (kwok): nothing is mirrored",
        )
    return failure(title, detail, hint)


def _probe(case: LinkCase) -> Finding:
    title = "the gateway has one probe Service with an endpoint"
    target = case.link.target
    found = case.source.all(SERVICE, labels={CLUSTER_NAME: target, MIRRORED_GATEWAY: "true"})
    name = f"probe-{target}"
    if not found and case.source.made_by_release(SERVICE, MULTICLUSTER, name):
        return skipped(title, f"Service {name} does not exist; see its release")
    if len(found) != 1:
        listed = some(f"{namespace_of(one)}/{name_of(one)}" for one in found) or "none"
        return failure(title, f"{len(found)} exist: {listed}", UPDATE)
    ports = [port.get("port") for port in items(found[0], "spec", "ports")]
    wanted = case.gateway.probe.port.number
    if wanted not in ports:
        return failure(title, f"its port is {some(map(str, ports))}, not {wanted}", UPDATE)
    if not works(case.source, target):
        return skipped(title, "the service mirror, which writes its endpoint, is not running")
    endpoints = case.source.get(ENDPOINTS, namespace_of(found[0]), name_of(found[0]))
    if not any(addresses(endpoints)):
        hint = "check whether the gateway's address is a name that the source can resolve"
        return failure(title, "it has none", hint)
    return ok(title, some(addresses(endpoints)))


def mirrors(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """Mirrored Services and their endpoints."""
    yield Listing(SERVICE)
    if cluster in mesh.linked_clusters():
        yield Listing(ENDPOINTS, labels=CLUSTER_NAME, complete=False)


def link_reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    """Links, and the service mirrors with what they write."""
    yield from mirrors(mesh, cluster)
    if cluster in mesh.linked_clusters():
        yield Listing(DEPLOYMENT, MULTICLUSTER)
        yield Listing(LEASE, MULTICLUSTER)
        yield Listing(LINK)


CHECKS = (
    Check("service mirror", Phase.LINK, service_mirror, link_reads, only=WITH_LINKS, order=40),
)
