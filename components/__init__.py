"""The Pulumi components of a Linkerd mesh with Ambassador, and the mesh that they make."""

from components.ambassador.ambassador_mesh import AmbassadorMesh, AmbassadorMeshArgs
from components.core.manifests import ManifestError
from components.linkerd.control_plane import LinkerdControlPlane, LinkerdControlPlaneArgs
from components.linkerd.linkerd_2_8 import Linkerd28ControlPlane
from components.links.credentials import LinkCredentials, LinkCredentialsArgs
from components.links.exports import ServiceExports, ServiceExportsArgs
from components.links.extension import MulticlusterExtension, MulticlusterExtensionArgs
from components.links.link import MulticlusterLink, MulticlusterLinkArgs
from components.links.traffic import LinkTraffic, LinkTrafficArgs
from components.mesh import Mesh, build_mesh
from components.trust.trust_anchor import TrustAnchor, TrustAnchorArgs

__all__ = [
    "AmbassadorMesh",
    "AmbassadorMeshArgs",
    "LinkCredentials",
    "LinkCredentialsArgs",
    "LinkTraffic",
    "LinkTrafficArgs",
    "Linkerd28ControlPlane",
    "LinkerdControlPlane",
    "LinkerdControlPlaneArgs",
    "ManifestError",
    "Mesh",
    "MulticlusterExtension",
    "MulticlusterExtensionArgs",
    "MulticlusterLink",
    "MulticlusterLinkArgs",
    "ServiceExports",
    "ServiceExportsArgs",
    "TrustAnchor",
    "TrustAnchorArgs",
    "build_mesh",
]
