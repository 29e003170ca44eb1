"""From registrations to Kubernetes objects."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from charts import ChartSource
from config import MeshConfig
from render import (
    ClusterAnswers,
    HelmTemplate,
    Recording,
    Registration,
    RenderedObject,
    TlsProvider,
    manifests,
    record_program,
)
from render.redaction import secret_texts
from tests.recordings import of_type

Records = Callable[..., Recording]
Config = Callable[[str], MeshConfig]


class Charts:
    """Renders every release to one object that has what it was given."""

    def render(self, release: Registration) -> list[dict[str, Any]]:
        return [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": release.inputs["name"],
                    "namespace": release.inputs["namespace"],
                },
                "data": {"values": json.dumps(release.inputs.get("values"), sort_keys=True)},
            }
        ]


def made(program: Callable[[pulumi.ProviderResource], object]) -> list[RenderedObject]:
    def whole() -> None:
        program(kubernetes.Provider("east", context="east"))

    return manifests(record_program(whole, ClusterAnswers.placeholders()), Charts())["east"]


def on(provider: pulumi.ProviderResource, **more: Any) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=provider, **more)


def test_a_resource_becomes_its_kubernetes_object() -> None:
    found = made(
        lambda east: kubernetes.apps.v1.Deployment(
            "web",
            metadata={"name": "web", "namespace": "shop"},
            spec={
                "replicas": 2,
                "selector": {"match_labels": {"app": "web"}},
                "template": {
                    "spec": {"containers": [{"name": "web", "image_pull_policy": "Never"}]}
                },
            },
            opts=on(east),
        )
    )
    assert [item.object for item in found] == [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"spec": {"containers": [{"imagePullPolicy": "Never", "name": "web"}]}},
            },
        }
    ]
    assert list(found[0].object) == ["apiVersion", "kind", "metadata", "spec"]
    assert list(found[0].object["spec"]) == ["replicas", "selector", "template"]
    assert (found[0].patch, found[0].secret, found[0].hook) == (False, False, None)


def test_an_object_of_the_core_group_and_a_custom_one_keep_their_kinds() -> None:
    def program(east: pulumi.ProviderResource) -> None:
        kubernetes.core.v1.Namespace("space", metadata={"name": "space"}, opts=on(east))
        kubernetes.apiextensions.CustomResource(
            "thing",
            api_version="x.example/v1beta3",
            kind="Patch",
            metadata={"name": "thing"},
            spec={"snake_case": {"camelCase": 1}},
            opts=on(east),
        )

    found = [item.object for item in made(program)]
    assert [(item["apiVersion"], item["kind"]) for item in found] == [
        ("v1", "Namespace"),
        ("x.example/v1beta3", "Patch"),
    ]
    assert found[1]["spec"] == {"snake_case": {"camelCase": 1}}


def test_a_patch_is_distinguished_with_its_manager_and_loses_what_only_pulumi_reads() -> None:
    found = made(
        lambda east: kubernetes.core.v1.ServicePatch(
            "patch",
            metadata={
                "name": "web",
                "namespace": "shop",
                "labels": {"a": "b"},
                "annotations": {
                    "pulumi.com/patchFieldManager": "us",
                    "pulumi.com/skipAwait": "true",
                    "kept": "yes",
                },
            },
            opts=on(east),
        )
    )[0]
    assert (found.patch, found.field_manager) == (True, "us")
    assert found.object == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "annotations": {"kept": "yes"},
            "labels": {"a": "b"},
        },
    }


def test_annotations_that_are_all_pulumi_s_leave_none() -> None:
    found = made(
        lambda east: kubernetes.core.v1.Namespace(
            "space",
            metadata={"name": "space", "annotations": {"pulumi.com/skipAwait": "true"}},
            opts=on(east),
        )
    )
    assert found[0].object["metadata"] == {"name": "space"}


def test_objects_come_after_what_they_depend_on_however_they_were_declared() -> None:
    def program(east: pulumi.ProviderResource) -> None:
        late = kubernetes.core.v1.ConfigMap("late", metadata={"name": "late"}, opts=on(east))
        kubernetes.core.v1.ConfigMap(
            "later", metadata={"name": "later"}, opts=on(east, depends_on=[late])
        )

    def whole() -> None:
        program(kubernetes.Provider("east", context="east"))

    recording = record_program(whole, ClusterAnswers.placeholders())
    recording.registrations.reverse()
    names = [item.object["metadata"]["name"] for item in manifests(recording, Charts())["east"]]
    assert names == ["late", "later"]


def test_what_is_only_read_is_not_made(stack: Callable[[str], Recording]) -> None:
    recording = stack("local")
    owners = {
        item.owner.name for found in manifests(recording, Charts()).values() for item in found
    }
    assert recording.named("target-ambassador-service").read
    assert "target-ambassador-service" not in owners


def test_every_resource_of_a_cluster_is_made_in_that_cluster_and_nowhere_else(
    stack: Callable[[str], Recording],
) -> None:
    for name in ("local", "staging", "production"):
        recording = stack(name)
        for cluster, found in manifests(recording, Charts()).items():
            wanted = [item.urn for item in recording if item.cluster == cluster and not item.read]
            assert sorted(item.owner.urn for item in found) == sorted(wanted)
            assert {item.owner.cluster for item in found} == {cluster}


def test_a_manifest_names_its_component(stack: Callable[[str], Recording]) -> None:
    found = manifests(stack("local"), Charts())["source"]
    components = {item.owner.name: item.component for item in found}
    assert components["source-linkerd-control-plane"] == "source-linkerd"
    assert components["source-target-link"] == "source-target"


def test_a_secret_holds_something_secret_and_one_that_the_cluster_fills_in_does_not(
    stack: Callable[[str], Recording],
) -> None:
    found = manifests(stack("local"), Charts())
    secret = {item.owner.name for items in found.values() for item in items if item.secret}
    assert "source-linkerd-issuer" in secret
    assert "source-target-credentials-mirror-credentials" in secret
    assert "source-target-credentials-token" not in secret
    assert "target-linkerd-linkerd-namespace" not in secret


def test_a_secret_that_got_into_a_chart_s_values_is_redacted_there_too() -> None:
    def program(east: pulumi.ProviderResource) -> None:
        hidden = pulumi.Output.secret("a-long-password")
        kubernetes.helm.v3.Release(
            "web",
            name="web",
            namespace="shop",
            chart="web",
            values={"login": pulumi.Output.concat("user:", hidden), "port": 80},
            opts=on(east),
        )

    found = made(program)[0]
    assert found.secret
    assert "a-long-password" in str(found.object)
    assert "a-long-password" not in str(found.redacted)
    assert '"port": 80' in str(found.redacted)


Rendered = Callable[[str], tuple[Recording, dict[str, list[RenderedObject]]]]
STACKS = ["local", "staging", "production"]


@pytest.mark.parametrize("name", STACKS)
def test_every_release_makes_objects_that_have_a_kind_and_a_name(
    rendered: Rendered, name: str
) -> None:
    recording, clusters = rendered(name)
    made = [item for found in clusters.values() for item in found]
    releases = {item.name for item in of_type(recording, "Release")}
    assert releases <= {item.owner.name for item in made}
    for item in made:
        assert item.object["apiVersion"]
        assert item.object["kind"]
        assert item.object["metadata"]["name"]


@pytest.mark.parametrize("name", STACKS)
def test_no_object_is_made_twice_in_a_cluster(rendered: Rendered, name: str) -> None:
    for found in rendered(name)[1].values():
        counted = Counter(
            (
                item.object["apiVersion"].rpartition("/")[0],
                item.object["kind"],
                item.object["metadata"].get("namespace"),
                item.object["metadata"]["name"],
            )
            for item in found
            if not item.patch
        )
        assert {key: count for key, count in counted.items() if count > 1} == {}


@pytest.mark.parametrize("name", STACKS)
def test_namespaces_and_kinds_are_made_before_what_lives_in_them(
    rendered: Rendered, name: str
) -> None:
    for cluster, found in rendered(name)[1].items():
        spaces: set[str] = set()
        kinds: set[tuple[str, str]] = set()
        foreign = {item.object["metadata"]["namespace"] for item in found if item.patch}
        for item in found:
            group = item.object["apiVersion"].rpartition("/")[0]
            kind = item.object["kind"]
            space = item.object["metadata"].get("namespace")
            where = f"{cluster}: {kind} {item.object['metadata']['name']}"
            assert space in spaces | foreign | {None, "kube-system"}, where
            if group.endswith(("linkerd.io", "getambassador.io")):
                assert (group, kind) in kinds, where
            if kind == "Namespace":
                spaces.add(item.object["metadata"]["name"])
            if kind == "CustomResourceDefinition":
                spec = item.object["spec"]
                kinds.add((spec["group"], spec["names"]["kind"]))
        assert kinds


@pytest.mark.parametrize("name", STACKS)
def test_no_chart_prints_a_secret(rendered: Rendered, name: str) -> None:
    recording, clusters = rendered(name)
    texts = secret_texts(recording)
    seen = 0
    for found in clusters.values():
        for item in found:
            if item.object["kind"] == "Secret":
                seen += 1
                continue
            whole = json.dumps(item.object)
            assert not item.secret_texts
            assert not any(text in whole for text in texts), item.owner.name
    assert seen


@pytest.mark.parametrize("name", STACKS)
def test_every_webhook_trusts_the_bundle_of_the_stack(rendered: Rendered, name: str) -> None:
    recording, clusters = rendered(name)
    bundle = recording.outputs["trustAnchors"].strip()
    for found in clusters.values():
        hooks = [
            hook
            for item in found
            if item.object["kind"].endswith("WebhookConfiguration")
            for hook in item.object["webhooks"]
        ]
        assert len(hooks) >= 3
        for hook in hooks:
            given = base64.b64decode(hook["clientConfig"]["caBundle"]).decode().strip()
            assert given == bundle


def test_two_renderings_differ_in_nothing_but_keys_and_what_follows_from_them(
    helm: HelmTemplate, chart_folder: ChartSource, stack_config: Config, recorded: Records
) -> None:
    tls = TlsProvider()

    def rendering() -> str:
        config = stack_config("staging")
        recording = recorded(config, charts=chart_folder, tls=tls)
        found = manifests(recording, HelmTemplate(helm.binary))
        return json.dumps({name: [item.object for item in items] for name, items in found.items()})

    assert rendering() == rendering()
