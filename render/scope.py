"""Whether an object lives in a namespace.

Facts: the Kubernetes API reference (what `kubectl api-resources --namespaced=false` lists), and
``spec.scope`` of CRDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vocabulary.scopes import CLUSTER_SCOPED

Kind = tuple[str, str]
"""API group (empty for the core group) and kind."""


def kind_of(manifest: Mapping[str, Any]) -> Kind:
    """API group and kind of a manifest."""
    group, slash, _ = str(manifest.get("apiVersion", "")).rpartition("/")
    return (group if slash else "", str(manifest.get("kind", "")))


def with_namespace(manifests: Iterable[dict[str, Any]], namespace: str) -> Iterable[dict[str, Any]]:
    """Manifests of one release, those that live in a namespace and name none put into its own.

    Kinds that the release itself defines are known by its CRDs.
    """
    given = list(manifests)
    cluster_scoped = CLUSTER_SCOPED | {
        (manifest["spec"]["group"], manifest["spec"]["names"]["kind"])
        for manifest in given
        if manifest.get("kind") == "CustomResourceDefinition"
        and manifest["spec"].get("scope") == "Cluster"
    }
    for manifest in given:
        metadata = manifest.setdefault("metadata", {})
        if kind_of(manifest) not in cluster_scoped:
            # Beside the name, where a reader looks for it.
            named = {"name": metadata["name"]} if "name" in metadata else {}
            placed = {**metadata, "namespace": metadata.get("namespace") or namespace}
            manifest["metadata"] = {**named, "namespace": None, **placed}
        yield manifest
