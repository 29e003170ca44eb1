"""Published manifests, declared object by object so that every diff shows what changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from yaml import YAMLError

from components.core.component import MeshComponent
from kube.documents import load_all
from vocabulary.errors import MeshError
from vocabulary.kinds import CRD, NAMESPACE

_FETCH = "download the manifest again"


class ManifestError(MeshError):
    """A published manifest that is not a list of Kubernetes objects."""


def objects_of(text: str, what: str) -> list[dict[str, Any]]:
    """The objects in a manifest; `what` names it in errors.

    Raises ManifestError where it is not YAML, is empty, or has anything but Kubernetes objects.
    """
    try:
        found = [item for item in load_all(text) if item is not None]
    except YAMLError:
        raise ManifestError(f"{what} is not YAML", _FETCH) from None
    if not found:
        raise ManifestError(f"{what} has no object", _FETCH)
    for item in found:
        metadata = item.get("metadata") if isinstance(item, dict) else None
        if not isinstance(metadata, dict) or not all(
            isinstance(value, str)
            for value in (item.get("apiVersion"), item.get("kind"), metadata.get("name"))
        ):
            raise ManifestError(f"{what} has something that is not an object", _FETCH)
    return found


def declare(
    owner: MeshComponent,
    name: str,
    objects: list[dict[str, Any]],
    provider: pulumi.ProviderResource,
    *,
    protect_crds: bool,
) -> list[pulumi.Resource]:
    """Declare objects as children of `owner`, named ``<name>-<kind>-<name>``.

    Namespaces come first; everything else waits for them.
    """
    spaces = [_declared(owner, name, item, provider) for item in _of_kind(objects, NAMESPACE.name)]
    rest = [
        _declared(
            owner,
            name,
            item,
            provider,
            depends_on=spaces,
            protect=(protect_crds and item["kind"] == CRD.name) or None,
        )
        for item in objects
        if item["kind"] != NAMESPACE.name
    ]
    return [*spaces, *rest]


def custom_resource(
    owner: MeshComponent, place: str, manifest: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> CustomResource:
    """Declare an object of a CRD as a child of `owner`, named ``<owner>-<kind>-<place>``."""
    kind = str(manifest["kind"])
    return CustomResource(
        f"{owner.logical_name}-{kind.lower()}-{place}",
        api_version=manifest["apiVersion"],
        kind=kind,
        metadata=manifest["metadata"],
        spec=manifest["spec"],
        opts=opts,
    )


def _of_kind(objects: list[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    return (item for item in objects if item["kind"] == kind)


def _declared(
    owner: MeshComponent,
    name: str,
    item: Mapping[str, Any],
    provider: pulumi.ProviderResource,
    **options: Any,
) -> pulumi.Resource:
    version, kind = item["apiVersion"], item["kind"]
    group = version if "/" in version else f"core/{version}"
    return pulumi.CustomResource(
        f"kubernetes:{group}:{kind}",
        f"{name}-{kind.lower()}-{item['metadata']['name']}",
        # The engine writes the API server's answer into these.
        {"status": None, **item} if kind != CRD.name else dict(item),
        owner.child(provider, **options),
    )
