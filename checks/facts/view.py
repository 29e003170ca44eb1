"""What was read of one cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from checks.facts.results import UPDATE, Finding, failure, skipped
from kube.access import Access
from kube.helm import History, Made
from kube.kubeconfig import Endpoint
from kube.nodes import simulated
from vocabulary.kinds import NODE, SECRET, Kind, Object, labels_of, name_of, namespace_of


class Unseen(Exception):
    """Something that a check needs could not be read; the text has what and why."""


EVERYTHING = Access("*", "*", "*")
"""The right to do everything."""


class ServedKind(NamedTuple):
    """How an API server serves a kind."""

    versions: Mapping[str, str]
    """The plural name by version; the version that the server prefers comes first."""
    namespaced: bool


class Log(NamedTuple):
    """The end of a container's log."""

    text: str
    """As the container wrote it, secrets and all; empty where it wrote nothing."""
    fault: str = ""
    """Why it could not be read; empty where it could."""


@dataclass(frozen=True)
class View:
    """One cluster as it was at one moment. Objects are those that the fetch plan asks for."""

    cluster: str
    """Name of the cluster in the stack file."""
    uid: str = ""
    """UID of its namespace kube-system."""
    version: str = ""
    """Version of its API server."""
    objects: tuple[Object, ...] = ()
    """Objects, each with apiVersion and kind."""
    unseen: Mapping[tuple[Kind, str], str] = field(default_factory=dict)
    """Why a kind could not be listed in a namespace (empty: in the whole cluster)."""
    served: Mapping[Kind, ServedKind] = field(default_factory=dict)
    """The kinds that the API server serves."""
    releases: Mapping[tuple[str, str], History] = field(default_factory=dict)
    """Helm releases by namespace and name."""
    access: Mapping[Access, bool] = field(default_factory=dict)
    """What the operator may do, as far as it was asked."""
    logs: Mapping[tuple[str, str, str], Log] = field(default_factory=dict)
    """Ends of logs by namespace, pod and container, of pods that are not ready."""
    endpoint: Endpoint | None = None
    """The API server for other clusters."""
    clock_offset: float | None = None
    """Seconds by which the API server's clock is ahead of the one here."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """The moment, by the clock here."""

    @cached_property
    def _index(self) -> dict[Kind, dict[tuple[str, str], Object]]:
        index: dict[Kind, dict[tuple[str, str], Object]] = {}
        for thing in self.objects:
            index.setdefault(Kind.of(thing), {})[namespace_of(thing), name_of(thing)] = thing
        return index

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """One object, or None where there is none.

        Raises Unseen: the kind could not be listed there.
        """
        found = self._index.get(kind, {}).get((namespace, name))
        if found is None:
            self._require(kind, {"", namespace})
        return found

    def all(
        self, kind: Kind, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Object]:
        """Every object of a kind, in one namespace or in all, that has these labels.

        Raises Unseen: the kind could not be listed there.
        """
        self._require(kind, {"", namespace or ""})
        wanted = (labels or {}).items()
        return [
            thing
            for thing in self._index.get(kind, {}).values()
            if namespace in (None, namespace_of(thing)) and wanted <= labels_of(thing).items()
        ]

    def serves(self, kind: Kind, version: str) -> bool:
        """Whether the API server serves a kind in this version."""
        return kind in self.served and version in self.served[kind].versions

    def exists(self, made: Made) -> bool:
        """Whether an object of a release exists.

        Raises Unseen: its kind could not be listed.
        """
        served = self.served.get(made.kind)
        if served is None:
            return False
        space = made.namespace if served.namespaced else ""
        return self.get(made.kind, space, made.name) is not None

    def require_release_records(self, namespace: str) -> None:
        """Make sure that the records of releases in a namespace could be read.

        Raises Unseen: they could not.
        """
        self._require(SECRET, {"", namespace})

    def made_by_release(self, kind: Kind, namespace: str, name: str) -> bool:
        """Whether the record of a release has this object.

        `namespace` is empty for kinds without one.
        """
        return (kind, namespace, name) in self._made

    def missing(
        self,
        title: str,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        hint: str = UPDATE,
        text: str = "it does not exist",
    ) -> Finding:
        """The line about an object that does not exist, which its release's line may report."""
        if self.made_by_release(kind, namespace, name):
            return skipped(title, f"{text}; see its release")
        return failure(title, text, hint)

    @cached_property
    def _made(self) -> set[tuple[Kind, str, str]]:
        return {
            (made.kind, namespace, made.name)
            for history in self.releases.values()
            for made in history.standing.objects
            for namespace in ("", made.namespace)
        }

    @cached_property
    def simulated(self) -> bool:
        """Whether all nodes are played by kwok: pods are ready, but nothing runs in them."""
        return simulated(self._index.get(NODE, {}).values())

    def _require(self, kind: Kind, namespaces: Iterable[str]) -> None:
        for namespace in sorted(namespaces):
            reason = self.unseen.get((kind, namespace))
            if reason is not None:
                where = f" in {namespace}" if namespace else ""
                raise Unseen(f"{kind.name} objects{where} cannot be listed: {reason}")
