"""A check, and how checks are found.

Every module of a subject folder of `checks` declares its own in `CHECKS`. A new check is a new
entry there, or a new module: what it reads is read, and the rights for it are asked for.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

import checks
from checks.facts.case import ClusterCase, LinkCase, MeshCase
from checks.facts.listing import Listing
from checks.facts.results import Finding
from checks.facts.view import View
from config.core.mesh import MeshConfig
from config.variants.linkerd import LinkerdGeneration
from kube.access import Access
from vocabulary.kinds import NAMESPACE, NODE

Trait = Callable[[LinkerdGeneration], bool]
"""Whether a generation of Linkerd has something."""
WITH_POLICY: Trait = attrgetter("policy")
WITH_LINKS: Trait = attrgetter("links")


def without_links(generation: LinkerdGeneration) -> bool:
    """Whether a generation has no Links: its links are annotations and one Secret."""
    return not generation.links


class Phase(IntEnum):
    """When a check runs; lines of the report come in this order."""

    SURROUNDINGS = 1
    """Of each cluster: what it brings along. Before and after the installation."""
    BEFORE = 2
    """Of each cluster, with ``--pre``."""
    CAUSES = 3
    """Of each cluster: what other parts fail for."""
    CONTROL_PLANE = 4
    """Of each cluster: Linkerd itself."""
    PARTS = 5
    """Of each cluster: everything else."""
    ACROSS = 6
    """Of all clusters together, before and after the installation."""
    ACROSS_INSTALLED = 7
    """Of all clusters together."""
    LINK_BEFORE = 8
    """Of each link, with ``--pre``."""
    LINK = 9
    """Of each link."""
    LAST = 10
    """Of each cluster: what may fail for something in another cluster."""


BEFORE_INSTALLATION = (Phase.SURROUNDINGS, Phase.BEFORE, Phase.ACROSS, Phase.LINK_BEFORE)
"""Phases of ``--pre``."""
INSTALLED = tuple(phase for phase in Phase if phase not in (Phase.BEFORE, Phase.LINK_BEFORE))
"""Phases without ``--pre``."""

ALWAYS_READ = (Listing(NAMESPACE), Listing(NODE))
"""What is read for every check."""
LAST_IN_CATEGORY = 99


def facets(mesh: MeshConfig, cluster: str) -> tuple[MeshConfig, ...]:
    """The stack file once for each Ambassador of a cluster; as it is where there is none."""
    return mesh.each_ambassador(cluster) or (mesh,)


def placed(mesh: MeshConfig, cluster: str) -> Iterator[tuple[str, MeshConfig]]:
    """Each of `facets`, with the place that lines of the report on its Ambassador have."""
    for place, one in enumerate(facets(mesh, cluster)):
        ambassador = one.clusters[cluster].ambassador
        yield f"{cluster}/{ambassador.name}" if place and ambassador else cluster, one


class LogRequest(NamedTuple):
    """A container's log to read."""

    namespace: str
    pod: str
    container: str
    previous: bool
    """Whether to read the log of the run before the present one."""


C = TypeVar("C", ClusterCase, LinkCase, MeshCase)
Reads = Callable[[MeshConfig, str], Iterable[Listing]]
"""Lists to read from a cluster, by the stack file and the cluster's name in it."""
ReadsMore = Callable[[MeshConfig, str, View], Iterable[Listing]]
"""Lists to read from a cluster after what was read of it so far."""


@dataclass(frozen=True)
class Check(Generic[C]):
    """A check: one or more lines of the report."""

    category: str
    """Part of the mesh that it is about: the heading of its lines."""
    phase: Phase
    run: Callable[[C], Iterator[Finding]]
    """Yields the lines. May raise Unseen where something it needs could not be read."""
    reads: Reads | Listing | tuple[Reads | Listing, ...] = ()
    """Lists that it reads. Namespaces, nodes and records of Helm are read for every check."""
    reads_more: ReadsMore | None = None
    """Further lists that it reads, depending on what was read."""
    logs: Callable[[MeshConfig, str, View], Iterable[LogRequest]] | None = None
    """Logs that it quotes."""
    may_need: tuple[Access, ...] = ()
    """Rights without which it reports less."""
    asks: Callable[[MeshConfig, str], Iterable[Access]] | None = None
    """Rights of the operator that it reports on."""
    only: Trait | None = None
    """What a generation of Linkerd needs for it; None where it is for all."""
    order: int = LAST_IN_CATEGORY
    """Place within its phase, by the lowest number of its category and then by its own."""

    @property
    def name(self) -> str:
        """How a message names it."""
        return self.run.__name__.replace("_", " ")

    def listings(self, mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
        """What it reads from a cluster first."""
        for one in self.reads if isinstance(self.reads, tuple) else (self.reads,):
            if isinstance(one, Listing):
                yield one
                continue
            for view in facets(mesh, cluster):
                yield from one(view, cluster)

    def further_listings(self, mesh: MeshConfig, cluster: str, view: View) -> Iterator[Listing]:
        """What it reads from a cluster after `view`."""
        if self.reads_more is not None:
            for facet in facets(mesh, cluster):
                yield from self.reads_more(facet, cluster, view)

    @property
    def of_ambassador(self) -> bool:
        """Whether it is about one Ambassador, and so made of each that a cluster has."""
        return self.run.__module__.startswith("checks.ambassador.")

    def is_for(self, generation: LinkerdGeneration) -> bool:
        """Whether it is for a generation of Linkerd."""
        return self.only is None or self.only(generation)


def modules() -> Iterator[Any]:
    """Every module of the subject folders."""
    for found in pkgutil.walk_packages(checks.__path__, "checks."):
        if not found.ispkg:
            yield importlib.import_module(found.name)


@cache
def all_checks() -> tuple[Check[Any], ...]:
    """Every check, in the order of the report."""
    found: list[Check[Any]] = [one for module in modules() for one in getattr(module, "CHECKS", ())]
    first: dict[tuple[Phase, str], int] = {}
    for one in found:
        key = (one.phase, one.category)
        first[key] = min(first.get(key, one.order), one.order)
    return tuple(
        sorted(
            found,
            key=lambda one: (one.phase, first[one.phase, one.category], one.category, one.order),
        )
    )


def checks_of(pre: bool, generation: LinkerdGeneration | None = None) -> tuple[Check[Any], ...]:
    """The checks with or without ``--pre``, of one generation of Linkerd where it is given."""
    phases = BEFORE_INSTALLATION if pre else INSTALLED
    return tuple(
        one
        for one in all_checks()
        if one.phase in phases and (generation is None or one.is_for(generation))
    )


def rights(mesh: MeshConfig, cluster: str) -> tuple[Access, ...]:
    """Rights without which checks of a cluster cannot read what they need, each once."""
    generation = mesh.clusters[cluster].linkerd.generation
    read = list(ALWAYS_READ)
    for one in checks_of(pre=False, generation=generation):
        read += one.listings(mesh, cluster)
    return tuple(dict.fromkeys(listing.right for listing in read))
