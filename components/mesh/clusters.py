"""The components of one cluster, as far as the stack file asks for them."""

from __future__ import annotations

import pulumi

from components.ambassador.ambassador_mesh import AmbassadorMesh
from components.ambassador.args import AmbassadorMeshArgs
from components.linkerd.control_plane import LinkerdControlPlaneArgs
from components.linkerd.egress import EgressNetworks, EgressNetworksArgs
from components.linkerd.jaeger import Jaeger, JaegerArgs
from components.linkerd.linkerd_2_8 import control_plane
from components.mesh.state import Mesh
from components.platform.ingresses import Ingresses, IngressesArgs
from components.platform.meshed_workloads import MeshedWorkloads, MeshedWorkloadsArgs
from components.platform.monitoring import Monitoring, MonitoringArgs
from components.platform.observers import Observers, ObserversArgs
from components.platform.sample_service import SampleService, SampleServiceArgs
from components.trust.anchor_issuer import AnchorIssuer, AnchorIssuerArgs
from components.trust.cert_manager import CertManager, CertManagerArgs
from components.trust.issuance import IssuedBy
from components.trust.signatures import certificate_of
from config.core.mesh import MeshConfig
from config.inventory import inventory
from config.platform.observers import observed_ports
from vocabulary.linkerd import MULTICLUSTER, VIZ


def declare_cluster(name: str, mesh: Mesh) -> None:
    """Declare the components of the cluster called `name`, whose provider is registered."""
    config = mesh.config
    cluster, made, provider = config.clusters[name], mesh.made[name], mesh.providers[name]
    releases, protect_crds = mesh.releases, config.protection.crds
    advice = cluster.advice(name)
    if advice is not None:
        pulumi.log.warn(advice)
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
    for view in config.each_ambassador(name):
        _ambassador(name, view, mesh)
    _platform(name, mesh)


def _ambassador(name: str, view: MeshConfig, mesh: Mesh) -> None:
    """One Ambassador of the cluster, the only one in `view`; the main one is declared first."""
    cluster, made = view.clusters[name], inventory(view, name)
    config, before = cluster.ambassador, mesh.ambassadors.setdefault(name, [])
    if config is None:
        return
    main = before[0] if before else None
    gateway, reach = next(iter(made.gateways), None), mesh.reach[name]
    signed, other = mesh.trust_anchor.hosts[name], "" if main is None else config.name
    found = AmbassadorMesh(
        f"{name}-ambassador" if main is None else f"{name}-ambassador-{config.name}",
        AmbassadorMeshArgs(
            config=config,
            made=made,
            provider=mesh.providers[name],
            linkerd=mesh.linkerd[name],
            releases=mesh.releases,
            gateway=gateway,
            generation=cluster.linkerd.generation,
            drains=cluster.linkerd.drains,
            mappings=view.asked_mappings(name),
            hosts=view.asked_hosts(name),
            certificates={
                host.name: signed[key]
                for host in made.hosts
                if (key := certificate_of(host.name, other)) in signed
            },
            after=main.ready if main is not None else (),
            simulated=reach.simulated,
            address=reach.addresses.get(gateway.name) if gateway is not None else None,
            protect_crds=mesh.config.protection.crds,
        ),
    )
    before.append(found)


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
    egress = mesh.config.egress_of(name)
    if egress:
        spaces = [linkerd.multicluster_namespace] if linkerd.multicluster_namespace else []
        EgressNetworks(
            f"{name}-egress", EgressNetworksArgs(egress, provider, [control_plane, *spaces])
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
            f"{name}-sample",
            SampleServiceArgs(
                cluster.sample, provider, control_plane, denied, cluster.linkerd.drains
            ),
        )


def declare_observers(name: str, mesh: Mesh) -> None:
    """Declare who may read metrics and the dashboard; the namespaces of all parts are declared."""
    cluster, linkerd, made = mesh.config.clusters[name], mesh.linkerd[name], mesh.made[name]
    ports = list(
        observed_ports(
            name, cluster, made.gateways, made.linked, mesh.reach[name].missing_workloads
        )
    )
    if not ports:
        return
    makers: dict[str, pulumi.Resource] = {}
    if linkerd.viz is not None:
        makers[VIZ] = linkerd.viz
    if name in mesh.extensions:
        makers[MULTICLUSTER] = mesh.extensions[name].release
    made_here = mesh.ambassadors.get(name, ())
    for config, ambassador in zip(cluster.every_ambassador, made_here, strict=True):
        makers[config.namespace] = ambassador
    if cluster.sample is not None:
        makers[cluster.sample.namespace] = mesh.samples[name]
    Observers(
        f"{name}-observers",
        ObserversArgs(
            ports,
            cluster.linkerd.proxy.default_inbound_policy,
            mesh.providers[name],
            linkerd.control_plane,
            makers,
        ),
    )
