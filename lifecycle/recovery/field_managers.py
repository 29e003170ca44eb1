"""Objects of the state whose fields a killed run owns too, so that the next change conflicts.

Facts: pulumi-kubernetes applies each object as a field manager of its own, with a random name that
it keeps in the state (``provider.go``, fieldManagerName): until 4.28 when it creates an object,
later where it may take over one that exists, as a recovery lets it (``await.go``, Creation). A run
that is killed after such a write leaves a manager that no state has; the next one applies the
object as another. What later versions create, they own under one name, which their next update
replaces (fixCSAFieldManagers). Kubernetes docs, "Server-Side Apply": a field has both managers
then, and one that applies another value to it gets a conflict; a user may edit ``managedFields``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.core.mesh import MeshConfig
from kube.answers import inner
from kube.field_managers import APPLIED, applied
from kube.kubeconfig import METADATA, Timeout, api_client, existing, patch_json
from lifecycle.recovery.errors import RecoveryError
from lifecycle.recovery.state import PATCH, Resource


@dataclass(frozen=True)
class Shared:
    """An object with the field manager of its state, and others that no state has."""

    resource: Resource
    managers: tuple[str, ...]
    """Names of the others."""

    def __str__(self) -> str:
        return (
            f"cluster '{self.resource.cluster}': {self.resource} has fields of a killed run "
            f"({', '.join(self.managers)}), with which its next change conflicts"
        )


def shared(
    api: client.ApiClient, cluster: str, resources: Iterable[Resource], timeout: Timeout
) -> Iterator[Shared]:
    """Those of a state's resources in a cluster that have such a manager.

    Raises ApiException where the API server refuses to show one.
    """
    for one in resources:
        if one.cluster != cluster or not one.manager or one.type.endswith(PATCH):
            continue
        found = existing(api, one.path, timeout, METADATA) if one.path else None
        managers = tuple(str(entry["manager"]) for _, entry in _others(found, one.manager))
        if managers:
            yield Shared(one, managers)


def release_fields(config: MeshConfig, found: Iterable[Shared], timeout: Timeout) -> None:
    """Take these managers off their objects, which stay as they are. Raises RecoveryError."""
    for one in found:
        with api_client(config.clusters[one.resource.cluster]) as api:
            try:
                _release(api, one.resource, timeout)
            except ApiException as error:
                raise RecoveryError(
                    f"cluster '{one.resource.cluster}': the field managers of {one.resource} "
                    f"cannot be changed (status {error.status})",
                    "use credentials that may patch it, and repeat `./mesh recover STACK`",
                ) from None


def _release(api: client.ApiClient, one: Resource, timeout: Timeout) -> None:
    now = existing(api, one.path, timeout, METADATA)
    others = sorted((place for place, _ in _others(now, one.manager)), reverse=True)
    if others:
        version = inner(now, "metadata").get("resourceVersion")
        # Places of entries are those of this version alone.
        same = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
        steps = [{"op": "remove", "path": f"/metadata/managedFields/{place}"} for place in others]
        patch_json(api, one.path, [same, *steps], timeout)


def _others(found: Mapping[str, Any] | None, own: str) -> list[tuple[int, Mapping[str, Any]]]:
    """The entries of other runs of the provider, with their places; none where its own is missing.

    Without an entry of its own the object would have no manager left, and the API server would
    regard each field as owned by a manager that no one can be.
    """
    found_now = applied(found)
    if not any(entry.get("manager") == own for _, entry in found_now):
        return []
    return [
        (place, entry)
        for place, entry in found_now
        if str(entry.get("manager")).startswith(APPLIED) and entry.get("manager") != own
    ]
