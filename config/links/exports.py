"""Exported Services in their own cluster: each once, with its labels and annotations.

Facts: Linkerd docs, "Exporting services"; for Linkerd 2.8, the Ambassador documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class ServiceRef:
    """A Service within a cluster."""

    namespace: str
    """Its namespace."""
    name: str
    """Its name."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class ExportedService:
    """A Service that links export, with the labels or annotations that service mirrors read."""

    service: ServiceRef
    """The Service."""
    labels: dict[str, str] = field(default_factory=dict)
    """Labels that it gets."""
    annotations: dict[str, str] = field(default_factory=dict)
    """Annotations that it gets."""
