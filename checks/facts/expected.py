"""Namespaces and releases that the program makes in a cluster, as the inventory has them."""

from __future__ import annotations

from config.core.mesh import MeshConfig
from config.inventory import Release as ExpectedRelease
from config.inventory import inventory
from vocabulary.ambassador import CRDS_RELEASE

__all__ = ["UPDATE", "ExpectedRelease", "linked", "looked_into", "namespaces", "releases"]

UPDATE = "run `pulumi up`"


def linked(mesh: MeshConfig, cluster: str) -> bool:
    """Whether any link begins or ends in this cluster."""
    return inventory(mesh, cluster).linked


def releases(mesh: MeshConfig, cluster: str) -> tuple[ExpectedRelease, ...]:
    """The releases of a cluster, in the order in which they are made."""
    return inventory(mesh, cluster).releases


def namespaces(mesh: MeshConfig, cluster: str) -> tuple[str, ...]:
    """The namespaces that the program makes in a cluster."""
    return inventory(mesh, cluster).namespaces


def ambassador_crds(mesh: MeshConfig, cluster: str) -> ExpectedRelease | None:
    """The release that holds Ambassador's CRDs; None where they come otherwise."""
    made = inventory(mesh, cluster).releases
    return next((item for item in made if item.name == CRDS_RELEASE), None)


def looked_into(mesh: MeshConfig, cluster: str) -> tuple[str, ...]:
    """The namespaces whose workloads are read: those of the program, and some of others."""
    return inventory(mesh, cluster).read_namespaces
