"""The Pulumi components of a Linkerd mesh with Ambassador, and the mesh that they make."""

from components.ambassador_mesh import AmbassadorMesh, AmbassadorMeshArgs
from components.charts import ChartSource, MissingChartsError, charts_of
from components.link_credentials import LinkCredentials, LinkCredentialsArgs
from components.link_traffic import LinkTraffic, LinkTrafficArgs
from components.linkerd_2_8 import Linkerd28ControlPlane
from components.linkerd_control_plane import LinkerdControlPlane, LinkerdControlPlaneArgs
from components.manifests import ManifestError
from components.mesh import Mesh, build_mesh
from components.multicluster_extension import MulticlusterExtension, MulticlusterExtensionArgs
from components.multicluster_link import MulticlusterLink, MulticlusterLinkArgs
from components.service_exports import ServiceExports, ServiceExportsArgs
from components.trust_anchor import TrustAnchor, TrustAnchorArgs

__all__ = [
    "AmbassadorMesh",
    "AmbassadorMeshArgs",
    "ChartSource",
    "LinkCredentials",
    "LinkCredentialsArgs",
    "LinkTraffic",
    "LinkTrafficArgs",
    "Linkerd28ControlPlane",
    "LinkerdControlPlane",
    "LinkerdControlPlaneArgs",
    "ManifestError",
    "Mesh",
    "MissingChartsError",
    "MulticlusterExtension",
    "MulticlusterExtensionArgs",
    "MulticlusterLink",
    "MulticlusterLinkArgs",
    "ServiceExports",
    "ServiceExportsArgs",
    "TrustAnchor",
    "TrustAnchorArgs",
    "build_mesh",
    "charts_of",
]
