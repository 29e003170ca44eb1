"""The whole of a stack file: clusters, links, the anchor they share, charts, protection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.base import Model
from config.charts import ChartsConfig
from config.cluster import ClusterConfig
from config.link import Export, LinkConfig
from config.trust_anchor import TrustAnchorConfig


class Protection(Model):
    """What `pulumi destroy` and replacements must not take away.

    Deleting a release of CRDs deletes every object of those kinds, other people's included;
    losing the anchor's key breaks trust in every cluster.
    """

    trust_anchor: bool = True
    """Protect the generated anchors' keys and certificates."""
    crds: bool = True
    """Protect the releases that hold CRDs."""


class MeshConfig(Model):
    """Everything that a stack file says."""

    clusters: dict[str, ClusterConfig]
    """Clusters by name."""
    links: tuple[LinkConfig, ...] = ()
    """Links between them."""
    trust_anchor: TrustAnchorConfig = TrustAnchorConfig()
    """The trust anchor that all clusters share."""
    charts: ChartsConfig = ChartsConfig()
    """Where charts come from."""
    protection: Protection = Protection()
    """What is protected from deletion."""
    timeout_seconds: Annotated[int, Field(ge=10, le=7200, strict=True)] = 600
    """Seconds that each Helm release, and each wait for an object, may take."""

    def links_from(self, cluster: str) -> tuple[LinkConfig, ...]:
        """Links that begin in this cluster."""
        return tuple(link for link in self.links if link.source == cluster)

    def links_to(self, cluster: str) -> tuple[LinkConfig, ...]:
        """Links that end in this cluster."""
        return tuple(link for link in self.links if link.target == cluster)

    def exports_of(self, cluster: str) -> tuple[Export, ...]:
        """Services of this cluster that any link exports, each once."""
        found = dict.fromkeys(export for link in self.links_to(cluster) for export in link.exports)
        return tuple(found)


def gateway_identity(name: str, cluster: ClusterConfig) -> str | None:
    """The mTLS identity of a cluster's Ambassador, or None where it has none.

    Form (Linkerd docs): ``<account>.<namespace>.serviceaccount.identity.<linkerd>.<trust domain>``.
    """
    ambassador = cluster.ambassador
    if ambassador is None:
        return None
    return (
        f"{service_account(name, cluster)}.{ambassador.namespace}.serviceaccount.identity."
        f"{cluster.linkerd.namespace}.{cluster.trust_domain}"
    )


def service_account(name: str, cluster: ClusterConfig) -> str:
    """Name of the ServiceAccount of a cluster's Ambassador."""
    ambassador = cluster.ambassador
    if ambassador is None:
        raise ValueError(f"cluster {name} has no Ambassador")
    return ambassador.service_account or f"{ambassador.name}-{name}"
