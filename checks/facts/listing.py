"""Lists that a check reads from an API server."""

from __future__ import annotations

from dataclasses import dataclass

from kube.access import Access
from vocabulary.kinds import SECRET, WORKLOADS, Kind
from vocabulary.kubernetes import SECRET_HELM_RELEASE


@dataclass(frozen=True)
class Listing:
    """One list to read."""

    kind: Kind
    namespace: str = ""
    """Namespace; empty for all namespaces and for kinds that have none."""
    labels: str = ""
    """``labelSelector``."""
    fields: str = ""
    """``fieldSelector``."""
    metadata_only: bool = False
    """Whether to leave out everything but the metadata."""
    complete: bool = True
    """Whether an object that is not in the list does not exist."""
    version: str = ""
    """Version to read, where the API server serves it."""

    @property
    def selectors(self) -> dict[str, str]:
        """Query parameters."""
        both = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {key: value for key, value in both.items() if value}

    @property
    def right(self) -> Access:
        """The right that reading it needs, in all namespaces."""
        return Access("list", self.kind.group, self.kind.plural)


def named(kind: Kind, namespace: str, name: str, *, metadata_only: bool = False) -> Listing:
    """The one object with this name: the rest of its kind is not read."""
    fields = f"metadata.name={name}"
    return Listing(kind, namespace, fields=fields, metadata_only=metadata_only, complete=False)


def secrets(namespace: str) -> Listing:
    """The Secrets of a namespace without the records of Helm, which are large."""
    return Listing(SECRET, namespace, fields=f"type!={SECRET_HELM_RELEASE}")


def workloads(namespace: str) -> tuple[Listing, ...]:
    """Deployments, DaemonSets and StatefulSets of a namespace."""
    return tuple(Listing(kind, namespace) for kind in WORKLOADS)


def helm_records(namespace: str) -> Listing:
    """Helm's records in a namespace: of each release, those that were not superseded."""
    return Listing(SECRET, namespace, labels="owner=helm,status!=superseded", complete=False)
