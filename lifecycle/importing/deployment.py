"""A deployment as Pulumi exports it, without the resources that do not exist.

Facts: pulumi, ``sdk/go/common/apitype/core.go``: references between resources of a deployment are
URNs, and an import refuses one that points to no resource.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_TLS = "tls:"


def without(deployment: Mapping[str, Any], absent: Collection[str]) -> dict[str, Any]:
    """The deployment without `absent`, by URN, and without keys and certificates made for them.

    Each certificate and request that depends on a missing key goes with it.
    """
    resources = [dict(item) for item in deployment["deployment"].get("resources") or []]
    gone = set(absent)
    for item in resources:
        # A deployment lists each resource after those that it depends on.
        if item["type"].startswith(_TLS) and gone.intersection(item.get("dependencies") or ()):
            gone.add(item["urn"])
    kept = [_freed(item, gone) for item in resources if item["urn"] not in gone]
    inner = {**deployment["deployment"], "resources": kept}
    return {**deployment, "deployment": inner}


def _freed(item: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    """A resource that refers to none of `gone`."""

    def left(urns: Any) -> list[str]:
        return [urn for urn in urns or () if urn not in gone]

    if "dependencies" in item:
        item["dependencies"] = left(item["dependencies"])
    if "propertyDependencies" in item:
        properties = item["propertyDependencies"] or {}
        item["propertyDependencies"] = {key: left(urns) for key, urns in properties.items()}
    if item.get("deletedWith") in gone:
        del item["deletedWith"]
    return item
