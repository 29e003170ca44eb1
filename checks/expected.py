"""What the program makes in a cluster: names of namespaces and releases."""

from __future__ import annotations

from dataclasses import dataclass

from config.mesh import MeshConfig

MULTICLUSTER = "linkerd-multicluster"
VIZ = "linkerd-viz"
CNI = "linkerd-cni"

EXPORTED = "mirror.linkerd.io/exported"
MIRRORED = "mirror.linkerd.io/mirrored-service"
MIRRORED_GATEWAY = "mirror.linkerd.io/mirrored-gateway"
CLUSTER_NAME = "mirror.linkerd.io/cluster-name"

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
    linkerd, version = config.linkerd, config.linkerd.version
    found = [ExpectedRelease(linkerd.namespace, "linkerd-crds", "linkerd-crds", version)]
    if linkerd.cni:
        found.append(ExpectedRelease(CNI, "linkerd-cni", "linkerd2-cni", version))
    name = "linkerd-control-plane"
    found.append(ExpectedRelease(linkerd.namespace, name, name, version))
    if linkerd.viz.enabled:
        found.append(ExpectedRelease(VIZ, "linkerd-viz", "linkerd-viz", version))
    if linked(mesh, cluster):
        name = "linkerd-multicluster"
        found.append(ExpectedRelease(MULTICLUSTER, name, name, version))
    ambassador = config.ambassador
    if ambassador is not None:
        space, version = ambassador.crds_namespace, ambassador.version
        found.append(ExpectedRelease(space, "emissary-crds", "emissary-crds-chart", version))
        found.append(
            ExpectedRelease(ambassador.namespace, ambassador.name, "emissary-ingress", version)
        )
    return tuple(found)


def namespaces(mesh: MeshConfig, cluster: str) -> tuple[str, ...]:
    """The namespaces that the program makes in a cluster."""
    found = dict.fromkeys(release.namespace for release in releases(mesh, cluster))
    sample = mesh.clusters[cluster].sample
    if sample is not None:
        found[sample.namespace] = None
    return tuple(found)
