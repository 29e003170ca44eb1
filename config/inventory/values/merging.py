"""How Helm values are merged: mappings by their keys, lists of named entries by these names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Values = dict[str, Any]

MERGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "ports": ("name",),
    "controllers": ("link", "ref", "name"),
    "imagePullSecrets": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "containers": ("name",),
    "initContainers": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
}
"""For each list whose entries have a key: the path of that key within an entry.

Facts: the merge keys of the Kubernetes API (``patchMergeKey``); the chart linkerd-multicluster,
which makes a controller for each ``link.ref.name``.
"""


ALTERNATIVES = (("minAvailable", "maxUnavailable"),)
"""Keys of which the API server accepts one (Kubernetes API reference, PodDisruptionBudget)."""


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Values:
    """`ours` overridden by `theirs`: merges mappings, and lists of `MERGE_KEYS`."""
    result = dict(ours)
    for pair in ALTERNATIVES:
        if any(key in theirs for key in pair):
            result = {key: value for key, value in result.items() if key not in pair}
    for key, value in theirs.items():
        mine = result.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = merged(mine, value)
        elif key in MERGE_KEYS and isinstance(mine, list) and isinstance(value, list):
            result[key] = _merged_list(key, mine, value)
        else:
            result[key] = value
    return result


def entry_key(name: str, entry: Any) -> str | None:
    """The key of an entry of the list called `name`; None where the entry has none."""
    for part in MERGE_KEYS[name]:
        entry = entry.get(part) if isinstance(entry, Mapping) else None
    return entry if isinstance(entry, str) else None


def nested(values: Any, keys: Sequence[str]) -> Any:
    """`values` below `keys`, the outermost first."""
    for key in reversed(keys):
        values = {key: values}
    return values


def _merged_list(name: str, ours: list[Any], theirs: list[Any]) -> list[Any]:
    result = list(ours)
    places = {entry_key(name, entry): place for place, entry in enumerate(ours)}
    for entry in theirs:
        key = entry_key(name, entry)
        place = places.get(key) if key is not None else None
        if place is None:
            result.append(entry)
        else:
            result[place] = merged(result[place], entry)
    return result
