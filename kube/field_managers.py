"""Field managers under which Pulumi's Kubernetes provider applies an object.

Facts: pulumi-kubernetes, ``provider.go`` (fieldManagerName): each object is applied as a manager of
its own, with a random name. Kubernetes docs, "Server-Side Apply": an entry of ``managedFields`` has
the manager, the operation and the fields; one that applies another value to a field that another
manager has too gets a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kube.answers import inner, items

APPLIED = "pulumi-kubernetes-"
"""What the names begin with, where the provider applies an object."""


def applied(thing: Mapping[str, Any] | None) -> list[tuple[int, Mapping[str, Any]]]:
    """The entries of ``managedFields`` by which anyone applied an object, with their places."""
    return [
        (place, entry)
        for place, entry in enumerate(items(thing, "metadata", "managedFields"))
        if entry.get("operation") == "Apply" and not entry.get("subresource")
    ]


def contested(thing: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the provider's managers that have a field in common; empty where none has."""
    own = [
        (str(entry["manager"]), inner(entry, "fieldsV1"))
        for _, entry in applied(thing)
        if str(entry.get("manager")).startswith(APPLIED)
    ]
    return tuple(
        name
        for place, (name, fields) in enumerate(own)
        if any(_meet(fields, others) for at, (_, others) in enumerate(own) if at != place)
    )


def _meet(fields: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Whether two sets of fields have one in common; ``.`` is the object that has the others."""
    return any(
        name != "." and (not below or not others[name] or _meet(below, others[name]))
        for name, below in fields.items()
        if name in others
    )
