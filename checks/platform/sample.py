"""The sample Service."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.ambassador import asks_for_proxy, proxies
from checks.cluster.workloads import workload
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.objects import template_of
from checks.facts.results import UPDATE, Finding, failure, ok, skipped
from config.core.mesh import MeshConfig
from vocabulary.kinds import DEPLOYMENT, POD, SERVICE, labels_of


def sample(case: ClusterCase) -> Iterator[Finding]:
    """The sample's Service and pods exist, and the pods are meshed."""
    config = case.config.sample
    if config is None:
        return
    title = f"Service {config.namespace}/{config.service} exists"
    if case.view.get(SERVICE, config.namespace, config.service) is None:
        yield failure(title, "it does not", UPDATE)
    else:
        yield ok(title)
    hint = f"see `kubectl -n {config.namespace} get pods,events`"
    yield from workload(case.view, DEPLOYMENT, config.namespace, config.name, hint)
    title = "the sample is meshed"
    deployment = case.view.get(DEPLOYMENT, config.namespace, config.name)
    if deployment is None:
        yield skipped(title, "there is no Deployment of it")
    elif not asks_for_proxy(case.view, deployment, config.namespace):
        yield failure(title, "no annotation requests a proxy", UPDATE)
    else:
        labels = labels_of(template_of(deployment))
        yield proxies(case.view, title, config.namespace, labels)


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    config = mesh.clusters[cluster].sample
    if config is not None:
        yield Listing(SERVICE)
        yield from (Listing(kind, config.namespace) for kind in (DEPLOYMENT, POD))


CHECKS = (Check("sample", Phase.PARTS, sample, _reads, order=70),)
