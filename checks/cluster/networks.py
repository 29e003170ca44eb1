"""Linkerd's `clusterNetworks` cover the cluster's nodes, pods and Services.

A proxy treats any other address as outside the cluster, and does no discovery for it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import Finding, failure, ok, skipped
from checks.facts.view import View
from config.core.mesh import MeshConfig
from config.language.problems import some
from kube.answers import inner, items
from vocabulary.kinds import NODE, POD, SERVICE, name_of, namespace_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(case: ClusterCase) -> Iterator[Finding]:
    """Every node, pod range and Service is within the networks of the stack file."""
    view = case.view
    nodes = view.all(NODE)
    node_addresses = [
        (f"node {name_of(node)}", str(entry.get("address", "")))
        for node in nodes
        for entry in items(node, "status", "addresses")
        if entry.get("type") == "InternalIP"
    ]
    yield _covered(case, "nodes", node_addresses)
    ranges = [
        (f"the pods of node {name_of(node)}", str(cidr))
        for node in nodes
        for cidr in _pod_ranges(inner(node, "spec"))
    ]
    if not ranges:
        ranges = [
            (f"pod {namespace_of(pod)}/{name_of(pod)}", str(entry.get("ip", "")))
            for pod in view.all(POD)
            if not inner(pod, "spec").get("hostNetwork")
            for entry in items(pod, "status", "podIPs")
        ]
    yield _covered(case, "pods", ranges)
    services = [
        (f"Service {namespace_of(service)}/{name_of(service)}", str(address))
        for service in view.all(SERVICE)
        for address in _cluster_addresses(inner(service, "spec"))
    ]
    yield _covered(case, "Services", services)


def _pod_ranges(spec: dict[str, object]) -> list[object]:
    several = spec.get("podCIDRs")
    if isinstance(several, list) and several:
        return several
    return [spec["podCIDR"]] if spec.get("podCIDR") else []


def _cluster_addresses(spec: dict[str, object]) -> list[str]:
    several = spec.get("clusterIPs")
    found = several if isinstance(several, list) else [spec.get("clusterIP")]
    return [str(one) for one in found if one not in (None, "", "None")]


def _covered(case: ClusterCase, what: str, ranges: list[tuple[str, str]]) -> Finding:
    title = f"clusterNetworks contains all {what}"
    if not ranges:
        return skipped(title, "their addresses are unknown")
    known = [ipaddress.ip_network(network) for network in case.config.networks]
    outside: dict[str, str] = {}
    for owner, text in ranges:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        if not any(_within(network, other) for other in known):
            outside[text] = owner
    if not outside:
        return ok(title)
    return failure(
        title,
        f"outside: {some(f'{text} ({owner})' for text, owner in outside.items())}",
        f"add their network to clusters.{case.name}.networks",
    )


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


def _pods(_: MeshConfig, __: str, view: View) -> Iterable[Listing]:
    """All pods, where neither nodes nor pods that were read have the addresses of pods."""
    known = any(_pod_ranges(inner(node, "spec")) for node in view.all(NODE))
    return () if known or view.all(POD) else (Listing(POD),)


CHECKS = (
    Check("cluster", Phase.SURROUNDINGS, networks, (Listing(SERVICE),), reads_more=_pods, order=13),
)
