"""Which link gets which exported Service: labels of Services, and the selectors of Links.

The label by which a Service is exported is one for all links, and so is the selector of all Links
as long as each lists the same Services. A Service that some link does not list gets a label for
that link's source, and the Link of that source selects no Service with it. Either can be written
before the other without a moment in which a mirror that is listed goes.

Facts: Linkerd docs, "Exporting services" and "Federated services"; linkerd2 edge-26.8.3,
``multicluster/service-mirror/cluster_watcher.go`` (isExported, isRemoteDiscovery,
isFederatedServiceMember, isLabelExlucded).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from config.links.exports import ServiceRef
from config.links.link import Export, LinkConfig
from config.links.selectors import Requirement, Selector
from vocabulary.linkerd import EXPORTED, FEDERATED, not_exported_to, not_federated_to


@dataclass(frozen=True)
class Way:
    """A way in which a Service is exported, and how a Link selects such Services."""

    key: str
    """The selector's key in the stack file, below ``selectors``."""
    field: str
    """The selector's key in the spec of the Link."""
    label: str
    """Label of the Services."""
    value: str
    """Value of that label."""
    excluded: Callable[[str], str]
    """Label that keeps a Service from the link of a source."""
    own: Callable[[LinkConfig], Selector | None]
    """The selector that a link has in the stack file."""
    lists: Callable[[LinkConfig, Export], bool]
    """Whether an export of a link is of this way."""


WAYS = (
    Way(
        "gateway",
        "selector",
        EXPORTED,
        "true",
        not_exported_to,
        lambda link: link.selectors.gateway,
        lambda link, export: link.mode_of(export) == "gateway",
    ),
    Way(
        "remoteDiscovery",
        "remoteDiscoverySelector",
        EXPORTED,
        "remote-discovery",
        not_exported_to,
        lambda link: link.selectors.remote_discovery,
        lambda link, export: link.mode_of(export) == "remote-discovery",
    ),
    Way(
        "federated",
        "federatedServiceSelector",
        FEDERATED,
        "member",
        not_federated_to,
        lambda link: link.selectors.federated,
        lambda _, export: export.federated,
    ),
)
"""Every way."""


def ways_of(link: LinkConfig) -> tuple[Way, ...]:
    """The ways that a link has: without a gateway, none through one."""
    return WAYS[1:] if link.flat_network else WAYS


def listed(link: LinkConfig, way: Way) -> frozenset[ServiceRef]:
    """The Services that a link lists in a way."""
    return frozenset(
        ServiceRef(export.namespace, export.service)
        for export in link.exports
        if way.lists(link, export)
    )


def withheld(link: LinkConfig, way: Way, links: Sequence[LinkConfig]) -> frozenset[ServiceRef]:
    """The Services that other links list in a way and `link` does not.

    `links` are those of the target. Empty where `link` has a selector of its own for the way: that
    selector says which Services it gets.
    """
    if way.own(link) is not None or way not in ways_of(link):
        return frozenset()
    others = frozenset[ServiceRef]().union(*(listed(other, way) for other in links))
    return others - listed(link, way)


def export_labels(links: Sequence[LinkConfig]) -> dict[ServiceRef, dict[str, str]]:
    """The labels of every Service that the links of one target list."""
    found: dict[ServiceRef, dict[str, str]] = {
        ServiceRef(export.namespace, export.service): {}
        for link in links
        for export in link.exports
    }
    for link in links:
        for way in WAYS:
            for service in listed(link, way):
                found[service][way.label] = way.value
            for service in withheld(link, way, links):
                found[service][way.excluded(link.source)] = "true"
    return {service: dict(sorted(labels.items())) for service, labels in found.items()}


def selectors(link: LinkConfig, links: Sequence[LinkConfig]) -> dict[str, Selector]:
    """The selectors of a Link by their keys in its spec; `links` are those of its target."""
    return {way.field: _selector(link, way, links) for way in ways_of(link)}


def _selector(link: LinkConfig, way: Way, links: Sequence[LinkConfig]) -> Selector:
    own = way.own(link)
    if own is not None:
        return own
    excluded = Requirement(key=way.excluded(link.source), operator="DoesNotExist")
    return Selector(
        match_labels={way.label: way.value},
        match_expressions=(excluded,) if withheld(link, way, links) else (),
    )


def own_members(links: Sequence[LinkConfig]) -> tuple[Selector, ...]:
    """Selectors of a cluster's own members of federated Services, each once; one can be applied.

    `links` are those that begin in the cluster. Empty where members have the label of exports by
    name, which a link that lists any needs.
    """
    way = WAYS[-1]
    if any(way.own(link) is None and listed(link, way) for link in links):
        return ()
    found: list[Selector] = []
    for link in links:
        own = way.own(link)
        if own is not None and own not in found:
            found.append(own)
    return tuple(found)


def receivers(service: ServiceRef, links: Sequence[LinkConfig]) -> Iterator[str]:
    """Yields the sources that get a Service by the lists of the links of its cluster."""
    for link in links:
        if any(service in listed(link, way) for way in WAYS):
            yield link.source
