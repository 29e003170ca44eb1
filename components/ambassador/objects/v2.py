"""Ambassador's objects in getambassador.io/v2 (Ambassador 1.x, and what later ones convert)."""

from __future__ import annotations

from collections.abc import Iterator

from components.ambassador.objects import shapes
from components.ambassador.objects.routing import Routing
from vocabulary.kinds import MAPPING


def translate(routing: Routing) -> Iterator[shapes.Manifest]:
    """Manifests of everything that an Ambassador serves."""
    yield from shapes.listeners(routing)
    yield from shapes.module("v2", routing)
    yield from shapes.tracing("v2", routing)
    yield from shapes.hosts("v2", routing)
    for mapping in routing.mappings:
        spec = shapes.mapping_spec(mapping, shapes.older_host(mapping, routing))
        yield shapes.manifest("v2", MAPPING.name, mapping.name, routing.namespace, spec)
