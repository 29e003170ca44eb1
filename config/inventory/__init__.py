"""What a stack file makes in a cluster, in one place for the whole program.

`inventory` is a pure function of the validated stack file. Unit tests compare it with what `render`
writes, object by object.
"""

from __future__ import annotations

from config.core.mesh import MeshConfig
from config.core.namespaces import MadeNamespace, made_namespaces
from config.inventory.admission import Admission, AdmittedExport, admission
from config.inventory.charts import PublishedManifest, Release, manifests, releases
from config.inventory.hosts import IngressHost, hosts, ingress_hosts
from config.inventory.kinds import written_kinds
from config.inventory.model import Inventory, MadeObject, OthersNamespace
from config.inventory.namespaces import others_namespaces
from config.inventory.objects import objects
from config.inventory.values import release_values
from config.inventory.webhooks import Webhook, webhooks

__all__ = [
    "Admission",
    "AdmittedExport",
    "IngressHost",
    "Inventory",
    "MadeNamespace",
    "MadeObject",
    "OthersNamespace",
    "PublishedManifest",
    "Release",
    "Webhook",
    "inventory",
]


def inventory(mesh: MeshConfig, cluster: str) -> Inventory:
    """What the stack file `mesh` makes in the cluster of this name.

    Raises KeyError where the stack file has no such cluster.
    """
    config = mesh.clusters[cluster]
    linked = cluster in mesh.linked_clusters()
    spaces = made_namespaces(config, linked=linked)
    made, published = releases(config, linked=linked), manifests(config)
    gateways, values = mesh.gateways(cluster), release_values(mesh, cluster)
    admissions = tuple(admission(mesh, one) for one in gateways)
    found = tuple(objects(mesh, cluster, admissions))
    return Inventory(
        cluster=cluster,
        linked=linked,
        made_namespaces=spaces,
        others_namespaces=others_namespaces(config, spaces),
        releases=made,
        values=values,
        manifests=published,
        webhooks=webhooks(config),
        objects=found,
        written_kinds=written_kinds(found, made, published, values.values()),
        hosts=hosts(mesh, cluster),
        ingress_hosts=ingress_hosts(config),
        gateways=gateways,
        admissions=admissions,
    )
