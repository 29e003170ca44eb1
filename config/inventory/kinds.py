"""Kinds of everything that is written into a cluster."""

from __future__ import annotations

from collections.abc import Iterable

from config.inventory.charts import PublishedManifest, Release
from config.inventory.model import MadeObject
from config.inventory.values import ReleaseValues
from vocabulary.kinds import SECRET, Kind


def written_kinds(
    objects: Iterable[MadeObject],
    releases: Iterable[Release],
    manifests: Iterable[PublishedManifest],
    values: Iterable[ReleaseValues],
) -> frozenset[Kind]:
    """Kinds of objects, charts with their extra values, manifests, and of Helm's own records."""
    found = {item.kind for item in objects}
    found = found.union(*(item.kinds for item in manifests), *(item.kinds for item in values))
    for release in releases:
        # Helm keeps each revision of a release in a Secret.
        found |= release.kinds | {SECRET}
    return frozenset(found)
