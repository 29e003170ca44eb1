"""A whole stack file: clusters, links, the trust anchor they share, charts, protection."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema

from config.ambassador.routes import HostConfig, MappingConfig
from config.core.charts import ChartsConfig
from config.core.cluster import ClusterConfig
from config.core.verification import VerifyConfig
from config.language.formats import Flag, is_dns_name
from config.language.model import Model
from config.language.problems import wrong
from config.linkerd.egress import Manifest
from config.links.exports import ExportedService, ServiceRef
from config.links.gateway_view import Gateway, gateway_for, gateways
from config.links.link import LinkConfig
from config.links.selection import export_labels, selectors
from config.links.selectors import Selector
from config.trust.trust_anchor import TrustAnchorConfig
from vocabulary.linkerd import identity

LONGEST_CLUSTER_NAME = 30
"""Characters of a cluster's name: mirrored Services, Secrets and controllers are named after it."""


def _cluster_name(value: str) -> str:
    if "." in value or not is_dns_name(value):
        raise wrong(
            "this is not a valid cluster name",
            f"write at most {LONGEST_CLUSTER_NAME} lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit",
        )
    if len(value) > LONGEST_CLUSTER_NAME:
        raise wrong(
            f"this name has {len(value)} characters, and names of Secrets, controllers and "
            "mirrored Services contain it",
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
    """Resources that `pulumi destroy` and replacements must not delete.

    Deleting a release of CRDs deletes every object of those kinds, other owners' objects included;
    losing the anchor's key breaks trust in every cluster.
    """

    trust_anchor: Flag = True
    """Protect the generated anchors' keys and certificates."""
    crds: Flag = True
    """Protect the releases that hold CRDs."""


class MeshConfig(Model):
    """A whole stack file."""

    clusters: dict[ClusterName, ClusterConfig]
    """Clusters by name."""
    links: tuple[LinkConfig, ...] = ()
    """Links between clusters."""
    trust_anchor: TrustAnchorConfig = TrustAnchorConfig()
    """The trust anchor that all clusters share."""
    charts: ChartsConfig = ChartsConfig()
    """Where charts come from."""
    protection: Protection = Protection()
    """Resources protected from deletion."""
    timeout_seconds: Annotated[int, Field(ge=10, le=7200, strict=True)] = 600
    """Seconds that each Helm release, and each wait for an object, may take."""
    verify: VerifyConfig = VerifyConfig()
    """The pods of `./mesh verify`."""

    def each_ambassador(self, cluster: str) -> tuple[Self, ...]:
        """The stack file once for each Ambassador of a cluster, as its only one; main one first.

        Routes to mirrors are the main one's; the others have the links through them alone.
        """
        views = self.clusters[cluster].each_ambassador
        if len(views) < 2:
            return (self,) if views else ()
        return tuple(
            self.model_copy(
                update={
                    "clusters": {**self.clusters, cluster: view},
                    "links": self._links_through(cluster, view) if place else self.links,
                }
            )
            for place, view in enumerate(views)
        )

    def _links_through(self, cluster: str, view: ClusterConfig) -> tuple[LinkConfig, ...]:
        """The links to a cluster that go through the gateway of its only Ambassador in `view`."""
        own = {gateway.name for gateway in gateways(cluster, view)}
        return tuple(
            link
            for link in self.links_to(cluster)
            if (found := self.gateway_of(link)) and found.name in own
        )

    def links_from(self, cluster: str) -> tuple[LinkConfig, ...]:
        """Links that begin in this cluster."""
        return tuple(link for link in self.links if link.source == cluster)

    def links_to(self, cluster: str) -> tuple[LinkConfig, ...]:
        """Links that end in this cluster."""
        return tuple(link for link in self.links if link.target == cluster)

    def linked_clusters(self) -> set[str]:
        """Names of the clusters that are an end of any link."""
        return {end for link in self.links for end in (link.source, link.target)}

    def gateways(self, cluster: str) -> tuple[Gateway, ...]:
        """The multicluster gateways of this cluster."""
        return gateways(cluster, self.clusters[cluster])

    def gateway_of(self, link: LinkConfig) -> Gateway | None:
        """The gateway that a link goes through, as the link reaches it; None on a flat network.

        None too where the target has no such gateway, which validation refuses.
        """
        found = gateway_for(link, link.target, self.clusters[link.target])
        return found.through(link) if found is not None else None

    def exports_of(self, cluster: str) -> tuple[ExportedService, ...]:
        """Services of this cluster that any link exports, each once."""
        labels = export_labels(self.links_to(cluster))
        found = self.gateways(cluster)
        if found and not self.clusters[cluster].linkerd.generation.links:
            return tuple(ExportedService(ref, {}, found[0].export_annotations) for ref in labels)
        traffic = self.traffic_of(cluster)
        return tuple(ExportedService(ref, own, traffic.get(ref, {})) for ref, own in labels.items())

    def selectors_of(self, link: LinkConfig) -> dict[str, Selector]:
        """The selectors of a Link by their keys in its spec."""
        return selectors(link, self.links_to(link.target))

    def traffic_of(self, cluster: str) -> dict[ServiceRef, dict[str, str]]:
        """Annotations by which clients treat requests to exported Services of this cluster."""
        return {
            ServiceRef(export.namespace, export.service): export.traffic.annotations
            for link in self.links_to(cluster)
            for export in link.exports
            if export.traffic is not None
        }

    def egress_of(self, cluster: str) -> tuple[Manifest, ...]:
        """Objects that say what pods of this cluster may reach outside of it."""
        linkerd = self.clusters[cluster].linkerd
        if linkerd.egress is None:
            return ()
        source = bool(self.links_from(cluster))
        return tuple(linkerd.egress.manifests(linkerd.namespace, source=source))

    def services_wanted(self, cluster: str) -> tuple[ServiceRef, ...]:
        """Existing Services of this cluster that links need.

        Those that links export from it, and those that share their requests with a mirror.
        """
        wanted = dict.fromkeys(item.service for item in self.exports_of(cluster))
        for link in self.links_from(cluster):
            for export in link.exports:
                if export.weights is not None:
                    wanted[ServiceRef(export.namespace, export.service)] = None
        return tuple(wanted)

    def own_mappings(self, cluster: str) -> tuple[MappingConfig, ...]:
        """Routes of this cluster's Ambassador to its own Services, the sample's among them."""
        ambassador = self.clusters[cluster].ambassador
        if ambassador is None:
            return ()
        return (*ambassador.mappings, *self._sample_mapping(cluster))

    def asked_mappings(self, cluster: str) -> tuple[MappingConfig, ...]:
        """Routes of this cluster's Ambassador that other parts of the stack file require."""
        config = self.clusters[cluster]
        route = config.linkerd.viz.route
        return (
            *self.mirror_mappings(cluster),
            *self._sample_mapping(cluster),
            *((route.as_mapping(config.domain),) if route is not None else ()),
        )

    def asked_hosts(self, cluster: str) -> tuple[HostConfig, ...]:
        """Hosts of this cluster's Ambassador that other parts of the stack file require."""
        route = self.clusters[cluster].linkerd.viz.route
        return (route.as_host(),) if route is not None else ()

    def _sample_mapping(self, cluster: str) -> tuple[MappingConfig, ...]:
        config = self.clusters[cluster]
        sample = config.sample
        return (sample.route(config.domain),) if sample is not None and sample.mapping else ()

    def mirror_mappings(self, cluster: str) -> tuple[MappingConfig, ...]:
        """Routes of this cluster's Ambassador to the mirrors of other clusters' Services."""
        domain = self.clusters[cluster].domain
        return tuple(
            MappingConfig(
                name=export.mapping.name or link.mirror_of(export),
                prefix=export.mapping.prefix,
                hostname=export.mapping.hostname,
                service=f"http://{link.mirror_of(export)}.{export.namespace}.svc.{domain}"
                f":{export.port}",
                **export.mapping.settings,
            )
            for link in self.links_from(cluster)
            for export in link.exports
            if export.mapping is not None
        )


def gateway_identity(name: str, cluster: ClusterConfig) -> str | None:
    """The mTLS identity of a cluster's Ambassador, or None where it has none."""
    ambassador = cluster.ambassador
    if ambassador is None:
        return None
    return identity(
        ambassador.account(name),
        ambassador.namespace,
        cluster.linkerd.namespace,
        cluster.trust_domain,
    )


def service_account(name: str, cluster: ClusterConfig) -> str:
    """Name of the ServiceAccount of a cluster's Ambassador."""
    ambassador = cluster.ambassador
    if ambassador is None:
        raise ValueError(f"cluster {name} has no Ambassador")
    return ambassador.account(name)
