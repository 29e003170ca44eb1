"""The whole of a stack file: clusters, links, the anchor they share, charts, protection."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from config.base import Model
from config.charts import ChartsConfig
from config.cluster import ClusterConfig
from config.formats import Flag, is_dns_name
from config.link import Export, LinkConfig
from config.problems import wrong
from config.trust_anchor import TrustAnchorConfig

LONGEST_CLUSTER_NAME = 30
"""Characters of a cluster's name: mirrored Services, Secrets and controllers are named after it."""


def _cluster_name(value: str) -> str:
    if "." in value or not is_dns_name(value):
        raise wrong(
            "this is not a name for a cluster",
            f"write at most {LONGEST_CLUSTER_NAME} lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit",
        )
    if len(value) > LONGEST_CLUSTER_NAME:
        raise wrong(
            f"this name has {len(value)} characters, and names of Secrets, controllers and "
            "mirrored Services are made from it",
            f"write at most {LONGEST_CLUSTER_NAME} characters",
        )
    return value


ClusterName = Annotated[
    str,
    AfterValidator(_cluster_name),
    WithJsonSchema({"pattern": f"^[a-z0-9]([-a-z0-9]{{0,{LONGEST_CLUSTER_NAME - 2}}}[a-z0-9])?$"}),
]
"""The name of a cluster within a stack file."""


class Protection(Model):
    """What `pulumi destroy` and replacements must not take away.

    Deleting a release of CRDs deletes every object of those kinds, other people's included;
    losing the anchor's key breaks trust in every cluster.
    """

    trust_anchor: Flag = True
    """Protect the generated anchors' keys and certificates."""
    crds: Flag = True
    """Protect the releases that hold CRDs."""


class MeshConfig(Model):
    """Everything that a stack file says."""

    clusters: dict[ClusterName, ClusterConfig]
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

    def linked_clusters(self) -> set[str]:
        """Names of the clusters that are an end of any link."""
        return {end for link in self.links for end in (link.source, link.target)}

    def exports_of(self, cluster: str) -> tuple[Export, ...]:
        """Services of this cluster that any link exports, each once."""
        found = dict.fromkeys(export for link in self.links_to(cluster) for export in link.exports)
        return tuple(found)

    def exports(self) -> dict[str, tuple[Export, ...]]:
        """Services that any link exports, by the name of their cluster."""
        return {name: self.exports_of(name) for name in self.clusters}


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
