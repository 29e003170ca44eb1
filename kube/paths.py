"""Paths of objects at an API server."""

from __future__ import annotations

from vocabulary.kinds import Kind


def path_of(kind: Kind, namespace: str = "", name: str = "") -> str:
    """The path of an object, or without `name` of the list of a kind, in a namespace or in all.

    `kind` is one that `vocabulary.kinds` defines. Fact: Kubernetes docs, "Kubernetes API Concepts".
    """
    root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
    space = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{space}/{kind.plural}" + (f"/{name}" if name else "")
