"""A stack's exported state, as far as a recovery reads it; secrets in it stay encrypted.

Fact: pulumi ``sdk/go/common/apitype/core.go`` (DeploymentV3, OperationV2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kube.answers import inner, items
from kube.paths import path_of
from vocabulary.kinds import Kind, name_of, namespace_of

RELEASE = "kubernetes:helm.sh/v3:Release"
PROVIDERS = "pulumi:providers:kubernetes"
PATCH = "Patch"
"""What the types of patches end in; they are made on objects that exist."""
_MANAGER = "__fieldManager"
"""The provider's key for the field manager that an object was applied as."""


@dataclass(frozen=True)
class Resource:
    """A resource of the state, or of a plan."""

    urn: str
    type: str
    cluster: str
    """Logical name of its provider, which is the cluster's name; empty without a provider."""
    inputs: Mapping[str, Any]
    manager: str = ""
    """The field manager that the provider applies it as; empty where the state has none."""

    @property
    def release(self) -> tuple[str, str] | None:
        """Namespace and name of a Helm release; None for other resources."""
        if self.type != RELEASE:
            return None
        return str(self.inputs.get("namespace")), str(self.inputs.get("name"))

    @property
    def path(self) -> str:
        """The path of its object at the API server; empty where this program knows no such kind."""
        kind = Kind.of(self.inputs)
        if not kind.plural:
            return ""
        return path_of(kind, namespace_of(self.inputs), name_of(self.inputs))

    def __str__(self) -> str:
        return f"{self.type.rpartition(':')[2]} {self.urn.rpartition('::')[2]}"


@dataclass(frozen=True)
class Operation:
    """An operation that did not end."""

    kind: str
    """The engine's word: ``creating``, ``updating``, ``deleting`` and so on."""
    resource: Resource

    def __str__(self) -> str:
        return f"{self.kind} {self.resource}"


@dataclass(frozen=True)
class StackState:
    """The state of a stack."""

    resources: tuple[Resource, ...] = ()
    pending: tuple[Operation, ...] = ()

    @property
    def deleting(self) -> bool:
        """Whether it was a deletion that was interrupted."""
        return {one.kind for one in self.pending} == {"deleting"}

    def releases(self, cluster: str) -> dict[tuple[str, str], str]:
        """URNs of the releases in a cluster that the state has, by namespace and name."""
        return dict(_releases(self.resources, cluster))

    def begun(self, cluster: str) -> frozenset[tuple[str, str]]:
        """Namespaces and names of those whose operation did not end."""
        return frozenset(dict(_releases([one.resource for one in self.pending], cluster)))


def _releases(resources: Iterable[Resource], cluster: str) -> Iterator[tuple[tuple[str, str], str]]:
    for one in resources:
        if one.release is not None and one.cluster == cluster:
            yield one.release, one.urn


def read_state(exported: Mapping[str, Any]) -> StackState:
    """The state in what ``pulumi stack export`` printed."""
    deployment = inner(exported, "deployment")
    return StackState(
        tuple(resource(one) for one in items(deployment, "resources")),
        tuple(
            Operation(str(one.get("type")), resource(inner(one, "resource")))
            for one in items(deployment, "pending_operations")
        ),
    )


def resource(entry: Mapping[str, Any]) -> Resource:
    """The resource that an entry of a state, or ``newState`` of a plan, describes."""
    provider = str(entry.get("provider") or "").split("::")
    cluster = provider[3] if len(provider) > 3 and PROVIDERS in provider[2] else ""
    return Resource(
        str(entry.get("urn")),
        str(entry.get("type")),
        cluster,
        inner(entry, "inputs"),
        str(inner(entry, "outputs").get(_MANAGER) or ""),
    )
