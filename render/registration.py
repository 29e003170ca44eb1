"""What the program registered: one resource, and all of them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(frozen=True)
class Timeouts:
    """How long the engine waits for a resource, as it was written; for example ``600s``."""

    create: str | None = None
    update: str | None = None
    delete: str | None = None


@dataclass(eq=False)
class Registration:
    """One resource as the program registered it, or read it."""

    type: str
    """Token, for example ``kubernetes:core/v1:Secret``."""
    name: str
    """Logical name."""
    urn: str
    """URN, formed as the engine forms it."""
    parent: str | None = None
    """URN of the parent; the stack's for what has none of its own."""
    custom: bool = True
    """Whether a provider makes it; False for components."""
    read: bool = False
    """Whether it is only read, because it has another owner."""
    provider: str | None = None
    """Name of its explicit provider, which is that of the cluster; None for a default one."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """Properties by their names in the provider's schema, secrets laid open."""
    secret_paths: frozenset[tuple[str | int, ...]] = frozenset()
    """Paths of the inputs that the program marked as secret."""
    depends_on: frozenset[str] = frozenset()
    """URNs that it waits for, whether by option or because their values are among its inputs."""
    property_depends_on: dict[str, frozenset[str]] = field(default_factory=dict)
    """URNs by the input whose value comes from them."""
    protect: bool = False
    """Whether the engine refuses to delete it."""
    delete_before_replace: bool = False
    """Whether a replacement begins with the deletion."""
    retain_on_delete: bool = False
    """Whether the engine only forgets it on deletion."""
    deleted_with: str | None = None
    """URN of the resource whose deletion deletes this one."""
    ignore_changes: tuple[str, ...] = ()
    """Inputs whose changes count for nothing."""
    replace_on_changes: tuple[str, ...] = ()
    """Inputs whose changes replace it."""
    timeouts: Timeouts = Timeouts()
    """Custom timeouts."""
    additional_secret_outputs: frozenset[str] = frozenset()
    """Outputs that are always secret."""
    id: str = ""
    """What the provider would call it."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """What it was answered; a component's own outputs once `outputs_registered`."""
    secret_output_paths: frozenset[tuple[str | int, ...]] = frozenset()
    """Where among a component's own outputs a value is secret."""
    outputs_registered: bool = False
    """Whether a component registered its outputs."""

    @property
    def cluster(self) -> str | None:
        """Name of the cluster that it goes to; None where it goes to none."""
        return self.provider if self.type.startswith("kubernetes:") else None

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the inputs with secrets in them."""
        return frozenset(str(path[0]) for path in self.secret_paths)


@dataclass
class Recording:
    """Everything that the program registered, in the order in which it was declared."""

    registrations: list[Registration]
    """Resources; providers and components included, the stack itself not."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """Outputs of the stack."""
    secret_output_paths: frozenset[tuple[str | int, ...]] = frozenset()
    """Where among the stack's outputs a value is secret."""
    from_clusters: frozenset[str] = frozenset()
    """URNs of what only a cluster knows: tokens, and Services that were read."""
    warnings: list[str] = field(default_factory=list)
    """What the program warned of."""

    def __iter__(self) -> Iterator[Registration]:
        return iter(self.registrations)

    def named(self, name: str) -> Registration:
        """The only registration with this logical name; KeyError where there is none or more."""
        found = [item for item in self.registrations if item.name == name]
        if len(found) != 1:
            raise KeyError(f"{len(found)} resources are named {name}")
        return found[0]

    def providers(self) -> list[Registration]:
        """The explicit providers."""
        return [item for item in self.registrations if item.type.startswith(PROVIDER_PREFIX)]

    def clusters(self) -> list[str]:
        """Names of all clusters, in the order in which their providers were declared."""
        return [item.name for item in self.providers() if item.type.endswith(":kubernetes")]

    def upstream(self, urns: Iterable[str]) -> frozenset[str]:
        """URNs of everything that has to be there before any of `urns`."""
        return self._closure(urns, {item.urn: item.depends_on for item in self.registrations})

    def downstream(self, urns: Iterable[str]) -> frozenset[str]:
        """URNs of everything that waits for any of `urns`."""
        after: dict[str, set[str]] = {}
        for item in self.registrations:
            for urn in item.depends_on:
                after.setdefault(urn, set()).add(item.urn)
        return self._closure(urns, after)

    def in_dependency_order(self) -> list[Registration]:
        """Each after what it depends on; else as declared. Raises ValueError for a cycle."""
        index = {item.urn: place for place, item in enumerate(self.registrations)}
        waiting = {
            item.urn: {urn for urn in item.depends_on if urn in index}
            for item in self.registrations
        }
        after: dict[str, list[str]] = {}
        for urn, needs in waiting.items():
            for need in needs:
                after.setdefault(need, []).append(urn)
        ready = [index[urn] for urn, needs in waiting.items() if not needs]
        heapq.heapify(ready)
        ordered: list[Registration] = []
        while ready:
            item = self.registrations[heapq.heappop(ready)]
            ordered.append(item)
            for urn in after.get(item.urn, ()):
                waiting[urn].discard(item.urn)
                if not waiting[urn]:
                    heapq.heappush(ready, index[urn])
        if len(ordered) != len(self.registrations):
            stuck = sorted(urn for urn, needs in waiting.items() if needs)
            raise ValueError(f"these wait for each other: {', '.join(stuck)}")
        return ordered

    def _closure(
        self, urns: Iterable[str], edges: dict[str, frozenset[str]] | dict[str, set[str]]
    ) -> frozenset[str]:
        found: set[str] = set()
        todo = list(urns)
        while todo:
            for urn in edges.get(todo.pop(), ()):
                if urn not in found:
                    found.add(urn)
                    todo.append(urn)
        return frozenset(found)
