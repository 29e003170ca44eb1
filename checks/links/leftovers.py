"""What links and exports that no longer exist have left in a cluster.

A service mirror deletes nothing when its Link goes: its Services and Endpoints stay, a federated
Service keeps the member, its Lease stays. What the program itself made is in Pulumi's state, and
is left where that was lost.

Facts: linkerd2 edge-26.8.3, ``multicluster/cmd/service-mirror/main.go`` (cleanupWorkers),
``multicluster/service-mirror/cluster_watcher.go`` and ``multicluster/cmd/unlink.go``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from config.links.selectors import Selector
from vocabulary.kinds import (
    ENDPOINTS,
    LEASE,
    NAMESPACE,
    SERVICE,
    Kind,
    Object,
    annotations_of,
    labels_of,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import (
    CLUSTER_NAME,
    CREATED_BY,
    CREDENTIALS_PREFIX,
    EXTENSION,
    HEADLESS_MIRROR,
    LOCAL_DISCOVERY,
    MIRROR_LEASE_PREFIX,
    MIRRORED_SERVICE,
    MULTICLUSTER,
    REMOTE_ACCESS_PREFIX,
    REMOTE_DISCOVERY,
    SECRET_REMOTE_KUBECONFIG,
)

LOCAL = ""
"""In place of a target: the service mirror for members of federated Services in the same cluster.
"""
Gone = Callable[[str], bool]
"""Whether the link to a target no longer exists."""


@dataclass(frozen=True)
class Leftover:
    """An object of a link that no longer exists, or a part of one."""

    kind: Kind
    namespace: str
    name: str
    reason: str
    """Why it is left over."""
    rest: Object | None = None
    """The object without that part; None where all of it is left over."""

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind.name} {place}"


def of_mirrors(objects: Iterable[Object], gone: Gone) -> Iterator[Leftover]:
    """What the service mirrors of links that are `gone` left of these objects of a source.

    Services and Endpoints, Leases, and Namespaces that they created, which may have become those
    of other owners since.
    """
    for one in objects:
        kind, labels = Kind.of(one), labels_of(one)
        target = labels.get(CLUSTER_NAME, LOCAL)
        if kind == LEASE:
            target = name_of(one).removeprefix(MIRROR_LEASE_PREFIX)
            if namespace_of(one) == MULTICLUSTER and target != name_of(one) and gone(target):
                yield _leftover(one, f"no service mirror for {target}")
        elif labels.get(MIRRORED_SERVICE) != "true":
            continue
        elif kind == SERVICE and target == LOCAL:
            yield from _of_federated(one, gone)
        elif kind in (SERVICE, ENDPOINTS, NAMESPACE) and target != LOCAL and gone(target):
            yield _leftover(one, f"no link to {target}")


def _of_federated(service: Object, gone: Gone) -> Iterator[Leftover]:
    """The members of a federated Service that are gone, or the Service where no member is left."""
    annotations = annotations_of(service)
    listed = [one for one in annotations.get(REMOTE_DISCOVERY, "").split(",") if one]
    lost = [one for one in listed if gone(one.rpartition("@")[2])]
    local = bool(annotations.get(LOCAL_DISCOVERY))
    lost_local = local and gone(LOCAL)
    if not lost and not lost_local:
        return
    reason = f"member {', '.join(lost)} is gone" if lost else "its local member is gone"
    left = [one for one in listed if one not in lost]
    if not left and (lost_local or not local):
        yield _leftover(service, reason)
        return
    rest = copy.deepcopy(service)
    rest["metadata"]["annotations"][REMOTE_DISCOVERY] = ",".join(left)
    if not left:
        del rest["metadata"]["annotations"][REMOTE_DISCOVERY]
    if lost_local:
        del rest["metadata"]["annotations"][LOCAL_DISCOVERY]
    yield _leftover(service, reason, rest)


def of_exports(
    source: Iterable[Object],
    target: Iterable[Object],
    name: str,
    selectors: Mapping[str, Selector],
) -> Iterator[Leftover]:
    """Mirrors among the Services of a source whose Service in the target called `name` is gone.

    `target` are all Services there; `selectors` are those of the Link, by their keys.
    """
    exported = {
        (namespace_of(one), name_of(one)): {
            key for key, selector in selectors.items() if selector.matches(labels_of(one))
        }
        for one in target
    }
    for one in source:
        labels, space = labels_of(one), namespace_of(one)
        if labels.get(MIRRORED_SERVICE) != "true":
            continue
        if labels.get(CLUSTER_NAME) == name:
            root = labels.get(HEADLESS_MIRROR, name_of(one)).removesuffix(f"-{name}")
            ways = exported.get((space, root))
            if ways is None:
                yield _leftover(one, f"{name} has no Service {space}/{root}")
            elif not ways - {"federatedServiceSelector"}:
                yield _leftover(one, f"Service {space}/{root} of {name} is not exported")
        elif CLUSTER_NAME not in labels:
            members = annotations_of(one).get(REMOTE_DISCOVERY, "").split(",")
            lost = {
                member
                for member in members
                if member.endswith(f"@{name}")
                and "federatedServiceSelector"
                not in exported.get((space, member.rpartition("@")[0]), ())
            }
            if lost:
                # All members in the target are of the same name, so that one is lost or none.
                yield from _of_federated(one, lambda other: other == name)


def of_credentials(objects: Iterable[Object], gone: Gone) -> Iterator[Leftover]:
    """Secrets of a source with credentials for targets whose links are `gone`."""
    for one in objects:
        if one.get("type") == SECRET_REMOTE_KUBECONFIG:
            target = name_of(one).removeprefix(CREDENTIALS_PREFIX)
            if target != name_of(one) and gone(target):
                yield _leftover(one, f"no link to {target}")


def of_accounts(objects: Iterable[Object], sources: Iterable[str]) -> Iterator[Leftover]:
    """Accounts of a target, with their roles and bindings, for none of these sources.

    Those that the chart or ``linkerd multicluster allow`` makes are named as theirs.
    """
    known = {f"{REMOTE_ACCESS_PREFIX}{source}" for source in sources}
    for one in objects:
        name = name_of(one)
        if (
            name.startswith(REMOTE_ACCESS_PREFIX)
            and name not in known
            and labels_of(one).get(EXTENSION) == "multicluster"
            and CREATED_BY not in annotations_of(one)
        ):
            yield _leftover(one, f"no link from {name.removeprefix(REMOTE_ACCESS_PREFIX)}")


def _leftover(one: Object, reason: str, rest: Object | None = None) -> Leftover:
    return Leftover(Kind.of(one), namespace_of(one), name_of(one), reason, rest)
