"""The JSON Schema of the stack file says what the models say."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config import PROJECT
from config.schema import SCHEMA_FILE, schema_text, stack_schema
from tests.stack_builders import (
    EXAMPLES,
    FREE,
    SHIPPED,
    Settings,
    changed,
    pair,
    places,
    problems,
    shipped,
    stack_file,
    valid_settings,
)


@cache
def editor() -> jsonschema.Draft202012Validator:
    """What an editor does with the schema."""
    return jsonschema.Draft202012Validator(stack_schema())


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return editor()


def stack(settings: Settings) -> dict[str, Any]:
    """The content of a stack file with these settings."""
    return {"config": {f"{PROJECT}:{key}": value for key, value in settings.items()}}


def test_the_schema_file_is_current() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "run: .venv/bin/python -m config.schema"
    )


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(stack_schema())


def test_every_reference_in_the_schema_has_a_definition() -> None:
    schema = stack_schema()
    for _, node in pieces(schema):
        if isinstance(node.get("$ref"), str):
            found: Any = schema
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            assert found


@pytest.mark.parametrize("name", SHIPPED + EXAMPLES)
def test_a_stack_file_fits_the_schema_and_points_to_it(
    validator: jsonschema.Draft202012Validator, name: str
) -> None:
    file = stack_file(name)
    text = file.read_text(encoding="utf-8")
    assert not [error.message for error in validator.iter_errors(yaml.safe_load(text))]
    head = text.splitlines()[0]
    assert head.startswith("# yaml-language-server: $schema=")
    assert (file.parent / head.partition("=")[2]).samefile(SCHEMA_FILE)


def pieces(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping of a schema."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from pieces(value, f"{path}/{key}")
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from pieces(value, f"{path}/{place}")


def test_every_key_is_described() -> None:
    described = 0
    for path, node in pieces(stack_schema()):
        if path.endswith("/default"):
            continue
        for key, field in node.get("properties", {}).items():
            words = str(field.get("description", "")).split()
            assert len(words) > 1, f"{path}/{key} needs a docstring"
            described += 1
    assert described > 100


def test_no_mapping_of_fixed_keys_accepts_others() -> None:
    closed = [
        path
        for path, node in pieces(stack_schema())
        if "properties" in node and node.get("type") == "object"
    ]
    assert len(closed) > 20
    for path, node in pieces(stack_schema()):
        if path in closed:
            assert node.get("additionalProperties") is False, path


@hypothesis_settings(max_examples=100, deadline=None, derandomize=True)
@given(valid_settings())
def test_every_valid_stack_fits_the_schema(settings: Settings) -> None:
    assert not [error.message for error in editor().iter_errors(stack(settings))]


@st.composite
def with_an_unknown_key(draw: st.DrawFn) -> Settings:
    """Settings with a key that is known nowhere, in any mapping of fixed keys."""
    base = st.sampled_from(SHIPPED + EXAMPLES).map(shipped) | valid_settings()
    settings: Settings = json.loads(json.dumps(draw(base)))
    fixed = [settings] + [
        value
        for location, value in places(settings)
        if isinstance(value, dict) and location != ("clusters",) and location[-1] not in FREE
    ]
    draw(st.sampled_from(fixed))[draw(st.sampled_from(["unknown", "high_availability", "x"]))] = {}
    return settings


@hypothesis_settings(max_examples=100, deadline=None, derandomize=True)
@given(with_an_unknown_key())
def test_the_schema_and_the_models_refuse_the_same_unknown_keys(settings: Settings) -> None:
    told = [problem for problem in problems(settings) if "unknown key" in problem.message]
    assert len(told) == 1
    refused = list(deepest(editor().iter_errors(stack(settings))))
    assert any(error.validator == "additionalProperties" for error in refused)


def deepest(
    errors: Iterator[jsonschema.ValidationError],
) -> Iterator[jsonschema.ValidationError]:
    """Errors without those that only say that none of some choices fits."""
    for error in errors:
        if error.context:
            yield from deepest(iter(error.context))
        else:
            yield error


@st.composite
def with_another_value(draw: st.DrawFn) -> Settings:
    """Settings in which one value became another one, which may fit or not."""
    settings: Settings = json.loads(
        json.dumps(draw(st.sampled_from(SHIPPED + EXAMPLES).map(shipped)))
    )
    location, _ = draw(st.sampled_from(list(places(settings))))
    node: Any = settings
    for part in location[:-1]:
        node = node[part]
    node[location[-1]] = draw(
        st.sampled_from(
            [
                *("", "a", "A", "a.b", "a_b", "/a", "*", "10.0.0.0/8", "1.2.3", "4.1.0", "a" * 31),
                *("a" * 64, "a" * 254, "-", "1", "100m", 0, 1, 80, -1, 1.5, 10**6, True, [], {}),
            ]
        )
    )
    return settings


@hypothesis_settings(max_examples=300, deadline=None, derandomize=True)
@given(with_another_value())
def test_the_schema_refuses_nothing_that_the_models_take(settings: Settings) -> None:
    if problems(settings):
        return
    assert not [error.message for error in editor().iter_errors(stack(settings))]


@pytest.mark.parametrize(
    "changes",
    [
        {"clusters.source.domain": "Cluster.local"},
        {"clusters.source.linkerd.version": "edge-26.8.3"},
        {"clusters.source.uid": "123"},
        {"clusters.source.role": "client"},
        {"clusters.source.networks": []},
        {"clusters.source.context": {"secure": "v1:x"}},
        {"clusters.Source": {"context": "a"}},
        {f"clusters.{'c' * 31}": {"context": "a"}},
        {"clusters.target.ambassador.gateway.port": 65536},
        {"clusters.target.ambassador.mappings": [{"name": "a", "prefix": "a", "service": "b"}]},
        {"clusters.target.ambassador.mappings": [{"name": "a"}]},
        {"clusters.source.kubeconfig": {"secure": 5}},
        {"timeoutSeconds": "soon"},
        {"links[0].exports[0].service": "1st"},
    ],
)
def test_an_editor_shows_what_would_be_refused(
    validator: jsonschema.Draft202012Validator, changes: dict[str, Any]
) -> None:
    settings = changed(changes)
    assert problems(settings)
    assert not validator.is_valid(stack(settings))


@pytest.mark.parametrize(
    "content",
    [
        {"config": {"clusters": {"a": {"context": "a"}}}},
        {**stack(pair()), "encryptionsalt": "v1:x", "environment": ["a"], "secretsprovider": "x"},
        {"config": {**stack(pair())["config"], "aws:region": "x", "tls:config:proxy": {"a": 1}}},
        {"config": {**stack(pair())["config"], f"{PROJECT}:timeoutSeconds": "900"}},
    ],
)
def test_the_schema_accepts_what_the_engine_writes(
    validator: jsonschema.Draft202012Validator, content: dict[str, Any]
) -> None:
    assert not [error.message for error in validator.iter_errors(content)]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"config": {}},
        {"config": {f"{PROJECT}:clusters": {}}},
        {**stack(pair()), "confg": {}},
        {"config": {**stack(pair())["config"], f"{PROJECT}:linkz": []}},
        {"config": {**stack(pair())["config"], "a:b:c": 1}},
        {"config": {**stack(pair())["config"], "linkz": []}},
    ],
)
def test_the_schema_refuses_what_is_no_stack_file(
    validator: jsonschema.Draft202012Validator, content: dict[str, Any]
) -> None:
    assert not validator.is_valid(copy.deepcopy(content))
