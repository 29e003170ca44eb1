"""Whether the Ambassador to adopt exists and matches the stack file.

Patches that fit nothing would fail halfway, make what they were to change, or select no pod.

Facts: Kubernetes API (workloads, discovery, managed fields); Linkerd docs, "Automatic proxy
injection".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.ambassador.adoption import FIELD_MANAGER, MANAGED_BY
from config.language.problems import printable, some
from config.preconditions import AdoptedAmbassador
from config.variants.ambassadors import ApiVersion
from kube.ambassador_id import ids_of, variable
from kube.answers import inner, items
from kube.failures import Reason
from kube.kubeconfig import Timeout, existing
from vocabulary.ambassador import DEFAULT_ID, GROUP, ID_FIELD, ID_VARIABLE
from vocabulary.linkerd import INJECT

WORKLOADS = {"Deployment": "deployments", "DaemonSet": "daemonsets"}
"""What can run Ambassador's pods, with the names that the API server has for them."""
SHOWN_WORKLOADS = 10
"""How many workloads a message names at most."""


def mismatches(
    api: client.ApiClient, adopted: AdoptedAmbassador, timeout: Timeout
) -> Iterator[Reason]:
    """Every difference between a cluster's Ambassador and the stack file.

    `timeout` is in seconds, to connect and to answer. Raises ApiException where the API server
    fails, but not where it forbids to read: that is a mismatch of its own.
    """
    yield from _Adoption(api, adopted, timeout).mismatches()


class _ForbiddenError(Exception):
    """The credentials lack a right, which `reason` names."""

    def __init__(self, right: str, remedy: str) -> None:
        super().__init__(right)
        self.reason: Reason = (right, remedy)


class _Adoption:
    """The requests and comparisons for one Ambassador."""

    def __init__(self, api: client.ApiClient, adopted: AdoptedAmbassador, timeout: Timeout) -> None:
        self._api = api
        self._adopted = adopted
        self._timeout = timeout
        self._key = adopted.path
        self._space = adopted.namespace
        self._what = f"{adopted.kind} {adopted.workload} in the namespace {adopted.namespace}"

    def mismatches(self) -> Iterator[Reason]:
        for look in (self._workload, self._objects):
            try:
                yield from look()
            except _ForbiddenError as error:
                yield error.reason

    # What runs the pods

    def _workload(self) -> Iterator[Reason]:
        plural = WORKLOADS[self._adopted.kind]
        found = self._get(
            f"/apis/apps/v1/namespaces/{self._space}/{plural}/{self._adopted.workload}",
            f"get {plural}.apps in the namespace {self._space}",
        )
        if found is None:
            yield self._no_workload()
            return
        template = inner(found, "spec", "template")
        yield from self._account(inner(template, "spec"))
        yield from self._id(inner(template, "spec"))
        yield from self._labels(found, inner(template, "metadata", "labels"))
        yield from self._injection(found, inner(template, "metadata", "annotations"))

    def _no_workload(self) -> Reason:
        message = f"there is no {self._what}, which is to be adopted"
        names = {kind: self._workloads(plural) for kind, plural in WORKLOADS.items()}
        for kind, found in names.items():
            if kind != self._adopted.kind and self._adopted.workload in found:
                return (
                    f"{message}, but a {kind} of that name",
                    f"write {self._key}.adopt.kind: {kind}",
                )
        others = names[self._adopted.kind]
        if not others:
            return (
                message,
                f"correct {self._key}.namespace or {self._key}.adopt, or remove adopt to have "
                "an Ambassador installed",
            )
        listed = some(others, SHOWN_WORKLOADS)
        choice = listed if len(others) == 1 else f"one of {listed}"
        return message, f"write {self._key}.adopt.workload: {choice}"

    def _workloads(self, plural: str) -> list[str]:
        """Names of the other workloads, for the remedy; empty where they cannot be listed."""
        try:
            found = self._get(f"/apis/apps/v1/namespaces/{self._space}/{plural}", "list them")
        except _ForbiddenError:
            return []
        names = [inner(item, "metadata").get("name") for item in items(found, "items")]
        return [printable(name) for name in names if isinstance(name, str)]

    def _account(self, pod: Mapping[str, Any]) -> Iterator[Reason]:
        found = printable(str(pod.get("serviceAccountName") or "default"))
        if found != self._adopted.service_account:
            yield (
                f"the {self._what} runs as ServiceAccount {found}, but the stack file has "
                f"{self._adopted.service_account}, which would change its mTLS identity",
                f"write {self._key}.serviceAccount: {found}",
            )

    def _id(self, pod: Mapping[str, Any]) -> Iterator[Reason]:
        key, wanted = f"{self._key}.ambassadorId", self._adopted.ambassador_id
        given = variable(pod)
        if given is not None and not isinstance(given, str):
            if wanted == DEFAULT_ID:
                yield (
                    f"the {self._what} reads its {ID_VARIABLE} from another object, and it serves "
                    "only objects that name this id",
                    f"write {key} with the id that this variable has in its pods",
                )
            return
        found = given or DEFAULT_ID
        if found != wanted:
            yield (
                f"the {self._what} has the {ID_VARIABLE} {printable(found)}, and serves no object "
                f"with the {ID_FIELD} {wanted}",
                f"write {key}: {printable(found)}",
            )

    def _labels(self, workload: Mapping[str, Any], labels: Mapping[str, Any]) -> Iterator[Reason]:
        wanted = self._adopted.pod_labels
        if all(labels.get(key) == value for key, value in wanted.items()):
            return
        # What selects its pods can never change, unlike a chart's version among the labels.
        selector = inner(workload, "spec", "selector", "matchLabels") or labels
        remedy = (
            f"write {self._key}.adopt.podLabels: {_flow(selector)}"
            if selector
            else f"give its pods these labels, or write others under {self._key}.adopt.podLabels"
        )
        yield (
            f"the gateway's Service would select pods by the labels {_flow(wanted)}, and those of "
            f"the {self._what} have {_flow(labels)}",
            remedy,
        )

    def _injection(
        self, workload: Mapping[str, Any], annotations: Mapping[str, Any]
    ) -> Iterator[Reason]:
        found, wanted = annotations.get(INJECT), self._adopted.inject
        if found is None or found == wanted:
            return
        owners = _owners(workload, f"f:{INJECT}")
        others = [owner for owner in owners if not owner.startswith(FIELD_MANAGER)]
        if owners and not others:
            return
        by = f" (written by {', '.join(printable(owner) for owner in others)})" if others else ""
        key = f"{self._key}.sidecar.mode"
        yield (
            f"the pods of the {self._what} have the annotation {INJECT}: "
            f"{printable(str(found))}{by}, but the stack file has {wanted}",
            "remove the annotation where Ambassador was installed"
            + (f", or write {key}: {found}" if found in ("enabled", "ingress") else ""),
        )

    # What it reads

    def _objects(self) -> Iterator[Reason]:
        version = f"{GROUP}/{self._adopted.api_version}"
        found = self._get(f"/apis/{version}", f"get the path /apis/{version}")
        if found is None:
            yield self._not_served(version)
            return
        served = {inner(item).get("name") for item in items(found, "resources")}
        wanted = ["mappings"]
        if self._adopted.api_version != "v1":
            wanted.append("hosts")
        if self._adopted.module != "leave":
            wanted.append("modules")
        missing = [name for name in wanted if name not in served]
        if missing:
            yield (
                f"its API server serves no {' and no '.join(missing)} of {version}",
                f"install the CRDs of this Ambassador in full, or write another version under "
                f"{self._key}.apiVersion",
            )
        if "modules" in wanted and "modules" not in missing:
            yield from self._module(version)

    def _not_served(self, version: str) -> Reason:
        group = self._get(f"/apis/{GROUP}", f"get the path /apis/{GROUP}")
        served = {inner(item).get("version") for item in items(group, "versions")}
        known = [name for name in get_args(ApiVersion) if name in served]
        if not known:
            return (
                f"it has no CRDs of {GROUP}, so that no Ambassador is installed to adopt",
                f"install Ambassador's CRDs, or remove {self._key}.adopt to have them installed",
            )
        return (
            f"its API server does not serve {version}, but {' and '.join(known)}",
            f"write {self._key}.apiVersion: {known[0]}",
        )

    def _module(self, version: str) -> Iterator[Reason]:
        place = f"namespace {self._space}"
        key = f"{self._key}.adopt.module"
        try:
            found = self._get(
                f"/apis/{version}/namespaces/{self._space}/modules/ambassador",
                f"get modules.{GROUP} in the {place}",
            )
        except ApiException as error:
            # Where a version is stored otherwise, reading an object needs a webhook.
            if not error.status or error.status < 500:
                raise
            yield (
                f"the API server fails to read a Module of {version} (status {error.status})",
                "check whether emissary-apiext, which converts Ambassador's objects, is ready, and "
                "whether the API server is healthy",
            )
            return
        if self._adopted.module == "patch":
            if found is None:
                yield (
                    f"there is no Module ambassador in the {place} to patch",
                    f"write {key}: make, or {key}: leave",
                )
            elif self._adopted.ambassador_id not in ids_of(found):
                yield (
                    f"the Module ambassador in the {place} has the {ID_FIELD} "
                    f"{', '.join(printable(one) for one in ids_of(found))}, so that the "
                    "Ambassador does not read it",
                    f"give it the {ID_FIELD} {self._adopted.ambassador_id}, or write {key}: leave",
                )
            elif _is_ours(found):
                yield (
                    f"the Module ambassador in the {place} is managed by this program, and would "
                    "be deleted if it were patched",
                    f"write {key}: make",
                )
        elif found is not None and not _is_ours(found):
            yield (
                f"Module ambassador in the {place} exists and has another owner",
                f"write {key}: patch, or {key}: leave",
            )

    def _get(self, path: str, right: str) -> dict[str, Any] | None:
        """What is at a path, or None where there is nothing."""
        try:
            return existing(self._api, path, self._timeout)
        except ApiException as error:
            if error.status == 403:
                raise _ForbiddenError(
                    f"the credentials may not {right}, so that it is unknown whether the "
                    f"Ambassador of {self._key} can be adopted",
                    f"use credentials that may {right}",
                ) from None
            raise


def _flow(labels: Mapping[str, Any]) -> str:
    """Labels as YAML on one line."""
    return printable(json.dumps(dict(labels), ensure_ascii=False), 1000)


def _is_ours(found: Mapping[str, Any]) -> bool:
    labels = inner(found, "metadata", "labels")
    return all(labels.get(key) == value for key, value in MANAGED_BY.items())


def _owners(workload: Mapping[str, Any], annotation: str) -> list[str]:
    """The field managers of an annotation of the pods."""
    path = ("fieldsV1", "f:spec", "f:template", "f:metadata", "f:annotations")
    return [
        str(entry.get("manager"))
        for entry in items(workload, "metadata", "managedFields")
        if annotation in inner(entry, *path)
    ]
