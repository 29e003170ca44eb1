"""The whole mesh: every component, in the order in which it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_tls as tls

from charts.source import ChartSource
from components.ambassador.ambassador_mesh import AmbassadorMesh, AmbassadorMeshArgs
from components.core.cluster_provider import cluster_provider
from components.core.releases import ReleaseSettings
from components.linkerd.control_plane import (
    LinkerdControlPlane,
    LinkerdControlPlaneArgs,
    signatures,
)
from components.linkerd.jaeger import Jaeger, JaegerArgs
from components.linkerd.linkerd_2_8 import control_plane
from components.links.credentials import LinkCredentials, LinkCredentialsArgs
from components.links.exports import ServiceExports, ServiceExportsArgs
from components.links.extension import MulticlusterExtension, MulticlusterExtensionArgs
from components.links.link import MulticlusterLink, MulticlusterLinkArgs
from components.links.traffic import LinkTraffic, LinkTrafficArgs
from components.links.values import ServiceMirror
from components.platform.ingresses import Ingresses, IngressesArgs
from components.platform.meshed_workloads import MeshedWorkloads, MeshedWorkloadsArgs
from components.platform.monitoring import Monitoring, MonitoringArgs
from components.platform.sample_service import SampleService, SampleServiceArgs
from components.trust.anchor_gate import anchor_gate
from components.trust.cert_manager import CertManager, CertManagerArgs
from components.trust.issuance import AnchorIssuer, AnchorIssuerArgs, IssuedBy
from components.trust.trust_anchor import TrustAnchor, TrustAnchorArgs
from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.links.exports import ExportedService, ServiceRef
from config.links.link import Export, LinkConfig
from preflight.guard import Reach


@dataclass
class Mesh:
    """The components of a mesh, by the names of clusters and links."""

    trust_anchor: TrustAnchor
    providers: dict[str, pulumi.ProviderResource] = field(default_factory=dict)
    linkerd: dict[str, LinkerdControlPlane] = field(default_factory=dict)
    cert_managers: dict[str, CertManager] = field(default_factory=dict)
    ambassadors: dict[str, AmbassadorMesh] = field(default_factory=dict)
    extensions: dict[str, MulticlusterExtension] = field(default_factory=dict)
    links: dict[str, MulticlusterLink | None] = field(default_factory=dict)
    """None for a link of Linkerd 2.8, which has no Link."""

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """What the stack tells about itself; nothing secret."""
        return {
            "trustAnchors": self.trust_anchor.bundle,
            "gateways": {
                name: {"address": item.gateway.address, "identity": item.gateway.view.identity}
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
                clusters={
                    name: signatures(item, config.trust_anchor.cert_manager)
                    for name, item in config.clusters.items()
                },
                provider=tls.Provider("certificates"),
                protect=config.protection.trust_anchor,
            ),
        )
    )
    permitted = anchor_gate(config, mesh.trust_anchor, reach)
    samples: dict[str, SampleService] = {}
    for name, cluster in config.clusters.items():
        provider = cluster_provider(name, reach[name], permitted)
        mesh.providers[name] = provider
        if cluster.cert_manager is not None:
            mesh.cert_managers[name] = CertManager(
                f"{name}-cert-manager", CertManagerArgs(cluster, provider, releases, protect_crds)
            )
        mesh.linkerd[name] = control_plane(
            f"{name}-linkerd",
            LinkerdControlPlaneArgs(
                cluster=cluster,
                provider=provider,
                bundle=mesh.trust_anchor.bundle,
                issuer=mesh.trust_anchor.issuers.get(name),
                webhooks=mesh.trust_anchor.webhooks[name],
                releases=releases,
                issued=_issued(name, config, mesh),
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
                    service_account=cluster.ambassador.account(name),
                    releases=releases,
                    gateway=next(iter(config.gateways(name)), None),
                    generation=cluster.linkerd.generation,
                    mappings=config.asked_mappings(name),
                    hosts=config.asked_hosts(name),
                    certificates=mesh.trust_anchor.hosts[name],
                    protect_crds=protect_crds,
                ),
            )
        _platform(name, cluster, mesh, releases, reach[name])
        if cluster.sample is not None:
            samples[name] = SampleService(
                f"{name}-sample",
                SampleServiceArgs(
                    cluster.sample,
                    provider,
                    mesh.linkerd[name].control_plane,
                    denied=cluster.linkerd.proxy.default_inbound_policy == "deny",
                ),
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
                        probed.probe.port.number if probed is not None else None,
                        credentials[link.name].digest,
                        link.headless_services,
                    )
                    for link in outgoing
                    for probed in [config.gateway_of(link)]
                ],
                credentials=[
                    secret for link in outgoing for secret in credentials[link.name].secrets
                ],
                releases=releases,
            ),
        )
    for link in config.links:
        mesh.links[link.name] = _link(link, config, mesh, credentials[link.name])
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
    for link in config.links:
        _traffic(link, config, mesh, reach[link.source], samples.get(link.source))
    return mesh


def _issued(name: str, config: MeshConfig, mesh: Mesh) -> IssuedBy | None:
    """How cert-manager issues Linkerd's certificates in a cluster; None where it does not."""
    issuance = config.trust_anchor.cert_manager
    if issuance is None:
        return None
    cert_manager, anchors = mesh.cert_managers[name], mesh.trust_anchor
    ready = list(cert_manager.ready)
    if issuance.make_issuer:
        made = AnchorIssuer(
            f"{name}-anchor-issuer",
            AnchorIssuerArgs(
                issuance.issuer,
                cert_manager.namespace,
                anchors.signer,
                mesh.providers[name],
                cert_manager.ready,
            ),
        )
        ready.append(made.issuer)
    return IssuedBy(issuance, ready, anchors.bundle, mesh.providers[name])


def _platform(
    name: str, cluster: ClusterConfig, mesh: Mesh, releases: ReleaseSettings, reach: Reach
) -> None:
    """What stands around Linkerd in one cluster, as far as the stack file asks for it."""
    provider, linkerd = mesh.providers[name], mesh.linkerd[name]
    monitoring = cluster.monitoring
    if monitoring.pod_monitors is not None or monitoring.dashboards is not None:
        Monitoring(f"{name}-monitoring", MonitoringArgs(cluster, provider, linkerd, releases))
    if cluster.ingresses or cluster.linkerd.viz.ingress is not None:
        Ingresses(f"{name}-ingresses", IngressesArgs(cluster, provider, linkerd, releases))
    if cluster.linkerd.traces_by_extension:
        webhooks = mesh.trust_anchor.webhooks[name]
        Jaeger(
            f"{name}-jaeger",
            JaegerArgs(cluster, provider, linkerd, releases, mesh.trust_anchor.bundle, webhooks),
        )
    if cluster.meshed or cluster.jobs:
        MeshedWorkloads(
            f"{name}-meshed",
            MeshedWorkloadsArgs(
                name,
                cluster,
                provider,
                linkerd,
                reach.missing_workloads,
                reach.settled_workloads,
            ),
        )


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


def _link(
    link: LinkConfig, config: MeshConfig, mesh: Mesh, credentials: LinkCredentials
) -> MulticlusterLink | None:
    source = config.clusters[link.source]
    if not source.linkerd.generation.links:
        # Its service mirror reads all of this from the credentials and from the target.
        return None
    gateway = None
    if not link.flat_network:
        made = mesh.ambassadors[link.target].gateway
        if made is None:
            raise ValueError(f"cluster {link.target} has no gateway")
        gateway = made.through(link)
    return MulticlusterLink(
        link.name,
        MulticlusterLinkArgs(
            link=link,
            source=source,
            source_provider=mesh.providers[link.source],
            target=config.clusters[link.target],
            gateway=gateway,
            credentials=credentials,
            extension=mesh.extensions[link.source],
        ),
    )


def _exports(config: MeshConfig, name: str, reach: Reach) -> list[ExportedService]:
    """The exports of a cluster that can be marked: their Services are there, or are ours."""
    ready = []
    for export in config.exports_of(name):
        if _is_there(config.clusters[name], export.service, reach):
            ready.append(export)
            continue
        # A patch would try to create the Service and fail the update.
        pulumi.log.warn(
            f"cluster '{name}' has no Service {export.service} to export; "
            "it is exported by the first update that finds it"
        )
    return ready


def _traffic(
    link: LinkConfig,
    config: MeshConfig,
    mesh: Mesh,
    reach: Reach,
    sample: SampleService | None,
) -> None:
    """Weights between the source's own Services and the mirrors of this link."""
    ready: list[Export] = []
    for export in link.exports:
        if export.weights is None:
            continue
        service = ServiceRef(export.namespace, export.service)
        if _is_there(config.clusters[link.source], service, reach):
            ready.append(export)
            continue
        pulumi.log.warn(
            f"cluster '{link.source}' has no Service {service} whose requests could be shared "
            f"with {link.mirror_of(export)}; they are by the first update that finds it"
        )
    made = mesh.links[link.name]
    if not ready or made is None:
        return
    before: list[pulumi.Resource] = [mesh.linkerd[link.source].control_plane, made]
    LinkTraffic(
        f"{link.name}-traffic",
        LinkTrafficArgs(
            link,
            ready,
            mesh.providers[link.source],
            [*before, sample.service] if sample else before,
        ),
    )


def _is_there(cluster: ClusterConfig, service: ServiceRef, reach: Reach) -> bool:
    """Whether a Service is in a cluster, or comes with this update."""
    sample = cluster.sample
    ours = sample is not None and (sample.namespace, sample.service) == (
        service.namespace,
        service.name,
    )
    return ours or service not in reach.missing_services
