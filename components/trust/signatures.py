"""What each cluster needs signed by the trust anchor, by the inventory of the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from config.core.mesh import MeshConfig
from config.inventory import Inventory, Webhook
from config.inventory.hosts import hosts


@dataclass(frozen=True)
class Signatures:
    """What one cluster needs signed."""

    issuer_name: str
    """Common name and SAN of its identity issuer, as the identity service demands it."""
    webhooks: Sequence[Webhook]
    """Webhooks whose serving certificates are signed here."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Host names that Ambassadors get certificates for, by the names of these certificates."""
    issuer: bool = True
    """Whether its identity issuer is signed here; cert-manager issues it otherwise."""


def certificate_of(host: str, other: str = "") -> str:
    """Name of the certificate of a Host; `other` is its Ambassador where that is not the main one.

    No name of a cluster, webhook or Ambassador has a dot.
    """
    return f"hosts.{other}.{host}" if other else f"host.{host}"


def signatures(config: MeshConfig, made: Inventory) -> Signatures:
    """What the cluster with this inventory needs signed.

    What cert-manager issues is not among it.
    """
    issuance = config.trust_anchor.cert_manager
    issued = issuance is not None and issuance.webhooks
    names = [one.name for one in config.clusters[made.cluster].other_ambassadors]
    views = zip(("", *names), config.each_ambassador(made.cluster), strict=False)
    return Signatures(
        config.clusters[made.cluster].issuer_name,
        () if issued else made.webhooks,
        {
            certificate_of(host.name, other): host.hostname
            for other, view in views
            for host in hosts(view, made.cluster)
            if host.tls and host.tls.trial
        },
        issuer=issuance is None,
    )
