"""Whose fields an object has, as the API server writes it into ``managedFields``."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kube.field_managers import APPLIED, applied, contested

FIELDS = [("spec", one) for one in "abc"] + [("data", "k", one) for one in "xyz"] + [("kind",)]
OWNED = st.sets(st.sampled_from(FIELDS), min_size=1)


def tree(paths: set[tuple[str, ...]]) -> dict[str, Any]:
    """``fieldsV1`` with these fields."""
    found: dict[str, Any] = {}
    for path in paths:
        below = found
        for name in path:
            below = below.setdefault(f"f:{name}", {})
        parent = found.setdefault(f"f:{path[0]}", {})
        if len(path) > 1:
            parent["."] = {}
    return found


def entry(manager: str, paths: set[tuple[str, ...]], **fields: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Apply", "fieldsV1": tree(paths), **fields}


def thing(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "a", "managedFields": list(entries)}}


@given(st.lists(OWNED, max_size=3), OWNED)
def test_runs_contest_an_object_exactly_where_two_have_a_field_in_common(
    owned: list[set[tuple[str, ...]]], others: set[tuple[str, ...]]
) -> None:
    entries = [entry(f"{APPLIED}{number}", paths) for number, paths in enumerate(owned)]
    # Other programs, updates and writes of the status contest nothing.
    strangers = [
        entry("kubectl", others),
        entry(f"{APPLIED}update", others, operation="Update"),
        entry(f"{APPLIED}status", others, subresource="status"),
    ]
    shared = {
        f"{APPLIED}{number}"
        for number, paths in enumerate(owned)
        if any(paths & more for place, more in enumerate(owned) if place != number)
    }
    assert set(contested(thing(*strangers, *entries))) == shared


def test_the_places_of_entries_are_those_in_the_object() -> None:
    update = entry(f"{APPLIED}1", {("kind",)}, operation="Update")
    found = applied(thing(update, entry("a", {("kind",)}), update, entry("b", {("kind",)})))
    assert [(place, one["manager"]) for place, one in found] == [(1, "a"), (3, "b")]
    assert applied(None) == []
