"""Deleting what links left behind in a cluster."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from checks.facts.reading import Reader, RefusedError
from checks.links.leftovers import Gone, Leftover, of_mirrors
from kube.answers import inner
from verify.cluster import Cluster, ClusterRefusedError
from vocabulary.kinds import (
    CONFIG_MAP,
    ENDPOINTS,
    LEASE,
    LINK,
    NAMESPACE,
    SERVICE,
    SERVICE_ACCOUNT,
    Object,
    name_of,
)
from vocabulary.linkerd import MIRRORED_SERVICE, MULTICLUSTER

ROUNDS = 5
"""How often a cluster is read again: a service mirror that is ending may write once more."""
PAUSE_SECONDS = 1.0

_OF_EVERY_NAMESPACE = {(SERVICE_ACCOUNT, "default"), (CONFIG_MAP, "kube-root-ca.crt")}
_IGNORED = {
    *("Event", "Endpoints", "EndpointSlice"),  # they are about other objects
    *("Binding", "LocalSubjectAccessReview"),  # they cannot be listed
}
"""Kinds whose objects do not make a namespace one that is used."""


def mirrors(cluster: Cluster, gone: Gone) -> list[Leftover]:
    """What the service mirrors of links that are `gone` left. Raises ClusterRefusedError."""
    label = f"{MIRRORED_SERVICE}=true"
    found: list[Object] = []
    for kind, space, labels in (
        (SERVICE, None, label),
        (ENDPOINTS, None, label),
        (LEASE, MULTICLUSTER, ""),
    ):
        listed = cluster.list(kind, space, labels)
        found += ({**one, "apiVersion": kind.api_version, "kind": kind.name} for one in listed)
    return list(of_mirrors(found, gone))


def namespaces(cluster: Cluster, gone: Gone) -> list[Leftover]:
    """The namespaces that service mirrors of links that are `gone`, or have no Link, created.

    Of several links, that of the last mirror in a namespace may be another than that which created
    it. Raises ClusterRefusedError.
    """
    listed: list[Object] = []
    try:
        listed = cluster.list(LINK, None, "")
    except ClusterRefusedError as error:
        if error.status != 404:
            raise
    targets = {inner(one, "spec").get("targetClusterName") for one in listed}
    made = cluster.list(NAMESPACE, None, f"{MIRRORED_SERVICE}=true")
    found = [{**one, "apiVersion": NAMESPACE.api_version, "kind": NAMESPACE.name} for one in made]
    return list(of_mirrors(found, lambda target: gone(target) or target not in targets))


def sweep(cluster: Cluster, reader: Reader, gone: Gone) -> list[str]:
    """Delete what the service mirrors of links that are `gone` left.

    Returns what stays, each with the reason. Raises ClusterRefusedError.
    """
    for _ in range(ROUNDS):
        left = mirrors(cluster, gone)
        remove(cluster, left)
        if not left:
            break
        time.sleep(PAUSE_SECONDS)
    spaces = namespaces(cluster, gone)
    return [text for one in spaces for text in remove_namespace(cluster, reader, one)]


def remove(cluster: Cluster, left: Iterable[Leftover]) -> None:
    """Delete these objects, or the parts of them. Raises ClusterRefusedError."""
    for one in left:
        if one.rest is None:
            cluster.delete(one.kind, one.namespace or None, one.name)
            continue
        try:
            cluster.replace(one.rest)
        except ClusterRefusedError as error:
            # Its service mirror changed it meanwhile, or deleted it: it is read again.
            if error.status not in (404, 409):
                raise


def remove_namespace(cluster: Cluster, reader: Reader, one: Leftover) -> Iterator[str]:
    """Delete a namespace that a service mirror created, where it is empty; yields why it stays.

    Raises ClusterRefusedError.
    """
    what = next(_content(reader, one.name), None)
    if what is None:
        cluster.delete(NAMESPACE, None, one.name)
    else:
        yield f"Namespace {one.name}: it has {what}"


def _content(reader: Reader, namespace: str) -> Iterator[str]:
    """What a namespace has that is not in every namespace."""
    for kind, served in reader.served().items():
        if not served.namespaced or kind.name in _IGNORED:
            continue
        try:
            listed = list(reader.list(kind, served, namespace, metadata_only=True))
        except RefusedError:
            yield f"{kind.name} objects that cannot be listed"
            continue
        for one in listed:
            if (kind, name_of(one)) not in _OF_EVERY_NAMESPACE:
                yield f"{kind.name} {name_of(one)}"
