"""The whole mesh: every component, in the order in which it is declared."""

from components.mesh.build import build_mesh
from components.mesh.state import Mesh

__all__ = ["Mesh", "build_mesh"]
