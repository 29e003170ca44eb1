"""What each cluster needs signed by the trust anchor, by the inventory of the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from config.core.mesh import MeshConfig
from config.inventory import Inventory, Webhook


@dataclass(frozen=True)
class Signatures:
    """What one cluster needs signed."""

    issuer_name: str
    """Common name and SAN of its identity issuer, as the identity service demands it."""
    webhooks: Sequence[Webhook]
    """Webhooks whose serving certificates are signed here."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Host names that Ambassador gets certificates for, by the names of its Hosts."""
    issuer: bool = True
    """Whether its identity issuer is signed here; cert-manager issues it otherwise."""


def signatures(config: MeshConfig, made: Inventory) -> Signatures:
    """What the cluster with this inventory needs signed.

    What cert-manager issues is not among it.
    """
    issuance = config.trust_anchor.cert_manager
    issued = issuance is not None and issuance.webhooks
    return Signatures(
        config.clusters[made.cluster].issuer_name,
        () if issued else made.webhooks,
        {host.name: host.hostname for host in made.hosts if host.tls and host.tls.trial},
        issuer=issuance is None,
    )
