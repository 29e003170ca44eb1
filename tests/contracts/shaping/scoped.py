"""Names of objects in no namespace that a chart may make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from config.inventory.values.merging import nested
from render import HelmTemplate, RenderError
from tests.contracts.shaping.derive import (
    BASES,
    Installed,
    defaults,
    given_at,
    leaves,
    objects,
)
from vocabulary.kinds import CRD, INGRESS_CLASS, NAMESPACE, Kind
from vocabulary.scopes import CLUSTER_SCOPED

NAME, SPACE, CLUSTER = "zz-name", "zz-space", "zz-cluster"
"""Names that a stack file gives: of an Ambassador, of Linkerd's namespace, of a linked cluster."""
KNOWN_OTHERWISE = {CRD, INGRESS_CLASS, NAMESPACE}
"""Kinds with names of their own in the stack file, or shared names."""


def renamed() -> Iterator[dict[str, Any]]:
    """`BASES` with these names."""
    for base in BASES:
        text = json.dumps(base).replace('"edge"', f'"{NAME}"').replace('"b"', f'"{CLUSTER}"')
        found = json.loads(text)
        for cluster in found["clusters"].values():
            cluster.setdefault("linkerd", {})["namespace"] = SPACE
        yield found


def scoped(item: Installed, helm: HelmTemplate) -> list[list[Any]]:
    """What a chart makes as it is installed, and with each of its switches the other way."""
    found = _names(item, helm, {})
    passed = item.registration.inputs.get("values") or {}
    for path, default in leaves(defaults(item.package)):
        given = given_at(passed, path)
        value = default if given is None else given
        if isinstance(value, bool):
            # Other keys of a stack file may turn those that it passes.
            try:
                found |= _names(item, helm, nested(not value, path))
            except RenderError:
                continue
    kinds: dict[str, list[str]] = {}
    for name, kind in sorted(found):
        kinds.setdefault(name, []).append(kind)
    return [[name, listed] for name, listed in kinds.items()]


def _names(item: Installed, helm: HelmTemplate, extra: dict[str, Any]) -> set[tuple[str, str]]:
    kinds = [(Kind.of(made), made["metadata"]["name"]) for made in objects(item, helm, extra)]
    return {
        (name.replace(NAME, "{name}").replace(SPACE, "{linkerd}"), str(kind))
        for kind, name in kinds
        if (kind.group, kind.name) in CLUSTER_SCOPED
        and kind not in KNOWN_OTHERWISE
        # Those are longer than the name of a release may be.
        and CLUSTER not in name
    }
