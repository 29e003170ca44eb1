"""Pulumi's state without what it has of one cluster, for a cluster that is gone for good.

Facts: pulumi 3.260, ``sdk/go/common/apitype`` (ResourceV3): what names other resources by URN;
pulumi-kubernetes 4.32, ``provider.go`` (Delete): a Helm release in an unreachable cluster cannot be
deleted, whatever PULUMI_K8S_DELETE_UNREACHABLE says.
"""

from __future__ import annotations

from typing import Any

from kube.answers import inner, items

State = dict[str, Any]
_PROVIDER = "pulumi:providers:kubernetes"
_MIRRORED = "mesh:index:MirroredServices"


def without(state: State, cluster: str) -> tuple[State, list[str]]:
    """The exported state without the resources of a cluster, and the URNs of these.

    What other resources name of them is left out as well. Components stay: they are in no cluster,
    and the next update deletes them.
    """
    resources = items(state, "deployment", "resources")
    gone = {str(one.get("urn")) for one in resources if _is_of(one, cluster)}
    kept = [_unnamed(one, gone) for one in resources if one.get("urn") not in gone]
    deployment = {**inner(state, "deployment"), "resources": kept}
    pending = [
        one
        for one in items(state, "deployment", "pending_operations")
        if inner(one, "resource").get("urn") not in gone
    ]
    if "pending_operations" in deployment:
        deployment["pending_operations"] = pending
    return {**state, "deployment": deployment}, sorted(gone)


def _is_of(resource: State, cluster: str) -> bool:
    kind, name = resource.get("type"), _name(str(resource.get("urn")))
    if kind == _PROVIDER:
        return name == cluster
    if kind == _MIRRORED:
        return bool(inner(resource, "inputs").get("cluster") == cluster)
    provider = str(resource.get("provider", "")).rpartition("::")[0]
    return f"{_PROVIDER}::" in provider and _name(provider) == cluster


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _unnamed(resource: State, gone: set[str]) -> State:
    """A resource that names none of these URNs."""
    found = dict(resource)
    for key in ("dependencies", "replaceWith"):
        if key in found:
            found[key] = [urn for urn in found[key] or () if urn not in gone]
    if "propertyDependencies" in found:
        found["propertyDependencies"] = {
            name: [urn for urn in urns or () if urn not in gone]
            for name, urns in (found["propertyDependencies"] or {}).items()
        }
    if found.get("deletedWith") in gone:
        del found["deletedWith"]
    return found
