"""Objects that the program declares itself in one cluster, outside of releases."""

from __future__ import annotations

from collections.abc import Iterator

from config.core.mesh import MeshConfig
from config.core.namespaces import made_namespaces
from config.inventory.admission import Admission
from config.inventory.model import MadeObject
from config.inventory.objects.ambassador import ambassador_objects
from config.inventory.objects.linkerd import linkerd_objects
from config.inventory.objects.links import link_objects
from config.inventory.objects.platform import platform_objects
from vocabulary.kinds import NAMESPACE


def objects(
    mesh: MeshConfig, cluster: str, admissions: tuple[Admission, ...]
) -> Iterator[MadeObject]:
    """Every object that the program declares in a cluster, each once.

    `admissions` are those of its gateways.
    """
    config = mesh.clusters[cluster]
    linked = cluster in mesh.linked_clusters()
    for space in made_namespaces(config, linked=linked):
        if space.maker == "program":
            yield MadeObject(NAMESPACE, "", space.name)
    yield from linkerd_objects(mesh, cluster)
    yield from ambassador_objects(mesh, cluster)
    yield from platform_objects(mesh, cluster)
    yield from link_objects(mesh, cluster, admissions)
