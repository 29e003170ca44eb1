"""What the last update left in the stack's outputs for the next one.

Facts: pulumi 3.260, ``pkg/resource/deploy/builtins.go`` (readStackOutputs,
readStackResourceOutputs): a program may read the outputs that its own stack, and each resource of
it, had after the last update.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pulumi
from pulumi.runtime.invoke import invoke

from config.links.exports import ServiceRef
from config.platform.recipes import WorkloadRef
from kube.kubeconfig import Endpoint
from preflight.reach import Reach

_TRIES = 20
_PAUSE_SECONDS = 0.25
OUTPUT = "lastUpdate"
"""The stack's output with the record; a secret, because settings may hold some."""
VERSION = 1
"""Of the record's form. One of another version is not read."""
HOW_TO_REACH = ("context", "kubeconfig", "unreachable")
"""Settings of a cluster that say how to reach it, which are never those of the last update."""

Settings = dict[str, Any]


def last_outputs() -> Mapping[str, Any]:
    """The stack's outputs after the last update; empty before the first one. Needs an engine."""
    return _read("readStackOutputs", "name")


def resources_of_state() -> frozenset[str]:
    """What the state has, each as ``type::name``, without stack and default providers."""
    found = (urn.rpartition("$")[2].split("::")[-2:] for urn in _read(_RESOURCES, "stackName"))
    return frozenset(
        f"{kind}::{name}"
        for kind, name in found
        if kind != "pulumi:pulumi:Stack"
        and not (kind.startswith("pulumi:providers:") and name.startswith("default"))
    )


_RESOURCES = "readStackResourceOutputs"


def _read(function: str, argument: str) -> Mapping[str, Any]:
    stack = "/".join((pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()))
    for left in reversed(range(_TRIES)):
        try:
            answer = invoke(f"pulumi:pulumi:{function}", {argument: stack}).value
            break
        except Exception:  # the engine may be writing the state that it reads
            if not left:
                raise
            time.sleep(_PAUSE_SECONDS)
    found = answer.get("outputs")
    return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True)
class LastUpdate:
    """What an update was made from: in it are secrets of the settings."""

    clusters: Mapping[str, Settings]
    """Settings of each cluster but those in `HOW_TO_REACH`, as in the stack file."""
    links: list[Settings]
    """Links, as in the stack file."""
    trust_anchor: str
    """Digest of the settings of trust anchors."""
    reach: Mapping[str, Mapping[str, Any]]
    """What of a Reach decides which resources are declared, by cluster."""
    resources: Mapping[str, list[str]]
    """What was declared, each as ``type::name``, by cluster; of no cluster by an empty name."""
    addresses: Mapping[str, Mapping[str, str]]
    """Addresses of gateways, by cluster and name."""

    @classmethod
    def read(cls, outputs: Mapping[str, Any]) -> LastUpdate | None:
        """The record in a stack's outputs; None where it has none of this version."""
        try:
            found = json.loads(outputs.get(OUTPUT) or "null")
        except (TypeError, ValueError):
            return None
        if not isinstance(found, dict) or found.pop("version", None) != VERSION:
            return None
        return cls(**found)

    def text(self) -> str:
        """The record as it is in the output."""
        return json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)


def recorded(
    settings: Settings,
    reach: Mapping[str, Reach],
    resources: Mapping[str, Collection[str]],
    addresses: Mapping[str, Mapping[str, str]],
) -> str:
    """The record of an update from these settings. `reach` is what the guard read."""
    return LastUpdate(
        clusters={name: bare(one) for name, one in settings["clusters"].items()},
        links=list(settings.get("links") or ()),
        trust_anchor=digest(settings.get("trustAnchor")),
        reach={name: _decisive(one) for name, one in reach.items()},
        resources={name: sorted(found) for name, found in resources.items()},
        addresses=addresses,
    ).text()


def bare(cluster: Any) -> Settings:
    """Settings of a cluster without how to reach it."""
    return {key: value for key, value in (cluster or {}).items() if key not in HOW_TO_REACH}


def digest(settings: Any) -> str:
    """A digest of settings, which may hold secrets."""
    return hashlib.sha256(json.dumps(settings or {}, sort_keys=True).encode()).hexdigest()


def _decisive(reach: Reach) -> dict[str, Any]:
    """What stays the same in an update without a change, and is needed without the cluster."""
    return {
        "endpoint": asdict(reach.endpoint),
        "uid": reach.uid,
        "missing_services": sorted((one.namespace, one.name) for one in reach.missing_services),
        "missing_workloads": sorted(reach.missing_workloads),
        "simulated": reach.simulated,
    }


def remembered(found: Mapping[str, Any]) -> Reach:
    """A cluster as the last update reached it, from what `recorded` wrote."""
    return Reach(
        endpoint=Endpoint(**found["endpoint"]),
        uid=found["uid"],
        missing_services=frozenset(ServiceRef(*one) for one in found["missing_services"]),
        missing_workloads=frozenset(WorkloadRef(*one) for one in found["missing_workloads"]),
        simulated=found["simulated"],
        skipped=True,
    )
