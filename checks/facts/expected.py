"""What the program makes in a cluster: names of namespaces and releases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from config.ambassador.ambassador import AmbassadorConfig
from config.core.mesh import MeshConfig
from config.linkerd.control_plane import LinkerdConfig
from config.trust.cert_manager import CertManagerConfig
from config.variants.ambassadors import CrdsChart, CrdsManifest
from config.variants.generation import Generation
from vocabulary.ambassador import CRDS_RELEASE
from vocabulary.linkerd import CNI, JAEGER, MULTICLUSTER, VIZ

UPDATE = "run `pulumi up`"


@dataclass(frozen=True)
class ExpectedRelease:
    """A Helm release that the stack file asks for."""

    namespace: str
    name: str
    chart: str
    version: str

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def linked(mesh: MeshConfig, cluster: str) -> bool:
    """Whether any link begins or ends in this cluster."""
    return any(cluster in (link.source, link.target) for link in mesh.links)


def releases(mesh: MeshConfig, cluster: str) -> tuple[ExpectedRelease, ...]:
    """The releases of a cluster, in the order in which they are made."""
    config = mesh.clusters[cluster]
    found = [] if config.cert_manager is None else list(_issuing(config.cert_manager))
    found += _linkerd(config.linkerd, linked=linked(mesh, cluster))
    if config.ambassador is not None and config.ambassador.installed:
        found += _ambassador(config.ambassador)
    return tuple(found)


def _linkerd(config: LinkerdConfig, *, linked: bool) -> Iterator[ExpectedRelease]:
    space, version = config.namespace, config.version
    cni = ("linkerd-cni", "linkerd2-cni", version)
    if config.generation is Generation.V2_8:
        if config.cni:
            # Its chart makes the plugin's namespace, so that the record lies elsewhere.
            yield ExpectedRelease(space, *cni)
        yield ExpectedRelease(space, "linkerd2", "linkerd2", version)
        if linked:
            name = "linkerd2-multicluster"
            yield ExpectedRelease(MULTICLUSTER, name, name, version)
        return
    yield ExpectedRelease(space, "linkerd-crds", "linkerd-crds", version)
    if config.cni:
        yield ExpectedRelease(CNI, *cni)
    name = "linkerd-control-plane"
    yield ExpectedRelease(space, name, name, version)
    if config.viz.enabled:
        yield ExpectedRelease(VIZ, "linkerd-viz", "linkerd-viz", version)
    if config.traces_by_extension:
        yield ExpectedRelease(JAEGER, "linkerd-jaeger", "linkerd-jaeger", config.jaeger_version)
    if linked:
        name = "linkerd-multicluster"
        yield ExpectedRelease(MULTICLUSTER, name, name, version)


def _issuing(config: CertManagerConfig) -> Iterator[ExpectedRelease]:
    trust = config.trust_manager
    if config.install:
        yield ExpectedRelease(config.namespace, "cert-manager", "cert-manager", config.version)
    if trust is not None and trust.install:
        yield ExpectedRelease(config.namespace, "trust-manager", "trust-manager", trust.version)


def _ambassador(config: AmbassadorConfig) -> Iterator[ExpectedRelease]:
    crds = ambassador_crds(config)
    if crds is not None:
        yield crds
    chart, version = config.line.chart, config.chart_version
    yield ExpectedRelease(config.namespace, config.name, chart, version)


def ambassador_crds(config: AmbassadorConfig) -> ExpectedRelease | None:
    """The release of ours that holds Ambassador's CRDs; None where they come otherwise."""
    crds = config.line.crds
    if not (config.installed and config.install_crds and isinstance(crds, CrdsChart)):
        return None
    return ExpectedRelease(config.crds_namespace, CRDS_RELEASE, crds.name, config.chart_version)


def namespaces(mesh: MeshConfig, cluster: str) -> tuple[str, ...]:
    """The namespaces that the program makes in a cluster."""
    config = mesh.clusters[cluster]
    found = dict.fromkeys(release.namespace for release in releases(mesh, cluster))
    if config.cert_manager is not None and not config.cert_manager.install:
        # trust-manager joins a cert-manager that is there.
        found.pop(config.cert_manager.namespace, None)
    ambassador = config.ambassador
    if ambassador is not None and ambassador.installed and ambassador.install_crds:
        crds = ambassador.line.crds
        if isinstance(crds, CrdsManifest):
            found[crds.namespace] = None
    if config.sample is not None:
        found[config.sample.namespace] = None
    return tuple(found)


def looked_into(mesh: MeshConfig, cluster: str) -> tuple[str, ...]:
    """The namespaces whose workloads are looked at: ours, and those that others make.

    These are that of an adopted Ambassador, that of a cert-manager with a trust-manager of ours,
    and that of the CNI plugin in Linkerd 2.8.
    """
    config = mesh.clusters[cluster]
    found = dict.fromkeys(namespaces(mesh, cluster))
    trust = config.cert_manager.trust_manager if config.cert_manager is not None else None
    if config.cert_manager is not None and trust is not None and trust.install:
        found[config.cert_manager.namespace] = None
    if config.ambassador is not None:
        found[config.ambassador.namespace] = None
    if config.linkerd.cni:
        found[CNI] = None
    return tuple(found)
