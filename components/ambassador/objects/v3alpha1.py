"""Ambassador's objects in getambassador.io/v3alpha1 (Emissary-ingress 3 and 4, Edge Stack 3)."""

from __future__ import annotations

from collections.abc import Iterator

from components.ambassador.objects import shapes
from components.ambassador.objects.routing import Routing
from vocabulary.kinds import MAPPING


def translate(routing: Routing) -> Iterator[shapes.Manifest]:
    """Manifests of everything that an Ambassador serves."""
    yield from shapes.listeners(routing)
    yield from shapes.module("v3alpha1", routing)
    yield from shapes.tracing("v3alpha1", routing)
    yield from shapes.hosts("v3alpha1", routing)
    for mapping in routing.mappings:
        # Ambassador ignores a Mapping of this version without a hostname.
        spec = shapes.mapping_spec(mapping, {"hostname": mapping.hostname})
        yield shapes.manifest("v3alpha1", MAPPING.name, mapping.name, routing.namespace, spec)
