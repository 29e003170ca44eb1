"""From what the program registered to the Kubernetes objects that it makes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from render.helm import hook_of
from render.placeholders import has_placeholder
from render.recorder import RELEASE
from render.redaction import contained, has_data, redacted, secret_texts
from render.registration import Recording, Registration
from vocabulary.kubernetes import PATCH_FIELD_MANAGER, PULUMI_PREFIX

PULUMI_ANNOTATIONS = PULUMI_PREFIX


class Renderer(Protocol):
    """Renders Helm releases; `HelmTemplate` is one."""

    def render(self, release: Registration) -> list[dict[str, Any]]:
        """Objects of a release, in the order in which they are to be made."""
        ...


@dataclass(frozen=True)
class RenderedObject:
    """One Kubernetes object, and where it comes from."""

    object: dict[str, Any]
    """The object, secrets laid open."""
    owner: Registration
    """What it was registered as; for objects of a chart, the release."""
    secret: bool
    """Whether anything in it is secret."""
    patch: bool
    """Whether it is another owner's object, of which only these fields are set."""
    component: str
    """Logical name of the component that it belongs to."""
    field_manager: str | None = None
    """Name under which a patch is to be applied."""
    secret_texts: frozenset[str] = frozenset()
    """The secret texts in it."""

    @property
    def hook(self) -> str | None:
        """The moments at which Helm makes it, or None where it is no hook."""
        return hook_of(self.object)

    @property
    def incomplete(self) -> bool:
        """Whether it has a placeholder for what only a cluster knows."""
        return has_placeholder(self.object)

    @property
    def redacted(self) -> dict[str, Any]:
        """The object without anything secret."""
        return redacted(self.object, self.secret_texts) if self.secret else self.object


def manifests(recording: Recording, helm: Renderer) -> dict[str, list[RenderedObject]]:
    """The objects of every cluster, each after what it depends on.

    Raises RenderError where a chart cannot be rendered.
    """
    ordered = [item for item in recording.in_dependency_order() if item.cluster]
    releases = [item for item in ordered if item.type == RELEASE]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        rendered = dict(
            zip((item.urn for item in releases), pool.map(helm.render, releases), strict=True)
        )
    secrets = secret_texts(recording)
    names = {item.urn: item.name for item in recording}
    found: dict[str, list[RenderedObject]] = {name: [] for name in recording.clusters()}
    for item in ordered:
        if item.read or item.cluster is None:
            continue
        component = names.get(item.parent or "", item.name)
        objects = rendered[item.urn] if item.urn in rendered else [_object(item)]
        for made in objects:
            texts = contained(made, secrets)
            annotations = (item.inputs.get("metadata") or {}).get("annotations") or {}
            found[item.cluster].append(
                RenderedObject(
                    object=made,
                    owner=item,
                    secret=bool(texts) or has_data(made),
                    patch=item.type.endswith("Patch"),
                    component=component,
                    field_manager=annotations.get(PATCH_FIELD_MANAGER),
                    secret_texts=texts,
                )
            )
    return found


def _object(item: Registration) -> dict[str, Any]:
    """The object that the kubernetes provider would create for a resource."""
    version, _, kind = item.type.removeprefix("kubernetes:").rpartition(":")
    kind = kind.removesuffix("Patch") if item.type.endswith("Patch") else kind
    version = version.removeprefix("core/")
    inputs = item.inputs
    made: dict[str, Any] = {
        "apiVersion": inputs.get("apiVersion", version),
        "kind": inputs.get("kind", kind),
        "metadata": _metadata(inputs.get("metadata") or {}),
    }
    made |= {key: _sorted(inputs[key]) for key in sorted(inputs) if key not in made}
    return made


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Name and namespace first, and nothing that only the provider reads."""
    rest = {
        key: _sorted(metadata[key]) for key in sorted(metadata) if key not in ("name", "namespace")
    }
    annotations = {
        key: value
        for key, value in rest.pop("annotations", {}).items()
        if not key.startswith(PULUMI_ANNOTATIONS)
    }
    first = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    return {**first, **({"annotations": annotations} if annotations else {}), **rest}


def _sorted(value: Any) -> Any:
    """The engine's messages keep no order of keys, and two renders are to be alike."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(inner) for inner in value]
    return value
