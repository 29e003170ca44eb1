"""Which namespaces of other owners have to exist, because objects are put into them."""

from __future__ import annotations

from collections.abc import Iterator

from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.core.namespaces import made_namespaces
from config.preconditions.expected import NeededNamespace


def foreign_namespaces(mesh: MeshConfig, name: str) -> Iterator[NeededNamespace]:
    """Namespaces of others, each once; those that this program makes are left out."""
    path, cluster = f"clusters.{name}", mesh.clusters[name]
    made = made_namespaces(cluster, linked=name in mesh.linked_clusters())
    monitoring = cluster.monitoring
    asked: list[tuple[str, str]] = []
    for key, part in (
        ("podMonitors", monitoring.pod_monitors),
        ("dashboards", monitoring.dashboards),
    ):
        if part is not None:
            asked.append((part.namespace, f"{path}.monitoring.{key}.namespace"))
    asked += [
        (space, f"{path}.monitoring.namespaces[{place}]")
        for place, space in enumerate(monitoring.namespaces)
    ]
    asked += [
        (item.namespace, f"{path}.ingresses[{place}].namespace")
        for place, item in enumerate(cluster.ingresses)
    ]
    for view in cluster.each_ambassador:
        asked += _of_secrets(f"{path}.{view.ambassador_key}", view)
    known = {item.name for item in made}
    for space, key in asked:
        if space not in known:
            known.add(space)
            yield NeededNamespace(space, key)


def _of_secrets(path: str, cluster: ClusterConfig) -> Iterator[tuple[str, str]]:
    """Namespaces of Secrets that Hosts of an Ambassador name, with their key paths."""
    ambassador = cluster.ambassador
    if ambassador is None:
        return
    for place, host in enumerate(ambassador.hosts or ()):
        space = host.tls.namespace if host.tls is not None else None
        # An adopted Ambassador's own exists.
        if space is not None and space != ambassador.namespace:
            yield space, f"{path}.hosts[{place}].tls.namespace"
