"""Values found in a cluster: those that the program did not ask for are secret."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.importing.messages import as_found, opened, secret
from render.protobuf import decoded

leaves = st.one_of(st.booleans(), st.integers(-9, 9), st.text("ab", max_size=3))
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=8,
)
mappings = st.dictionaries(st.sampled_from("xyz"), trees, max_size=3)


def value_of(tree: Any) -> Any:
    struct = struct_pb2.Struct()
    struct.update({"value": tree})
    return struct.fields["value"]


def seen(value: Any) -> tuple[Any, frozenset[Any]]:
    """A value in plain form, and the paths at which it is secret."""
    struct = struct_pb2.Struct()
    struct.fields["value"].CopyFrom(value)
    plain, secrets = decoded(struct)
    return plain["value"], frozenset(path[1:] for path in secrets)


def leaf_paths(tree: Any, path: tuple[Any, ...] = ()) -> set[tuple[Any, ...]]:
    if isinstance(tree, dict) and tree:
        return set().union(*(leaf_paths(inner, (*path, key)) for key, inner in tree.items()))
    return {path}


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key] if isinstance(tree, dict) and key in tree else None
    return tree


@settings(deadline=None)
@given(mappings, mappings)
def test_what_is_found_is_kept_and_secret_wherever_the_program_asked_for_something_else(
    asked: dict[str, Any], found: dict[str, Any]
) -> None:
    plain, secrets = seen(as_found(value_of(asked), value_of(found)))
    assert plain == found
    for path in leaf_paths(found):
        if at(found, path) == {}:
            continue
        if at(asked, path) != at(found, path) or type(at(asked, path)) is not type(at(found, path)):
            assert any(path[: len(mark)] == mark for mark in secrets), path


@settings(deadline=None)
@given(mappings)
def test_what_the_program_asked_for_keeps_its_marks(asked: dict[str, Any]) -> None:
    found: Any = seen(as_found(value_of(asked), value_of(asked)))
    assert found == (asked, frozenset())
    hidden = secret(value_of(asked))
    found = seen(as_found(hidden, value_of(asked)))
    assert found == (asked, {()})


@settings(deadline=None)
@given(trees)
def test_a_value_that_the_program_does_not_have_is_secret(found: Any) -> None:
    assert seen(as_found(None, value_of(found)))[1] == {()}


@settings(deadline=None)
@given(trees)
def test_opening_a_value_adds_nothing_to_it(tree: Any) -> None:
    value = value_of(tree)
    before = value.SerializeToString(deterministic=True)
    assert opened(value) == value_of(tree)
    assert value.SerializeToString(deterministic=True) == before
    assert opened(secret(value)) == value_of(tree)
