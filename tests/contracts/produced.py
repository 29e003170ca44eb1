"""Everything that the program writes for a stack file, in the words of the contracts.

What charts make of values is theirs; what is written here are values, and objects of our own.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts import CURRENT, V2_8, Subject
from render import Recording
from render.recorder import RELEASE
from render.registration import Registration

BUILT_IN = ("", "apps", "batch", "rbac.authorization.k8s.io", "networking.k8s.io")
"""API groups of Kubernetes itself, whose fields the API server knows."""
PUBLISHED_KINDS = ("CustomResourceDefinition",)
"""Kinds of published manifests, which are handed on as they are."""
WHOLE_VALUES = (
    "podAnnotations",
    "service.annotations",
    "service.ports",
    "service.loadBalancerSourceRanges",
    "module",
    "resources",
    "topologySpreadConstraints",
)
"""Helm values that are handed on as they are, so that they are one value each."""
WHOLE_FIELDS = {
    "Link": tuple(
        f"spec.{name}.matchLabels"
        for name in ("selector", "remoteDiscoverySelector", "federatedServiceSelector")
    )
}
"""Fields that their readers take as a whole."""
CRDS = "-ambassador-crds-"
"""Part of the logical names of the objects of published manifests."""
WITH_RULES = (
    "AuthorizationPolicy",
    "Certificate",
    "Host",
    "Link",
    "Mapping",
    "NetworkAuthentication",
    "Server",
)
"""Kinds whose fields have to agree with each other, which a row about the whole object says."""
POD_TEMPLATES = (
    ("spec", "template"),
    ("spec", "jobTemplate", "spec", "template"),
    ("spec", "podTemplate"),
)
EDGE_STACKS = {"edge-stack": "emissary-ingress"}
"""Charts with a part under a key of its own: the part's name is that key."""


@dataclass(frozen=True)
class Item:
    """Something that is written, and where."""

    subject: Subject
    on: str
    key: str
    value: object
    generation: str
    where: str

    def __str__(self) -> str:
        return f"{self.subject} {self.key or '(whole)'} on {self.on}, in {self.where}"


def chart_of(release: Registration) -> str:
    """The name of a release's chart."""
    return str(release.inputs["chart"]).rpartition("/")[2]


def produced(stack: str, recording: Recording, version: Callable[[str], str]) -> Iterator[Item]:
    """The items of a recording; `version` is Linkerd's in a cluster."""
    for made in recording:
        if made.cluster is None or made.read:
            continue
        generation = V2_8 if version(made.cluster).startswith("2.8") else CURRENT
        component = (made.parent or "").split("::")[-2].rpartition(":")[2]
        where = f"stack {stack}, {made.name}"
        found = _of_release(made) if made.type == RELEASE else _of_object(made, component)
        for subject, on, key, value in found:
            yield Item(subject, on, key, value, generation, where)


Found = tuple[Subject, str, str, object]


def _of_release(release: Registration) -> Iterator[Found]:
    chart = chart_of(release)
    values = dict(release.inputs.get("values") or {})
    parts = {chart: values}
    if chart in EDGE_STACKS:
        parts[EDGE_STACKS[chart]] = values.pop(EDGE_STACKS[chart], {})
    for name, given in parts.items():
        for path, value in flattened(given, WHOLE_VALUES):
            yield Subject.HELM_VALUE, name, path, value
        yield from _annotations("Pod", given.get("podAnnotations"))
        service = given.get("service") or {}
        yield from _annotations("Service", service.get("annotations"))
        yield from _service(service)


def _of_object(made: Registration, component: str) -> Iterator[Found]:
    inputs = made.inputs
    kind = str(inputs["kind"])
    group, _, version = str(inputs["apiVersion"]).rpartition("/")
    if kind in PUBLISHED_KINDS or CRDS in made.name:
        return
    metadata = inputs.get("metadata") or {}
    yield from _annotations(kind, metadata.get("annotations"))
    yield from _labels(kind, metadata.get("labels"))
    for steps in POD_TEMPLATES:
        template = _at(inputs, *steps)
        if isinstance(template, Mapping):
            yield from _annotations("Pod", _at(template, "metadata", "annotations"))
            yield from _labels("Pod", _at(template, "metadata", "labels"))
            for container in _at(template, "spec", "containers") or ():
                yield from _container(kind, container)
    if group not in BUILT_IN:
        if kind in WITH_RULES:
            yield Subject.OBJECT, kind, "", inputs
        for path, value in flattened({"spec": inputs.get("spec")}, WHOLE_FIELDS.get(kind, ())):
            if "metadata.annotations" not in path:
                yield Subject.FIELD, f"{kind} {version}", path, value
    elif kind == "ClusterRole":
        yield Subject.OBJECT, kind, "rules", inputs.get("rules")
    elif kind == "Secret":
        yield from _secret(made, component)
    elif kind == "ConfigMap":
        for key, value in (inputs.get("data") or {}).items():
            yield Subject.CONFIG_MAP_KEY, f"ConfigMap {metadata.get('name')}", key, value
    elif kind == "Service":
        yield from _service({**metadata, **(inputs.get("spec") or {})})
    for selector in ("selector", "selector.matchLabels"):
        if group == "" or selector.endswith("matchLabels"):
            chosen = _at(inputs, "spec", *selector.split("."))
            if group in BUILT_IN and isinstance(chosen, Mapping) and "matchLabels" not in chosen:
                for key, value in chosen.items():
                    yield Subject.FIELD, kind, f"spec.{selector}.{key}", value


def _annotations(on: str, given: object) -> Iterator[Found]:
    for key, value in given.items() if isinstance(given, Mapping) else ():
        yield Subject.ANNOTATION, on, str(key), value


def _labels(on: str, given: object) -> Iterator[Found]:
    for key, value in given.items() if isinstance(given, Mapping) else ():
        yield Subject.LABEL, on, str(key), value


def _container(kind: str, container: Mapping[str, Any]) -> Iterator[Found]:
    for path, value in flattened(container, ("env", "command", "args", "name", "ports")):
        if path == "env":
            for variable in value if isinstance(value, list) else ():
                yield Subject.CONTAINER, kind, f"env.{variable['name']}", variable
        elif path == "ports":
            for port in value if isinstance(value, list) else ():
                for key, item in port.items():
                    yield Subject.CONTAINER, kind, f"ports.{key}", item
        elif path != "name":
            yield Subject.CONTAINER, kind, path, value


def _service(service: Mapping[str, Any]) -> Iterator[Found]:
    ports = service.get("ports")
    for port in ports if isinstance(ports, list) else ():
        yield Subject.PORT, "Service", str(port.get("name")), port
    if "mirror.linkerd.io/multicluster-gateway" in (service.get("annotations") or {}):
        yield Subject.OBJECT, "gateway Service", "ports", {"ports": ports}


def _secret(made: Registration, component: str) -> Iterator[Found]:
    on = f"{component}/{made.inputs.get('type')} {made.inputs['metadata']['name']}"
    data = {key: base64.b64decode(value) for key, value in (made.inputs.get("data") or {}).items()}
    for key, value in data.items():
        yield Subject.SECRET_KEY, on, key, value
    if len(data) > 1:
        yield Subject.SECRET, on, "", data


def flattened(value: object, whole: tuple[str, ...], path: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and values of all leaves; a path that is one of `whole` is a leaf."""
    if path in whole:
        yield path, value
    elif isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from flattened(inner, whole, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for inner in value:
            yield from flattened(inner, whole, f"{path}[]")
    elif value not in ({}, []):
        yield path, value


def _at(value: Any, *path: str) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
