"""A state without a cluster has all of the others, and names nothing that it lacks."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.commands import app
from lifecycle.orphans.forget import without
from vocabulary.errors import MeshError

CLUSTERS = ("east", "west", "west-2")
PROVIDER = "pulumi:providers:kubernetes"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dp::mesh::{kind}::{name}"


@st.composite
def states(draw: st.DrawFn) -> dict[str, Any]:
    """A state with resources of three clusters that depend on earlier ones."""
    made: list[dict[str, Any]] = [
        {"urn": urn(PROVIDER, name), "type": PROVIDER, "id": f"id-{name}", "custom": True}
        for name in CLUSTERS
    ]
    for number in range(draw(st.integers(0, 12))):
        cluster = draw(st.sampled_from(CLUSTERS))
        earlier = [one["urn"] for one in made]
        names = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3))
        one: dict[str, Any] = {"dependencies": names, "propertyDependencies": {"spec": names[:1]}}
        bound: bool = draw(st.booleans())
        if names and bound:
            one["deletedWith"] = names[0]
        kind = draw(st.sampled_from(["kubernetes:core/v1:Secret", "mesh:index:MirroredServices"]))
        one |= {"urn": urn(kind, f"r{number}"), "type": kind, "inputs": {"cluster": cluster}}
        if kind.startswith("kubernetes"):
            one["provider"] = f"{urn(PROVIDER, cluster)}::id-{cluster}"
        made.append(one)
    return {"version": 3, "deployment": {"manifest": {}, "resources": made}}


@settings(deadline=None)
@given(state=states(), cluster=st.sampled_from(CLUSTERS))
def test_exactly_the_resources_of_the_cluster_are_left_out_and_nothing_names_them(
    state: dict[str, Any], cluster: str
) -> None:
    before = copy.deepcopy(state)
    rest, gone = without(state, cluster)
    assert state == before
    resources = before["deployment"]["resources"]
    kept = [one["urn"] for one in rest["deployment"]["resources"]]
    assert kept == [one["urn"] for one in resources if not owned(one, cluster)]
    assert sorted({one["urn"] for one in resources} - set(kept)) == gone
    text = json.dumps(rest)
    assert not [name for name in gone if f'"{name}"' in text]


def owned(one: dict[str, Any], cluster: str) -> bool:
    if one["type"] == PROVIDER:
        return bool(one["id"] == f"id-{cluster}")
    return bool(one["inputs"]["cluster"] == cluster)


@pytest.mark.parametrize("text", ["no state", '{"deployment": {"resources": []}}'])
def test_what_has_nothing_of_the_cluster_is_refused(text: str) -> None:
    done = CliRunner().invoke(app, ["forget", "west"], input=text)
    assert isinstance(done.exception, MeshError)
    assert done.exception.remedy
