"""Namespaces that the checks read in one cluster, and that the program does not make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from config.core.cluster import ClusterConfig
from config.core.namespaces import MadeNamespace
from config.inventory.model import OthersNamespace


def others_namespaces(
    config: ClusterConfig, made: Iterable[MadeNamespace]
) -> tuple[OthersNamespace, ...]:
    """Other owners' namespaces whose workloads the checks read; `made` are those of the program."""
    own = {item.name for item in made if item.maker != "chart"}
    found: dict[str, OthersNamespace] = {}
    for space, owner in _others(config, made):
        if space not in own:
            found.setdefault(space, OthersNamespace(space, owner))
    return tuple(found.values())


def _others(config: ClusterConfig, made: Iterable[MadeNamespace]) -> Iterator[tuple[str, str]]:
    issuing = config.cert_manager
    if issuing is not None and issuing.trust_manager is not None and issuing.trust_manager.install:
        yield issuing.namespace, "the owner of cert-manager"
    for view in config.each_ambassador:
        if view.ambassador is not None:
            yield view.ambassador.namespace, "the owner of Ambassador"
    for item in made:
        if item.maker == "chart":
            yield item.name, f"the chart of {item.part}"
