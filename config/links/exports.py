"""Exported Services as their own cluster sees them: each once, with what is written on it.

Facts: Linkerd docs, "Exporting services"; for Linkerd 2.8, the Ambassador documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field

EXPORTED = "mirror.linkerd.io/exported"
"""Label of an exported Service: ``true`` through the gateway, ``remote-discovery`` without."""
FEDERATED = "mirror.linkerd.io/federated"
"""Label of a member of a federated Service."""
GATEWAY_NAME = "mirror.linkerd.io/gateway-name"
"""Annotation of an exported Service of Linkerd 2.8: the Service of its gateway."""
GATEWAY_NAMESPACE = "mirror.linkerd.io/gateway-ns"
"""Annotation of an exported Service of Linkerd 2.8: that Service's namespace."""


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
    """A Service that one or more links export, and what tells service mirrors so."""

    service: ServiceRef
    """The Service."""
    labels: dict[str, str] = field(default_factory=dict)
    """Labels that it gets."""
    annotations: dict[str, str] = field(default_factory=dict)
    """Annotations that it gets."""
