"""Traffic policies of exports: annotations of the Service, which its mirror has as well.

Facts: linkerd2 edge-26.8.3, ``multicluster/service-mirror/cluster_watcher.go``.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.facts.case import LinkCase
from checks.facts.check import WITH_LINKS, Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok
from config.core.mesh import MeshConfig
from config.language.problems import some
from vocabulary.kinds import SERVICE, Object, annotations_of


def policies(case: LinkCase) -> Iterator[Finding]:
    """Each exported Service has its policy, and so have its mirror and the federated Service."""
    for export in case.link.exports:
        if export.traffic is None:
            continue
        wanted, space = export.traffic.annotations, export.namespace
        title = f"Service {export} has the configured traffic policy"
        found = case.target.get(SERVICE, space, export.service)
        yield _compared(title, wanted, found, UPDATE)
        if case.link.mode_of(export) == "none":
            continue
        name = case.link.mirror_of(export)
        mirror = case.source.get(SERVICE, space, name)
        # The check of exports reports a missing mirror.
        if mirror is not None:
            title = f"its mirror {space}/{name} has that traffic policy"
            hint = "see the lines about the service mirror; it copies changes of the Service"
            yield _compared(title, wanted, mirror, hint)


def _compared(title: str, wanted: dict[str, str], service: Object | None, hint: str) -> Finding:
    if service is None:
        return failure(title, "it does not exist", "create it, or remove it from links[].exports")
    found = annotations_of(service)
    wrong = [
        f"{key} is {found.get(key, 'missing')}, not {value}"
        for key, value in wanted.items()
        if found.get(key) != value
    ]
    return failure(title, some(wrong), hint) if wrong else ok(title)


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    yield Listing(SERVICE)


CHECKS = (Check("exports", Phase.LINK, policies, _reads, only=WITH_LINKS, order=55),)
