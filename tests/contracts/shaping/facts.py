"""What the program relies on of the objects that a chart renders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vocabulary.kinds import Kind

Object = Mapping[str, Any]

WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet", "Pod", "ReplicaSet", "Job", "CronJob")
_CALLED = ("APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_NAMED = {*WORKLOADS, *_CALLED, "ConfigMap", "CustomResourceDefinition", "Service"}
"""Kinds whose objects are found by their names."""


@dataclass
class Facts:
    """What is relied on, by the words of the table."""

    every_kind: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    names: set[tuple[str, str]] = field(default_factory=set)
    namespaces: set[tuple[str, str, str]] = field(default_factory=set)
    accounts: set[tuple[str, str]] = field(default_factory=set)
    labels: set[tuple[str, str, str]] = field(default_factory=set)
    ports: set[tuple[str, str, str, str]] = field(default_factory=set)
    secrets: set[tuple[str, str]] = field(default_factory=set)
    network: set[tuple[str, bool]] = field(default_factory=set)

    def added(self, other: Facts, kinds: Iterable[str]) -> list[str]:
        """The kinds of `other` that are not of these facts, and not of `kinds`."""
        return sorted(other.every_kind - self.every_kind - set(kinds))

    def changes(self, other: Facts, kinds: Iterable[str]) -> list[str]:
        """What `other` lacks of these facts, and whether it has kinds that are not of `kinds`."""
        found = [
            word
            for word in ("names", "namespaces", "accounts", "labels", "ports", "secrets", "network")
            if not getattr(self, word) <= getattr(other, word)
        ]
        # What has another name has everything else under that name.
        if "names" in found:
            found = ["names"]
        elif "namespaces" in found:
            found = ["namespaces"]
        return [*found, *(["kinds"] if other.kinds - self.kinds - set(kinds) else [])]


def facts(objects: Iterable[Object], origin: str, release: str) -> Facts:
    """The facts of the objects of a release whose charts are of an origin.

    The program relies on every object of Linkerd's charts, on the workload and the Service of an
    Ambassador, and on the workloads and webhooks of cert-manager, whatever ports and labels these
    have.
    """
    found, every = Facts(), list(objects)
    selecting = {key for item in every for key in _selector(item)}
    for item in every:
        kind, metadata = Kind.of(dict(item)).name, item["metadata"]
        name, space = metadata["name"], metadata.get("namespace") or ""
        found.every_kind.add(str(Kind.of(dict(item))))
        if kind in (*WORKLOADS, "Namespace"):
            found.kinds.add(str(Kind.of(dict(item))))
        issuing = origin == "cert_manager"
        if origin.startswith("linkerd"):
            relied_on = kind in _NAMED
        elif issuing:
            relied_on = kind in (*WORKLOADS, *_CALLED)
        else:
            relied_on = kind == "CustomResourceDefinition" or (kind in _NAMED and name == release)
        if not relied_on:
            continue
        found.names.add((kind, name))
        found.namespaces.add((kind, name, space))
        if kind in WORKLOADS and not issuing:
            _workload(found, name, item, selecting)
        elif kind == "Service":
            _service(found, name, item.get("spec") or {})
        elif kind in _CALLED:
            _webhooks(found, name, item)
    return found


def _selector(item: Object) -> Mapping[str, Any]:
    selector = (item.get("spec") or {}).get("selector") or {}
    return selector.get("matchLabels") or {} if item["kind"] in WORKLOADS else selector


def _workload(found: Facts, name: str, item: Object, selecting: set[str]) -> None:
    spec = item.get("spec") or {}
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template") or item
    for key, value in (template["metadata"].get("labels") or {}).items():
        if key in selecting:
            found.labels.add((name, key, str(value)))
    pod = template.get("spec") or {}
    found.accounts.add((name, str(pod.get("serviceAccountName"))))
    found.network.add((name, bool(pod.get("hostNetwork"))))
    for container in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        for port in container.get("ports") or ():
            number = str(port.get("containerPort"))
            found.ports.add((name, str(port.get("name")), number, ""))
    for volume in pod.get("volumes") or ():
        for source in (volume, *(volume.get("projected") or {}).get("sources", ())):
            secret = source.get("secret") or {}
            if secret:
                found.secrets.add((name, str(secret.get("secretName") or secret.get("name"))))


def _service(found: Facts, name: str, spec: Mapping[str, Any]) -> None:
    for key, value in (spec.get("selector") or {}).items():
        found.labels.add((f"Service {name}", key, str(value)))
    for port in spec.get("ports") or ():
        target = str(port.get("targetPort"))
        found.ports.add((f"Service {name}", str(port.get("name")), str(port.get("port")), target))


def _webhooks(found: Facts, name: str, item: Object) -> None:
    for webhook in item.get("webhooks") or ():
        service = (webhook.get("clientConfig") or {}).get("service") or {}
        found.secrets.add((name, f"{service.get('namespace')}/{service.get('name')}"))
