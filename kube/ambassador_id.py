"""Which Ambassador reads an object: the id of the one, and the ids that the other names.

Facts: Emissary docs, "Running Ambassador", AMBASSADOR_ID; seen in what its compiler serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kube.answers import inner, items
from vocabulary.ambassador import DEFAULT_ID, ID_FIELD, ID_VARIABLE
from vocabulary.kinds import Object


def ids_of(thing: Object) -> tuple[str, ...]:
    """Ids of the Ambassadors that read an object of getambassador.io."""
    spec = inner(thing, "spec")
    found = spec.get(ID_FIELD) or spec.get("ambassadorId") or DEFAULT_ID
    return tuple(str(one) for one in found) if isinstance(found, list) else (str(found),)


def variable(pod: Mapping[str, Any]) -> str | Mapping[str, Any] | None:
    """The id in the spec of an Ambassador's pod; what it is read from; None without one."""
    for container in items(pod, "containers"):
        for entry in items(container, "env"):
            if inner(entry).get("name") == ID_VARIABLE:
                return str(entry["value"]) if entry.get("value") else entry.get("valueFrom")
    return None
