"""The Pulumi components of a Linkerd mesh with Ambassador, and the mesh that they make."""

from components.core.manifests import ManifestError
from components.mesh import build_mesh

__all__ = ["ManifestError", "build_mesh"]
