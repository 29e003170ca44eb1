"""What a service mirror writes into its source, made by hand.

Facts: linkerd2 edge-26.8.3, ``multicluster/service-mirror/cluster_watcher.go``.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client

from tests.waiting import eventually

MIRRORED = "mirror.linkerd.io/mirrored-service"
CLUSTER = "mirror.linkerd.io/cluster-name"
HEADLESS = "mirror.linkerd.io/headless-mirror-svc-name"
MEMBERS = "multicluster.linkerd.io/remote-discovery"
LOCAL = "multicluster.linkerd.io/local-discovery"
SPACE = "shop"
MULTICLUSTER = "linkerd-multicluster"


def service(name: str, target: str, **labels: str) -> dict[str, Any]:
    """A mirrored Service."""
    labels = {MIRRORED: "true", CLUSTER: target, **labels}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": SPACE, "labels": labels},
        "spec": {"ports": [{"name": "http", "port": 80}]},
    }


def endpoints(name: str, target: str, address: str = "203.0.113.7") -> dict[str, Any]:
    """The Endpoints of a mirrored Service."""
    subsets = [{"addresses": [{"ip": address}], "ports": [{"name": "http", "port": 4143}]}]
    metadata = service(name, target)["metadata"]
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets}


def federated(name: str, members: list[str], local: str = "") -> dict[str, Any]:
    """A federated Service with these members, as ``<service>@<target>``."""
    made = service(f"{name}-federated", "")
    del made["metadata"]["labels"][CLUSTER]
    annotations = {MEMBERS: ",".join(members)} if members else {}
    made["metadata"]["annotations"] = annotations | ({LOCAL: local} if local else {})
    return made


@dataclass
class Mirrors:
    """Mirrors in a source."""

    core: Any
    """The source's CoreV1Api."""
    coordination: Any
    """Its CoordinationV1Api."""
    spaces: list[str] = field(default_factory=list)

    def make(self, target: str, *, lease: bool = True) -> None:
        """Two mirrored Services, one with Endpoints, a Lease, and an empty namespace."""
        self._space(SPACE)
        self._space(f"of-{target}", {MIRRORED: "true", CLUSTER: target})
        self.core.create_namespaced_service(SPACE, service(f"web-{target}", target))
        self.core.create_namespaced_endpoints(SPACE, endpoints(f"web-{target}", target))
        one = service(f"db-0-{target}", target, **{HEADLESS: f"db-{target}"})
        self.core.create_namespaced_service(SPACE, one)
        if lease:
            body = {"metadata": {"name": f"service-mirror-write-{target}"}}
            self.coordination.create_namespaced_lease(MULTICLUSTER, body)

    def federate(self, name: str, targets: list[str]) -> None:
        """A federated Service with members in targets."""
        members = [f"{name}@{target}" for target in targets]
        self.core.create_namespaced_service(SPACE, federated(name, members))

    def all(self) -> dict[str, Any]:
        """What is there: by target, and the members of federated Services by their names."""
        found: dict[str, Any] = {}
        listed = [
            *self.core.list_service_for_all_namespaces(label_selector=CLUSTER).items,
            *self.core.list_endpoints_for_all_namespaces(label_selector=CLUSTER).items,
            *(
                one
                for one in self.core.list_namespace(label_selector=CLUSTER).items
                if one.status.phase == "Active"
            ),
        ]
        for one in listed:
            if one.metadata.labels.get(MIRRORED) == "true":
                target = one.metadata.labels[CLUSTER]
                found.setdefault(target, []).append(f"{type(one).__name__} {one.metadata.name}")
        for lease in self.coordination.list_namespaced_lease(MULTICLUSTER).items:
            target = lease.metadata.name.removeprefix("service-mirror-write-")
            if target != lease.metadata.name:
                found.setdefault(target, []).append(f"Lease {lease.metadata.name}")
        for one in self.core.list_namespaced_service(SPACE, label_selector=f"!{CLUSTER}").items:
            if MIRRORED in (one.metadata.labels or {}):
                name = one.metadata.name.removesuffix("-federated")
                members = (one.metadata.annotations or {}).get(MEMBERS, "")
                found.setdefault("federated", {})[name] = members
        return found

    def remove(self) -> None:
        """Delete Leases and namespaces, and wait until these are gone."""
        for lease in self.coordination.list_namespaced_lease(MULTICLUSTER).items:
            if lease.metadata.name.startswith("service-mirror-write-"):
                with contextlib.suppress(client.ApiException):
                    self.coordination.delete_namespaced_lease(lease.metadata.name, MULTICLUSTER)
        for name in self.spaces:
            with contextlib.suppress(client.ApiException):
                self.core.delete_namespace(name)
        eventually(lambda: not {*self.spaces} & {*self._spaces()})

    def _spaces(self) -> list[str]:
        return [str(one.metadata.name) for one in self.core.list_namespace().items]

    def _space(self, name: str, labels: dict[str, str] | None = None) -> None:
        if name in self.spaces:
            return
        metadata = client.V1ObjectMeta(name=name, labels=labels)
        self.core.create_namespace(client.V1Namespace(metadata=metadata))
        self.spaces.append(name)
