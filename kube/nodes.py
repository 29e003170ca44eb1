"""Nodes that kwok plays, whose pods are ready without running anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kube.answers import inner


def simulated(nodes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether there are nodes, and kwok plays each of them."""
    found = [inner(node, "status", "nodeInfo") for node in nodes]
    return bool(found) and all(
        any(
            "kwok" in str(info.get(key, ""))
            for key in ("kubeletVersion", "containerRuntimeVersion")
        )
        for info in found
    )
