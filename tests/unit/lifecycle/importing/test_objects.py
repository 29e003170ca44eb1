"""Objects and releases, read where the engine asks to create them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml
from pulumi.runtime.proto import provider_pb2

from lifecycle.importing.messages import opened
from lifecycle.importing.objects import ExistingObjects
from render.protobuf import decoded, encoded
from render.registration import Registration

SECRET = "kubernetes:core/v1:Secret"
PATCH = "kubernetes:core/v1:ServicePatch"
RELEASE = "kubernetes:helm.sh/v3:Release"
OBJECT = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t", "namespace": "shop"}}


def urn(type_: str) -> str:
    return f"urn:pulumi:s::p::pkg:C${type_}::west-thing"


class Provider:
    """A provider with one resource in its cluster; refuses to do anything but read."""

    def __init__(self, live: dict[str, Any] | None) -> None:
        self.live = live
        self.asked: list[Any] = []

    def __call__(self, method: str, request: Any, response: Any) -> Any:
        assert method == "Read"
        self.asked.append(request)
        if self.live is None:
            return provider_pb2.ReadResponse()
        if request.urn == urn(RELEASE):
            # As the real one: the values of the release, and the inputs of the state as a secret.
            state, _ = decoded(request.properties)
            assert "values" not in state
            outputs = {**state, **self.live}
            return provider_pb2.ReadResponse(id="x", properties=encoded(outputs, ["__inputs"]))
        return provider_pb2.ReadResponse(id="x", properties=encoded(self.live))


def created(
    type_: str,
    inputs: dict[str, Any],
    live: dict[str, Any] | None,
    secrets: tuple[str, ...] = (),
) -> tuple[Any, ExistingObjects, Provider]:
    trial = Registration(type_, "west-thing", "", provider="west", outputs={"status": "imagined"})
    reader = ExistingObjects([trial], {"west": "kubectl --context w"})
    provider = Provider(live)
    request = provider_pb2.CreateRequest(urn=urn(type_), properties=encoded(inputs, secrets))
    return reader.create(request, provider), reader, provider


def test_an_object_is_read_by_its_name_with_the_inputs_of_the_program() -> None:
    answer, reader, provider = created(SECRET, OBJECT, {**OBJECT, "data": {}})
    assert provider.asked[0].id == answer.id == "shop/t"
    assert decoded(provider.asked[0].inputs)[0] == OBJECT
    assert decoded(answer.properties)[0] == {**OBJECT, "data": {}}
    assert (reader.absent, reader.refused) == (set(), [])


def test_an_object_without_a_namespace_is_read_by_its_name_alone() -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    answer, _, _ = created("kubernetes:core/v1:Namespace", space, space)
    assert answer.id == "shop"


def test_what_does_not_exist_is_noted_and_answered_from_the_trial_run_as_a_secret() -> None:
    answer, reader, _ = created(SECRET, OBJECT, None)
    assert reader.absent == {urn(SECRET)}
    found: Any = decoded(answer.properties)
    assert found == ({"status": "imagined"}, {("status",)})


def login(context: str, token: str, server: str = "https://east:6443") -> dict[str, Any]:
    """A Secret with a kubeconfig whose entries have the name of this context."""
    kubeconfig = {
        "current-context": context,
        "clusters": [{"name": context, "cluster": {"server": server}}],
        "users": [{"name": f"{context}-user", "user": {"token": token}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": f"{context}-user"}}],
    }
    text = base64.b64encode(yaml.safe_dump(kubeconfig).encode()).decode()
    return {**OBJECT, "type": "mirror.linkerd.io/remote-kubeconfig", "data": {"kubeconfig": text}}


@pytest.mark.parametrize(
    ("live", "same"),
    [
        (login("made-by-hand", "t"), True),
        (login("made-by-hand", "another"), False),
        (login("made-by-hand", "t", "https://elsewhere:6443"), False),
        ({**login("made-by-hand", "t"), "data": {"kubeconfig": "bm90aGluZw=="}}, False),
        ({**login("made-by-hand", "t"), "data": {}}, False),
    ],
)
def test_a_kubeconfig_with_other_names_is_the_same_where_server_and_token_are(
    live: dict[str, Any], same: bool
) -> None:
    asked = login("ours", "t")
    answer, _, _ = created(SECRET, asked, {**live, "__inputs": live}, ("data",))
    outputs, _ = decoded(answer.properties)
    expected = (asked if same else live)["data"]
    assert outputs["data"] == outputs["__inputs"]["data"] == expected


def test_only_credentials_of_links_are_compared_in_their_meaning() -> None:
    asked = {**login("ours", "t"), "type": "Opaque"}
    live = {**login("made-by-hand", "t"), "type": "Opaque"}
    answer, _, _ = created(SECRET, asked, {**live, "__inputs": live})
    assert decoded(answer.properties)[0]["__inputs"]["data"] == live["data"]


def test_only_a_patch_may_be_of_an_object_with_another_owner() -> None:
    owned = {**OBJECT["metadata"], "annotations": {"meta.helm.sh/release-name": "r"}}  # type: ignore[dict-item]
    live = {**OBJECT, "metadata": owned}
    assert len(created(SECRET, OBJECT, live)[1].refused) == 1
    assert created(PATCH, OBJECT, live)[1].refused == []


def test_a_release_has_the_values_that_it_has_and_they_are_compared_with_those() -> None:
    asked = {"namespace": "n", "name": "r", "version": "2", "values": {"a": "1", "b": "same"}}
    live = {"version": "1", "values": {"b": "same", "c": "key"}}
    answer, reader, _ = created(RELEASE, asked, live)
    assert answer.id == "n/r"
    outputs, secrets = decoded(answer.properties)
    assert (outputs["values"], outputs["version"]) == (live["values"], "1")
    assert outputs["__inputs"]["values"] == live["values"]
    assert outputs["__inputs"]["version"] == "1"
    assert ("values", "c") in secrets
    assert ("values", "b") not in secrets
    assert reader.refused == []


def test_a_release_as_it_is_asked_for_has_no_difference() -> None:
    asked = {
        "namespace": "n",
        "name": "r",
        "version": "2",
        "values": {"a": {"b": [1, {}]}, "c": {}},
    }
    answer, _, _ = created(RELEASE, asked, {"version": "2", "values": asked["values"]})
    known = opened(answer.properties.fields["__inputs"])
    assert known.struct_value == encoded(asked)
    assert decoded(answer.properties)[1] == {("__inputs",)}


def test_the_next_update_owns_the_fields_that_the_lost_state_owned() -> None:
    managers = [
        {"manager": "kubectl", "operation": "Update"},
        {"manager": "pulumi-kubernetes-1a2b", "operation": "Apply"},
        {"manager": "argo", "operation": "Apply"},
    ]
    live = {
        **OBJECT,
        "metadata": {**OBJECT["metadata"], "managedFields": managers},  # type: ignore[dict-item]
        "__fieldManager": "pulumi-kubernetes-new",
    }
    answer, _, _ = created(SECRET, OBJECT, live)
    assert decoded(answer.properties)[0]["__fieldManager"] == "pulumi-kubernetes-1a2b"
    without = {**live, "metadata": {**OBJECT["metadata"], "managedFields": managers[:1]}}  # type: ignore[dict-item]
    answer, _, _ = created(SECRET, OBJECT, without)
    assert decoded(answer.properties)[0]["__fieldManager"] == "pulumi-kubernetes-new"
