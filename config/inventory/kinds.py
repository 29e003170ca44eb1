"""Kinds of everything that is written into a cluster."""

from __future__ import annotations

from collections.abc import Iterable

from config.inventory.charts import PublishedManifest, Release
from config.inventory.model import MadeObject
from vocabulary.kinds import SECRET, Kind


def written_kinds(
    objects: Iterable[MadeObject],
    releases: Iterable[Release],
    manifests: Iterable[PublishedManifest],
) -> frozenset[Kind]:
    """Kinds of objects, charts and manifests, and of Helm's own records."""
    found = {item.kind for item in objects}
    for manifest in manifests:
        found |= manifest.kinds
    for release in releases:
        # Helm keeps each revision of a release in a Secret.
        found |= release.kinds | {SECRET}
    return frozenset(found)
