"""Published manifests: what is taken for objects, and how these are declared."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components.core.component import MeshComponent
from components.core.manifests import ManifestError, declare, objects_of
from render import ClusterAnswers, Recording, record_program
from tests.recordings import by_urn

GOOD = "{apiVersion: v1, kind: Namespace, metadata: {name: space}}"


def test_the_objects_of_a_manifest_come_in_its_order_and_empty_documents_are_none() -> None:
    text = f"---\n# a remark\n---\n{GOOD}\n---\n---\n{GOOD.replace('space', 'other')}\n---\n"
    names = [item["metadata"]["name"] for item in objects_of(text, "it")]
    assert names == ["space", "other"]


@pytest.mark.parametrize(
    "text",
    [
        "<html>moved</html>",
        "- a list",
        "just words",
        "404: Not Found",
        "{apiVersion: v1, kind: Namespace}",
        "{apiVersion: v1, kind: Namespace, metadata: name}",
        "{apiVersion: v1, kind: Namespace, metadata: {labels: {}}}",
        "{apiVersion: v1, metadata: {name: space}}",
        "{kind: Namespace, metadata: {name: space}}",
        "{apiVersion: 1, kind: Namespace, metadata: {name: space}}",
        f"{GOOD}\n---\n<html>cut off</html>",
    ],
)
def test_what_holds_anything_but_objects_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ManifestError) as caught:
        objects_of(text, "the manifest crds-1.yaml")
    assert caught.value.message == "the manifest crds-1.yaml has something that is not an object"
    assert "download" in caught.value.remedy


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "{", "\0binary", "a: !!python/object:x.y {}"])
def test_what_is_no_plain_yaml_is_refused_by_its_name_and_without_the_parser_s_words(
    text: str,
) -> None:
    with pytest.raises(ManifestError) as caught:
        objects_of(text, "the manifest crds-1.yaml")
    assert caught.value.message == "the manifest crds-1.yaml is not YAML"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("text", ["", "---\n", "# only remarks\n---\n# and more\n"])
def test_a_manifest_without_an_object_is_refused(text: str) -> None:
    """It would pass for a release whose CRDs are there."""
    with pytest.raises(ManifestError, match=r"crds-1\.yaml has no object\ndownload"):
        objects_of(text, "the manifest crds-1.yaml")


class Owner(MeshComponent):
    pass


def declared(text: str, *, protect_crds: bool = True) -> Recording:
    def program() -> None:
        provider = kubernetes.Provider("east", context="east")
        declare(
            Owner("owner"), "owner-x", objects_of(text, "it"), provider, protect_crds=protect_crds
        )

    return record_program(program, ClusterAnswers.placeholders())


MIXED = """
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "system:x"}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a.b}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: x, namespace: space}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: space}}
"""


def test_namespaces_come_first_and_everything_else_waits_for_them_in_any_order() -> None:
    recording = declared(MIXED)
    space = recording.named("owner-x-namespace-space")
    others = [item for item in recording if item.parent == space.parent and item is not space]
    assert len(others) == 3
    assert all(item.depends_on == {space.urn} for item in others)
    assert space.depends_on == frozenset()


def test_only_crds_are_protected_and_only_where_that_is_asked_for() -> None:
    for protect in (True, False):
        recording = declared(MIXED, protect_crds=protect)
        protected = [item.name for item in recording if item.protect]
        assert protected == (["owner-x-customresourcedefinition-a.b"] if protect else [])


def test_each_object_has_the_type_by_which_the_provider_knows_and_awaits_it() -> None:
    types = {item.name: item.type for item in declared(MIXED) if item.cluster}
    assert types == {
        "owner-x-clusterrole-system:x": "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
        "owner-x-customresourcedefinition-a.b": (
            "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
        ),
        "owner-x-serviceaccount-x": "kubernetes:core/v1:ServiceAccount",
        "owner-x-namespace-space": "kubernetes:core/v1:Namespace",
    }


def test_the_fields_of_an_object_keep_their_names() -> None:
    """The SDK would turn names that it knows; a published object has them right already."""
    text = (
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: x, namespace: y,"
        " creationTimestamp: null}, spec: {template: {spec: {service_account: a,"
        " serviceAccountName: b}}}, status: {replicas: 3}}"
    )
    made = declared(text).named("owner-x-deployment-x").inputs
    assert made["spec"] == {
        "template": {"spec": {"service_account": "a", "serviceAccountName": "b"}}
    }


def test_a_declared_object_s_answer_can_be_waited_for() -> None:
    def program() -> None:
        provider = kubernetes.Provider("east", context="east")
        owner = Owner("owner")
        before = declare(owner, "owner-x", objects_of(MIXED, "it"), provider, protect_crds=False)
        kubernetes.core.v1.ConfigMap(
            "after", metadata={"name": "after"}, opts=pulumi.ResourceOptions(depends_on=before)
        )

    recording = record_program(program, ClusterAnswers.placeholders())
    above = {by_urn(recording, urn).name for urn in recording.named("after").depends_on}
    assert {name for name in above if name.startswith("owner-x-")} == {
        "owner-x-clusterrole-system:x",
        "owner-x-customresourcedefinition-a.b",
        "owner-x-serviceaccount-x",
        "owner-x-namespace-space",
    }
