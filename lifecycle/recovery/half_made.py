"""What exists in the clusters although the state does not have it, because a run was interrupted.

Facts: pulumi-kubernetes 4.32 creates objects as field manager ``pulumi-kubernetes``, with a suffix
where it applies them, and refuses to create an object that exists; an API server lists no manager
of an object that was applied without a field, for example a Namespace without labels;
`pulumi preview --json` lists what would be created, with a placeholder for each value that is
secret or not known yet (``sdk/go/common/resource/plugin/rpc.go``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client

from config.core.mesh import MeshConfig
from kube.answers import inner, items
from kube.helm import newest_records, record_of
from kube.kubeconfig import api_client, existing
from kube.paths import path_of
from lifecycle.recovery.engine import UPSERT, Engine, document
from lifecycle.recovery.state import PATCH, Resource, resource
from lifecycle.recovery.stuck import TIMEOUT, StuckRelease
from vocabulary.kinds import SECRET, Object, name_of

MANAGER = "pulumi-kubernetes"
PLACEHOLDERS = ("[secret]", "04da6b54-80e4-46f7-96ec-b56ff0331ba9")
"""What a plan has in place of a secret, and of what is not known before the update."""


@dataclass(frozen=True)
class HalfMade:
    """What the next update would fail to create."""

    objects: tuple[str, ...] = ()
    """Objects without another owner, which the next update can take over."""
    releases: tuple[StuckRelease, ...] = ()
    """Releases with the chart and the values of this stack."""
    foreign: tuple[str, ...] = ()
    """What has another owner."""

    def lines(self) -> Iterator[str]:
        """What is half made, a sentence each."""
        for one in self.objects:
            yield f"{one} exists, has no other owner, and the state does not have it"
        yield from map(str, self.releases)
        for one in self.foreign:
            yield f"{one} exists and has another owner"


def half_made(config: MeshConfig, engine: Engine) -> HalfMade:
    """Compare what an update would create with the clusters; nothing is changed.

    Raises RecoveryError: the preview fails. ApiException: an API server does.
    """
    answer = engine("preview", "--json", **UPSERT)
    shown = document(answer, "`pulumi preview`", "repair what it names, and repeat")
    steps = items(shown, "steps")
    created = [resource(inner(one, "newState")) for one in steps if one.get("op") == "create"]
    objects: list[str] = []
    foreign: list[str] = []
    releases: list[StuckRelease] = []
    for name, cluster in config.clusters.items():
        with api_client(cluster) as api:
            for one in created:
                if one.cluster != name or one.type.endswith(PATCH):
                    continue
                if one.release is not None:
                    releases += _release(api, one)
                    continue
                found = existing(api, one.path, TIMEOUT) if one.path else None
                # What ends does not hinder.
                if found is not None and not inner(found, "metadata").get("deletionTimestamp"):
                    (foreign if _by_others(found) else objects).append(f"cluster '{name}': {one}")
    ours = tuple(item for item in releases if item.alike)
    others = [str(item) for item in releases if not item.alike]
    return HalfMade(tuple(objects), ours, (*foreign, *others))


def _by_others(found: Object) -> bool:
    entries = items(found, "metadata", "managedFields")
    # Controllers write the status of objects of every owner.
    managers = [str(one.get("manager")) for one in entries if one.get("subresource") != "status"]
    return bool(managers) and not any(one.startswith(MANAGER) for one in managers)


def _release(api: client.ApiClient, one: Resource) -> Iterator[StuckRelease]:
    namespace, name = one.release or ("", "")
    path = f"{path_of(SECRET, namespace)}?labelSelector=owner%3Dhelm,name%3D{name}"
    listed = existing(api, path, TIMEOUT)
    secrets = items(listed, "items")
    for record in newest_records(secrets).values():
        newest = next(item for item in secrets if name_of(item) == record.secret)
        made = record_of(newest)
        same = alike(made.get("config"), one.inputs.get("values"))
        yield StuckRelease(one.cluster, record, every=True, alike=same)


def alike(found: Any, wanted: Any) -> bool:
    """Whether values are those of a plan, as far as the plan knows them."""
    if isinstance(wanted, str) and any(mark in wanted for mark in PLACEHOLDERS):
        return True
    # Helm drops keys without a value.
    mine, theirs = ({} if one is None else one for one in (wanted, found))
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return all(alike(theirs.get(key), mine.get(key)) for key in {*mine, *theirs})
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(alike, found, wanted))
    return bool(found == wanted)
