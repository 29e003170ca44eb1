"""What links left behind in all clusters of a stack file, and its deletion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.facts.reading import Reader
from checks.facts.view import Unseen
from checks.links import orphans
from checks.links.leftovers import Leftover
from checks.run.reading import READ_SECONDS, Seen, look_at
from config.core.mesh import MeshConfig
from kube.kubeconfig import api_client
from lifecycle.orphans.sweep import remove, remove_namespace
from verify.cluster import Cluster, ClusterRefusedError
from vocabulary.kinds import NAMESPACE


@dataclass(frozen=True)
class Found:
    """What is left over, and what could not be read."""

    left: Mapping[str, Sequence[Leftover]]
    """By cluster, each object once; clusters without any are left out."""
    unread: Mapping[str, str]
    """Why a cluster could not be read, by its name."""


def find(mesh: MeshConfig) -> Found:
    """What links and exports that do not exist left in the clusters. Changes nothing."""
    seen = look_at(mesh, pre=False)
    unread = {name: finding.detail for name, finding in seen.troubles.items()}
    left: dict[str, list[Leftover]] = {}
    for name in seen.views:
        try:
            found = list(_of(mesh, name, seen))
        except Unseen as error:
            unread[name] = str(error)
            continue
        if found:
            left[name] = list({(one.kind, one.namespace, one.name): one for one in found}.values())
    return Found(left, unread)


def _of(mesh: MeshConfig, name: str, seen: Seen) -> Iterator[Leftover]:
    yield from orphans.of_cluster(mesh, name, seen.views[name])
    for link in mesh.links_from(name):
        if link.target in seen.views:
            yield from orphans.of_link(mesh, link, seen.views[name], seen.views[link.target])


def delete(mesh: MeshConfig, found: Found) -> list[str]:
    """Delete what was found; what stays, each with its cluster and the reason."""
    kept: list[str] = []
    for name, left in found.left.items():
        with api_client(mesh.clusters[name]) as api:
            cluster, reader = Cluster(name, api), Reader(api, READ_SECONDS)
            spaces = [one for one in left if one.kind == NAMESPACE]
            try:
                remove(cluster, [one for one in left if one not in spaces])
                for one in spaces:
                    kept += (f"{name}: {text}" for text in remove_namespace(cluster, reader, one))
            except ClusterRefusedError as error:
                kept.append(f"{name}: {error}")
    return kept
