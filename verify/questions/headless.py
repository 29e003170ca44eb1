"""Names that a headless Service gives to its pods, and that its mirror repeats.

Facts: linkerd2, multicluster/service-mirror/cluster_watcher_headless.go (a mirror per address that
is ready and has a hostname; without any, an ordinary mirror); Kubernetes docs, DNS for Services
and Pods.
"""

from __future__ import annotations

from collections.abc import Iterable

from checks.facts.view import View
from config.links.link import Export, LinkConfig
from vocabulary.kinds import ENDPOINTS, SERVICE


def namespaces(links: Iterable[LinkConfig], target: str) -> frozenset[str]:
    """Namespaces of a target whose Endpoints list the pods that these links give a name to."""
    return frozenset(
        export.namespace
        for link in links
        if link.target == target
        for export in link.exports
        if names_pods(link, export)
    )


def names_pods(link: LinkConfig, export: Export) -> bool:
    """Whether the mirror of an export names its pods, where the Service is headless."""
    through_gateway = not link.flat_network and link.mode_of(export) == "gateway"
    return link.headless_services and through_gateway


def hostnames(target: View, export: Export) -> list[str]:
    """Hostnames of the ready pods of an exported headless Service; none for any other Service.

    Raises Unseen: Services or Endpoints could not be listed in the target.
    """
    service = target.get(SERVICE, export.namespace, export.service)
    if ((service or {}).get("spec") or {}).get("clusterIP") != "None":
        return []
    endpoints = target.get(ENDPOINTS, export.namespace, export.service) or {}
    return sorted(
        {
            str(address["hostname"])
            for subset in endpoints.get("subsets") or []
            for address in subset.get("addresses") or []
            if address.get("hostname")
        }
    )
