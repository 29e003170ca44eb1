"""The components of one cluster, as far as the stack file asks for them."""

from __future__ import annotations

from components.ambassador.ambassador_mesh import AmbassadorMesh
from components.ambassador.args import AmbassadorMeshArgs
from components.linkerd.control_plane import LinkerdControlPlaneArgs
from components.linkerd.jaeger import Jaeger, JaegerArgs
from components.linkerd.linkerd_2_8 import control_plane
from components.mesh.state import Mesh
from components.platform.ingresses import Ingresses, IngressesArgs
from components.platform.meshed_workloads import MeshedWorkloads, MeshedWorkloadsArgs
from components.platform.monitoring import Monitoring, MonitoringArgs
from components.platform.sample_service import SampleService, SampleServiceArgs
from components.trust.anchor_issuer import AnchorIssuer, AnchorIssuerArgs
from components.trust.cert_manager import CertManager, CertManagerArgs
from components.trust.issuance import IssuedBy


def declare_cluster(name: str, mesh: Mesh) -> None:
    """Declare the components of the cluster called `name`, whose provider is registered."""
    config = mesh.config
    cluster, made, provider = config.clusters[name], mesh.made[name], mesh.providers[name]
    releases, protect_crds = mesh.releases, config.protection.crds
    if cluster.cert_manager is not None:
        mesh.cert_managers[name] = CertManager(
            f"{name}-cert-manager", CertManagerArgs(cluster, made, provider, releases, protect_crds)
        )
    mesh.linkerd[name] = control_plane(
        f"{name}-linkerd",
        LinkerdControlPlaneArgs(
            cluster=cluster,
            made=made,
            provider=provider,
            bundle=mesh.trust_anchor.bundle,
            issuer=mesh.trust_anchor.issuers.get(name),
            webhooks=mesh.trust_anchor.webhooks[name],
            releases=releases,
            issued=_issued(name, mesh),
            protect_crds=protect_crds,
        ),
    )
    if cluster.ambassador is not None:
        mesh.ambassadors[name] = AmbassadorMesh(
            f"{name}-ambassador",
            AmbassadorMeshArgs(
                config=cluster.ambassador,
                made=made,
                provider=provider,
                linkerd=mesh.linkerd[name],
                releases=releases,
                gateway=next(iter(made.gateways), None),
                generation=cluster.linkerd.generation,
                mappings=config.asked_mappings(name),
                hosts=config.asked_hosts(name),
                certificates=mesh.trust_anchor.hosts[name],
                protect_crds=protect_crds,
            ),
        )
    _platform(name, mesh)


def _issued(name: str, mesh: Mesh) -> IssuedBy | None:
    """How cert-manager issues Linkerd's certificates in a cluster; None where it does not."""
    issuance, provider = mesh.config.trust_anchor.cert_manager, mesh.providers[name]
    if issuance is None:
        return None
    cert_manager, anchors = mesh.cert_managers[name], mesh.trust_anchor
    ready = list(cert_manager.ready)
    if issuance.make_issuer:
        args = AnchorIssuerArgs(
            issuance.issuer, cert_manager.namespace, anchors.signer, provider, cert_manager.ready
        )
        ready.append(AnchorIssuer(f"{name}-anchor-issuer", args).issuer)
    return IssuedBy(issuance, ready, anchors.bundle, provider)


def _platform(name: str, mesh: Mesh) -> None:
    """What surrounds Linkerd in the cluster."""
    cluster, provider, linkerd = (
        mesh.config.clusters[name],
        mesh.providers[name],
        mesh.linkerd[name],
    )
    control_plane, monitoring, reach = linkerd.control_plane, cluster.monitoring, mesh.reach[name]
    if monitoring.pod_monitors is not None or monitoring.dashboards is not None:
        Monitoring(f"{name}-monitoring", MonitoringArgs(cluster, provider, control_plane))
    if cluster.ingresses or cluster.linkerd.viz.ingress is not None:
        Ingresses(f"{name}-ingresses", IngressesArgs(cluster, provider, linkerd.viz))
    if cluster.linkerd.traces_by_extension:
        anchors = mesh.trust_anchor
        Jaeger(
            f"{name}-jaeger",
            JaegerArgs(
                cluster,
                mesh.made[name],
                provider,
                linkerd,
                mesh.releases,
                anchors.bundle,
                anchors.webhooks[name],
            ),
        )
    if cluster.meshed or cluster.jobs:
        MeshedWorkloads(
            f"{name}-meshed",
            MeshedWorkloadsArgs(
                name,
                cluster,
                provider,
                control_plane,
                reach.missing_workloads,
                reach.settled_workloads,
            ),
        )
    if cluster.sample is not None:
        denied = cluster.linkerd.proxy.default_inbound_policy == "deny"
        mesh.samples[name] = SampleService(
            f"{name}-sample", SampleServiceArgs(cluster.sample, provider, control_plane, denied)
        )
