"""Proxies of another release than the control plane.

Facts: Linkerd docs, "Upgrading Linkerd": a proxy is replaced when its pod starts, and may be one
version 2.x older than the control plane; `linkerd check --proxy` warns of each that differs. The
injector writes the annotation ``linkerd.io/proxy-version``; the value ``proxy.image.version``
gives another one.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.cluster.unready import ought_to_run
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import Finding, failure, ok, skipped, warning
from config.core.mesh import MeshConfig
from config.language.model import value_at
from config.language.problems import some
from config.variants.linkerd_versions import too_far
from preflight.meshed_pods import owner_of
from vocabulary.kinds import POD, annotations_of, namespace_of
from vocabulary.linkerd import CONTROL_PLANE_NS, PROXY_VERSION


def proxy_versions(case: ClusterCase) -> Iterator[Finding]:
    """Every meshed pod has a proxy of the release that the stack file has."""
    linkerd = case.config.linkerd
    wanted = value_at(linkerd.values, "proxy.image.version") or linkerd.app_version
    title = f"proxies are of {wanted}"
    pods = case.view.all(POD, labels={CONTROL_PLANE_NS: linkerd.namespace})
    versions = [(pod, annotations_of(pod).get(PROXY_VERSION)) for pod in pods if ought_to_run(pod)]
    others: dict[str, str] = {}
    for pod, version in versions:
        if version and version != wanted:
            kind, name = owner_of(pod)
            others.setdefault(f"{namespace_of(pod)} {kind}/{name} ({version})", version)
    hint = "restart these workloads; `./mesh upgrade` prints the commands"
    late = [named for named, version in others.items() if too_far(version, wanted)]
    if late:
        detail = "they are more than one version older, which Linkerd does not support: "
        yield failure(title, f"{detail}{some(sorted(late))}", hint)
    elif others:
        yield warning(title, f"proxies of other releases: {some(sorted(others))}", hint)
    elif any(version for _, version in versions):
        yield ok(title)
    else:
        yield skipped(title, "there is no meshed pod")


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    meshed = f"{CONTROL_PLANE_NS}={mesh.clusters[cluster].linkerd.namespace}"
    yield Listing(POD, labels=meshed, metadata_only=True, complete=False)


CHECKS = (Check("control plane", Phase.CONTROL_PLANE, proxy_versions, _reads, order=90),)
