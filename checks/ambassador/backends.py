"""The Services that Mappings target."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.routes import destination
from checks.cluster.workloads import availability
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, named
from checks.facts.objects import addresses
from checks.facts.results import Finding, Status, failure, ok, skipped, warning
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.links.exports import ServiceRef
from kube.answers import inner
from vocabulary.kinds import (
    DEPLOYMENT,
    ENDPOINTS,
    NAMESPACE,
    SERVICE,
)


def backends_of(mesh: MeshConfig, cluster: str) -> list[ServiceRef]:
    """Services of the cluster itself that Mappings of the stack file target, each once."""
    config = mesh.clusters[cluster].ambassador
    if config is None:
        return []
    found = [
        destination(mapping.service, config.namespace)[0] for mapping in mesh.own_mappings(cluster)
    ]
    return list(dict.fromkeys(ref for ref in found if ref is not None))


def backends(case: ClusterCase) -> Iterator[Finding]:
    """The Services that Mappings target exist and have ready endpoints."""
    for ref in backends_of(case.mesh, case.name):
        yield _backend(case, ref)


def _backend(case: ClusterCase, ref: ServiceRef) -> Finding:
    title = f"Service {ref}, the target of a Mapping, has ready endpoints"
    view, sample = case.view, case.config.sample
    own = sample is not None and (sample.namespace, sample.service) == (ref.namespace, ref.name)
    service = view.get(SERVICE, ref.namespace, ref.name)
    if service is None:
        if own:
            return skipped(title, "it does not exist; see the sample")
        if view.get(NAMESPACE, "", ref.namespace) is None:
            # shop.example may be the Service 'shop' of a namespace 'example', or a host.
            return warning(
                title,
                f"there is no namespace {ref.namespace}",
                "make the Service, or correct the Mapping; for a name outside the cluster, "
                "nothing is wrong",
            )
        return failure(title, "it does not exist", "create it, or correct the Mapping's service")
    if inner(service, "spec").get("type") == "ExternalName":
        return ok(title, "it is a host outside the cluster")
    endpoints = view.get(ENDPOINTS, ref.namespace, ref.name)
    if any(addresses(endpoints)):
        return ok(title, some(addresses(endpoints), 3))
    if own and sample is not None:
        deployment = view.get(DEPLOYMENT, sample.namespace, sample.name)
        if deployment is None or availability(deployment)[0] is Status.FAILURE:
            return skipped(title, "its pods are not available")
    waiting = any(addresses(endpoints, "notReadyAddresses"))
    return failure(
        title,
        "its pods are not ready" if waiting else "it has no endpoints",
        f"see `kubectl -n {ref.namespace} get pods,events`"
        + ("" if waiting else f", and whether the selector of {ref.name} is that of its pods"),
    )


def _backend_reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    yield Listing(SERVICE)
    for backend in backends_of(mesh, cluster):
        yield named(ENDPOINTS, backend.namespace, backend.name)
    sample = mesh.clusters[cluster].sample
    if sample is not None:
        yield Listing(DEPLOYMENT, sample.namespace)


CHECKS = (Check("requests", Phase.LAST, backends, _backend_reads, order=10),)
