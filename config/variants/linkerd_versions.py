"""How far apart two releases of Linkerd are, and which one is between them.

Facts: Linkerd docs, "Upgrading Linkerd" (edge-26.8.3): a control plane may be ahead of its proxies
by one version 2.x, and more is not supported; extensions are versioned on their own; no page limits
how far linked clusters may be apart.
"""

from __future__ import annotations

import re

from config.variants.edge_releases import ANNOUNCED, announced

MOST_AHEAD = 1
"""Versions 2.x by which a control plane may be ahead of a proxy."""


def minor(release: str) -> int | None:
    """Second number of the version 2.x that a release is part of; None for other texts.

    `release` is the name of a release, such as ``edge-26.8.3`` or ``stable-2.14.10``, or a chart
    version.
    """
    edge = re.match(r"(?:edge-|v?20)(\d\d)\.(\d{1,2})\.(\d{1,3})", release)
    if edge is not None:
        year, month, number = map(int, edge.groups())
        return announced((2000 + year, month, number))
    stable = re.match(r"(?:stable-|v)?2\.(\d{1,2})\b", release)
    return int(stable[1]) if stable is not None else None


def too_far(before: str, after: str) -> bool:
    """Whether a control plane of release `after` may not have proxies of release `before`."""
    old, new = minor(before), minor(after)
    return old is not None and new is not None and new - old > MOST_AHEAD


def next_step(before: str, target: str) -> str:
    """The chart version to upgrade to next, on the way from release `before` to the chart `target`.

    It is `target` itself, or the edge release of the announcement that comes first.
    """
    old = minor(before)
    if old is None or not too_far(before, target):
        return target
    return ANNOUNCED.get(f"2.{old + MOST_AHEAD}", target)
