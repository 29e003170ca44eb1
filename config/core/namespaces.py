"""Namespaces that a stack file makes in one cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from config.rules.several import key_at
from config.variants.ambassadors import CrdsChart, CrdsManifest
from config.variants.linkerd import OWN, Need
from vocabulary.linkerd import EGRESS

if TYPE_CHECKING:
    from config.core.cluster import ClusterConfig

_PARTS: dict[Need, tuple[str, str]] = {
    "cni": ("linkerd.cni", "linkerd.cni"),
    "viz": ("linkerd.viz", "linkerd.viz.enabled"),
    "jaeger": ("linkerd.tracing", "linkerd.tracing"),
    "linked": ("linkerd.multicluster", ""),
}
"""For each need: key path of the part, and key path that its namespace follows from."""


@dataclass(frozen=True)
class MadeNamespace:
    """A namespace that the program makes in a cluster."""

    name: str
    """Its name."""
    part: str
    """Key path of the part that it is for, below the cluster: ``linkerd.viz``."""
    key: str
    """Key path that it follows from: ``linkerd.viz.enabled``; empty for the multicluster extension,
    which no key names."""
    maker: Literal["program", "chart", "manifest"] = "program"
    """What creates it: a resource of the program, a release's chart, or a published manifest."""


def made_namespaces(config: ClusterConfig, *, linked: bool) -> tuple[MadeNamespace, ...]:
    """The namespaces that a stack file creates in a cluster.

    `linked` is whether any link begins or ends there.
    """
    return tuple(_made(config, linked=linked))


def _made(config: ClusterConfig, *, linked: bool) -> Iterator[MadeNamespace]:
    yield from _linkerd(config, linked=linked)
    for place, view in enumerate(config.each_ambassador):
        yield from _ambassador(view, key_at(place))
    if config.sample is not None:
        yield MadeNamespace(config.sample.namespace, "sample", "sample.namespace")
    issuing = config.cert_manager
    if issuing is not None and issuing.install:
        yield MadeNamespace(issuing.namespace, "certManager", "certManager.namespace")


def _ambassador(config: ClusterConfig, key: str) -> Iterator[MadeNamespace]:
    ambassador = config.ambassador
    if ambassador is None or not ambassador.installed:
        return
    yield MadeNamespace(ambassador.namespace, "ambassador", f"{key}.namespace")
    crds = ambassador.line.crds if ambassador.install_crds else None
    if isinstance(crds, CrdsChart):
        space = ambassador.crds_namespace
        yield MadeNamespace(space, "ambassador", "ambassador.crdsNamespace")
    if isinstance(crds, CrdsManifest):
        yield MadeNamespace(crds.namespace, "ambassador", "ambassador.flavour", "manifest")


def _linkerd(config: ClusterConfig, *, linked: bool) -> Iterator[MadeNamespace]:
    linkerd = config.linkerd
    yield MadeNamespace(linkerd.namespace, "linkerd", "linkerd.namespace")
    if linkerd.egress is not None:
        yield MadeNamespace(EGRESS, "linkerd.egress", "linkerd.egress")
    needs = linkerd.needs(linked=linked)
    for chart in linkerd.generation.charts:
        if chart.when not in needs or chart.when not in _PARTS:
            continue
        part, key = _PARTS[chart.when]
        if chart.makes_namespace is not None:
            yield MadeNamespace(chart.makes_namespace, part, key, "chart")
        elif chart.namespace != OWN:
            yield MadeNamespace(chart.namespace, part, key)
