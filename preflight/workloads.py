"""Whether the workloads to mesh exist, and whether their owners' fields could be restored.

Server-side apply removes a field that no other manager owns any more. A value that the owner had
set before would be lost, so that such a patch is refused.

Facts: Kubernetes API (server-side apply, managed fields), tried on API servers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.ambassador.adoption import FIELD_MANAGER
from config.language.problems import printable
from config.platform.recipes import Patch, WorkloadRef
from config.preconditions import WantedPatch
from kube.answers import inner, items
from kube.failures import Reason
from kube.kubeconfig import Timeout, existing
from kube.paths import path_of
from vocabulary.kinds import CRON_JOB, KIBANA, NAMESPACE, PATCHED

_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    NAMESPACE.name: (),
    CRON_JOB.name: ("spec", "jobTemplate", "spec", "template"),
    KIBANA.name: ("spec", "podTemplate"),
}


@dataclass(frozen=True)
class Found:
    """What was read of the workloads to patch."""

    missing: frozenset[WorkloadRef]
    """Those that do not exist."""
    settled: frozenset[WorkloadRef]
    """Those whose containers have this program's fields as the stack file wants them."""
    reasons: tuple[Reason, ...]
    """What could not be restored for its owner."""


def look_at(api: client.ApiClient, wanted: Iterable[WantedPatch], timeout: Timeout) -> Found:
    """Read everything that is to be patched.

    `timeout` is in seconds, to connect and to answer. Raises ApiException where the API server
    fails; what it forbids to read is taken to exist and to be unchanged.
    """
    missing: set[WorkloadRef] = set()
    settled: set[WorkloadRef] = set()
    reasons: list[Reason] = []
    for item in wanted:
        try:
            found = _read(api, item.patch.ref, timeout)
        except ApiException as error:
            if error.status != 403:
                raise
            continue
        if found is None:
            missing.add(item.patch.ref)
            continue
        workload = _Workload(found, item.path, item.patch)
        reasons += workload.kept()
        if workload.settled:
            settled.add(item.patch.ref)
    return Found(frozenset(missing), frozenset(settled), tuple(reasons))


def template_path(kind: str) -> tuple[str, ...]:
    """Keys of the pod template in an object of a kind that can be meshed.

    A Namespace is its own: annotations on it are for all of its pods.
    """
    return _TEMPLATES.get(kind, ("spec", "template"))


def _read(api: client.ApiClient, ref: WorkloadRef, timeout: Timeout) -> dict[str, Any] | None:
    return existing(api, path_of(PATCHED[ref.kind], ref.namespace, ref.name), timeout)


class _Workload:
    """One object, and the patch for it."""

    def __init__(self, found: Mapping[str, Any], path: str, patch: Patch) -> None:
        self._found = found
        self._path = path
        self._patch = patch
        self._template = template_path(patch.kind)

    def kept(self) -> Iterator[Reason]:
        """Fields that its owner has set to other values, and that could not be restored."""
        annotations = inner(self._found, *self._template, "metadata", "annotations")
        for key, value in self._patch.annotations.items():
            found = annotations.get(key)
            where = (*self._template, "metadata", "annotations", key)
            if found is not None and found != value and not self._is_ours(where):
                yield (
                    f"the {self._patch} has the annotation {key}: {printable(str(found))} from its "
                    f"owner, and {self._path} would write {value}",
                    f"remove the annotation where it was installed, or remove {self._path}",
                )
        if self._patch.kind == KIBANA.name:
            yield from self._token()
        if self._patch.container is not None:
            yield from self._container(self._patch.container)

    @property
    def settled(self) -> bool:
        """Whether the container has this program's fields exactly as the stack file wants them."""
        patch = self._patch
        if patch.container is None:
            return False
        at = (*self._template, "spec", "containers")
        ours: set[str] = set()
        for entry in self._entries():
            if str(entry.get("manager")).startswith(FIELD_MANAGER):
                held = _held(entry.get("fieldsV1"), at) or {}
                for key, fields in held.items():
                    below = inner(fields, "f:env")
                    names = [f"{key} {name}" for name in below] or [key]
                    ours |= set(names)
        mine = _key(patch.container)
        if patch.env and ours != {f"{mine} {_key(name)}" for name in patch.env}:
            return False
        if not patch.env and ours != {mine}:
            return False
        found = inner(self._containers(), patch.container)
        env = {item.get("name"): item.get("value") for item in items(found, "env")}
        command = list(patch.command)
        return all(env.get(key) == value for key, value in patch.env.items()) and (
            not command or found.get("command") == command
        )

    def _entries(self) -> list[dict[str, Any]]:
        return items(self._found, "metadata", "managedFields")

    def _containers(self) -> dict[str, Mapping[str, Any]]:
        listed = items(self._found, *self._template, "spec", "containers")
        return {str(item.get("name")): item for item in listed}

    def _token(self) -> Iterator[Reason]:
        key = "automountServiceAccountToken"
        found = inner(self._found, *self._template, "spec").get(key)
        if found is False and not self._is_ours((*self._template, "spec", key)):
            yield (
                f"the {self._patch} has {key}: false from its owner, and {self._path} would write "
                "true",
                f"remove it from its podTemplate, or remove {self._path}",
            )

    def _container(self, name: str) -> Iterator[Reason]:
        containers = self._containers()
        if name not in containers:
            names = ", ".join(printable(str(item)) for item in containers)
            yield (
                f"the {self._patch} has no container {name}",
                f"write {self._path}.container: {names}",
            )
            return
        where = (*self._template, "spec", "containers", {"name": name})
        entries = items(containers[name], "env")
        env = {item.get("name"): item for item in entries}
        for key, value in self._patch.env.items():
            yield from self._variable(name, key, value, env.get(key), where)
        if self._patch.command:
            yield from self._command(name, containers[name].get("command"), where)

    def _variable(
        self, container: str, key: str, value: str, found: Mapping[str, Any] | None, where: Any
    ) -> Iterator[Reason]:
        if found is None or found.get("value") == value:
            return
        at = f"{self._path}.env.{key}"
        if "valueFrom" in found:
            yield (
                f"the {self._patch} gets the variable {key} of its container {container} from "
                "elsewhere (valueFrom), which a patch can neither replace nor restore",
                f"remove {at}, or let its owner set the value",
            )
        elif not self._is_ours((*where, "env", {"name": key}, "value")):
            yield (
                f"the {self._patch} has another value of the variable {key} in its container "
                f"{container}, which would not be restored",
                f"remove {at}, or let its owner set the value",
            )

    def _command(self, container: str, found: Any, where: Any) -> Iterator[Reason]:
        wrapped = list(self._patch.command)
        if found is None or found == wrapped or self._is_ours((*where, "command")):
            return
        yield (
            f"the container {container} of the {self._patch} has its own command, which would not "
            "be restored",
            f"let its owner put {', '.join(wrapped[:3])} before it, or write "
            f"{self._path}.treatment: opt-out",
        )

    def _is_ours(self, where: tuple[Any, ...]) -> bool:
        """Whether this program is the only owner of a field."""
        owners = [
            str(entry.get("manager"))
            for entry in self._entries()
            if _held(entry.get("fieldsV1"), where) is not None
        ]
        return bool(owners) and all(owner.startswith(FIELD_MANAGER) for owner in owners)


def _key(name: str) -> str:
    """How managed fields call the entry of a list that has this name."""
    return f'k:{{"name":"{name}"}}'


def _held(fields: Any, where: tuple[Any, ...]) -> dict[str, Any] | None:
    """Managed fields below `where`, which has names of fields and of list entries; or None."""
    for step in where:
        key = _key(step["name"]) if isinstance(step, Mapping) else f"f:{step}"
        if not isinstance(fields, Mapping) or key not in fields:
            return None
        fields = fields[key]
    return dict(fields) if isinstance(fields, Mapping) else None
