"""The whole mesh: every component, in the order in which it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_tls as tls

from clusters.guard import Reach
from components.ambassador_mesh import AmbassadorMesh, AmbassadorMeshArgs
from components.charts import ChartSource
from components.cluster_provider import cluster_provider
from components.link_credentials import LinkCredentials, LinkCredentialsArgs
from components.linkerd_control_plane import (
    LinkerdControlPlane,
    LinkerdControlPlaneArgs,
    signatures,
)
from components.multicluster_extension import MulticlusterExtension, MulticlusterExtensionArgs
from components.multicluster_link import MulticlusterLink, MulticlusterLinkArgs
from components.releases import ReleaseSettings
from components.sample_service import SampleService, SampleServiceArgs
from components.service_exports import ServiceExports, ServiceExportsArgs
from components.trust_anchor import TrustAnchor, TrustAnchorArgs
from components.values import ServiceMirror
from config.cluster import ClusterConfig
from config.link import Export, LinkConfig
from config.mesh import MeshConfig, gateway_identity, service_account


@dataclass
class Mesh:
    """The components of a mesh, by the names of clusters and links."""

    trust_anchor: TrustAnchor
    providers: dict[str, pulumi.ProviderResource] = field(default_factory=dict)
    linkerd: dict[str, LinkerdControlPlane] = field(default_factory=dict)
    ambassadors: dict[str, AmbassadorMesh] = field(default_factory=dict)
    extensions: dict[str, MulticlusterExtension] = field(default_factory=dict)
    links: dict[str, MulticlusterLink] = field(default_factory=dict)

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """What the stack tells about itself; nothing secret."""
        return {
            "trustAnchors": self.trust_anchor.bundle,
            "gateways": {
                name: {"address": item.gateway.address, "identity": item.gateway.identity}
                for name, item in self.ambassadors.items()
                if item.gateway is not None
            },
            "links": sorted(self.links),
        }


def build_mesh(config: MeshConfig, reach: Mapping[str, Reach], charts: ChartSource) -> Mesh:
    """Declare everything that a stack file describes.

    `reach` is what the guard learned of each cluster; `charts` is where charts come from.
    """
    releases = ReleaseSettings(charts, config.timeout_seconds)
    protect_crds = config.protection.crds
    linked = config.linked_clusters()

    mesh = Mesh(
        TrustAnchor(
            "trust-anchor",
            TrustAnchorArgs(
                config=config.trust_anchor,
                clusters={name: signatures(item) for name, item in config.clusters.items()},
                provider=tls.Provider("certificates"),
                protect=config.protection.trust_anchor,
            ),
        )
    )
    samples: dict[str, SampleService] = {}
    for name, cluster in config.clusters.items():
        provider = cluster_provider(name, reach[name])
        mesh.providers[name] = provider
        mesh.linkerd[name] = LinkerdControlPlane(
            f"{name}-linkerd",
            LinkerdControlPlaneArgs(
                cluster=cluster,
                provider=provider,
                bundle=mesh.trust_anchor.bundle,
                issuer=mesh.trust_anchor.issuers[name],
                webhooks=mesh.trust_anchor.webhooks[name],
                releases=releases,
                multicluster=name in linked,
                protect_crds=protect_crds,
            ),
        )
        if cluster.ambassador is not None:
            mesh.ambassadors[name] = AmbassadorMesh(
                f"{name}-ambassador",
                AmbassadorMeshArgs(
                    config=cluster.ambassador,
                    provider=provider,
                    linkerd=mesh.linkerd[name],
                    service_account=service_account(name, cluster),
                    identity=str(gateway_identity(name, cluster)),
                    releases=releases,
                    protect_crds=protect_crds,
                ),
            )
        if cluster.sample is not None:
            samples[name] = SampleService(
                f"{name}-sample",
                SampleServiceArgs(cluster.sample, provider, mesh.linkerd[name].control_plane),
            )

    credentials = {
        link.name: _credentials(link, config.clusters[link.target], mesh, reach)
        for link in config.links
    }
    for name in sorted(linked):
        outgoing = config.links_from(name)
        mesh.extensions[name] = MulticlusterExtension(
            f"{name}-multicluster",
            MulticlusterExtensionArgs(
                cluster=config.clusters[name],
                provider=mesh.providers[name],
                linkerd=mesh.linkerd[name],
                mirrors=[
                    ServiceMirror(
                        link.target,
                        _probe_port(config.clusters[link.target]),
                        credentials[link.name].digest,
                    )
                    for link in outgoing
                ],
                credentials=[
                    secret for link in outgoing for secret in credentials[link.name].secrets
                ],
                releases=releases,
            ),
        )
    for link in config.links:
        gateway = mesh.ambassadors[link.target].gateway
        if gateway is None:
            raise ValueError(f"cluster {link.target} has no gateway")
        mesh.links[link.name] = MulticlusterLink(
            link.name,
            MulticlusterLinkArgs(
                link=link,
                source=config.clusters[link.source],
                source_provider=mesh.providers[link.source],
                target=config.clusters[link.target],
                gateway=gateway,
                credentials=credentials[link.name],
                extension=mesh.extensions[link.source],
            ),
        )
    for name in config.clusters:
        exports = _exports(config, name, reach[name])
        if exports:
            ServiceExports(
                f"{name}-exports",
                ServiceExportsArgs(
                    exports,
                    mesh.providers[name],
                    [samples[name].service] if name in samples else [],
                ),
            )
    return mesh


def _credentials(
    link: LinkConfig, target: ClusterConfig, mesh: Mesh, reach: Mapping[str, Reach]
) -> LinkCredentials:
    source_linkerd, target_linkerd = mesh.linkerd[link.source], mesh.linkerd[link.target]
    target_space = target_linkerd.multicluster_namespace
    source_space = source_linkerd.multicluster_namespace
    if target_space is None or source_space is None:
        raise ValueError("both ends of a link need the multicluster namespace")
    return LinkCredentials(
        f"{link.name}-credentials",
        LinkCredentialsArgs(
            link=link,
            target=target,
            target_endpoint=reach[link.target].endpoint,
            target_provider=mesh.providers[link.target],
            target_namespace=target_space,
            source_provider=mesh.providers[link.source],
            source_namespace=source_space,
            source_linkerd_namespace=source_linkerd.namespace,
        ),
    )


def _exports(config: MeshConfig, name: str, reach: Reach) -> list[Export]:
    """The exports of a cluster that can be labelled: their Services are there, or are ours."""
    sample = config.clusters[name].sample
    ready = []
    for export in config.exports_of(name):
        ours = sample is not None and (sample.namespace, sample.name) == (
            export.namespace,
            export.service,
        )
        if ours or export not in reach.missing_exports:
            ready.append(export)
            continue
        # A patch would try to create the Service and fail the update.
        pulumi.log.warn(
            f"cluster '{name}' has no Service {export.namespace}/{export.service} to export; "
            "it is exported by the first update that finds it"
        )
    return ready


def _probe_port(target: ClusterConfig) -> int:
    if target.ambassador is None or target.ambassador.gateway is None:
        raise ValueError("a link's target needs a gateway")
    return target.ambassador.gateway.service_probe_port
