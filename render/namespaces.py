"""Which objects of a chart live in a namespace, and in which.

Facts: the Kubernetes API reference, ``spec.scope`` of CRDs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vocabulary.kinds import CRD, Kind
from vocabulary.scopes import CLUSTER_SCOPED


def with_namespace(manifests: Iterable[dict[str, Any]], namespace: str) -> Iterable[dict[str, Any]]:
    """The objects of one release; those that live in a namespace and name none get `namespace`.

    The scope of a kind that the release defines is that of its CRD.
    """
    given = list(manifests)
    scopes = {
        Kind(item["spec"]["group"], item["spec"]["names"]["kind"]): item["spec"].get("scope")
        for item in given
        if item.get("kind") == CRD.name
    }
    for item in given:
        metadata = item.setdefault("metadata", {})
        kind = Kind.of(item)
        if (
            kind.namespaced
            and (kind.group, kind.name) not in CLUSTER_SCOPED
            and scopes.get(kind) != "Cluster"
        ):
            # Beside the name, where a reader looks for it.
            named = {"name": metadata["name"]} if "name" in metadata else {}
            placed = {**metadata, "namespace": metadata.get("namespace") or namespace}
            item["metadata"] = {**named, "namespace": None, **placed}
        yield item
