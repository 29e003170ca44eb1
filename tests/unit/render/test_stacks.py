"""Every stack file, rendered with the stand-in charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from config import MeshConfig
from config.preconditions import expectations
from config.variants.ambassadors import FLAVOURS
from config.variants.linkerds import LINKERDS
from render import Recording, RenderedObject
from render.recorder import RELEASE
from tests.stack_files import STACK_FILES

Rendered = Callable[[str], tuple[Recording, dict[str, list[RenderedObject]]]]
Again = Callable[[str], dict[str, list[RenderedObject]]]
Config = Callable[[str], MeshConfig]
Records = Callable[..., Recording]


@pytest.fixture(params=STACK_FILES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def identity(item: Mapping[str, Any]) -> tuple[str, str, str, str]:
    metadata = item["metadata"]
    group = item["apiVersion"].rpartition("/")[0]
    return group, item["kind"], metadata.get("namespace", ""), metadata["name"]


def containers(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    spec = item.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    yield from pod.get("containers") or ()


def test_a_second_render_by_another_helm_is_the_same_to_the_last_letter(
    stack_config: Config, rendered: Rendered, rendered_again: Again
) -> None:
    """A preview of an installed stack would show every difference; each chart is rendered twice."""
    seen: set[str] = set()
    for name in STACK_FILES:
        recording, objects = rendered(name)
        charts = {str(item.inputs["chart"]) for item in recording if item.type == RELEASE}
        if charts <= seen:
            continue
        seen |= charts
        first, second = (
            {
                cluster: [(item.object, item.patch, item.component) for item in items]
                for cluster, items in made.items()
            }
            for made in (objects, rendered_again(name))
        )
        assert list(first) == list(stack_config(name).clusters)
        assert first == second


def test_no_object_is_made_twice_in_a_cluster(rendered: Rendered, name: str) -> None:
    for cluster, items in rendered(name)[1].items():
        made = Counter(identity(item.object) for item in items if not item.patch)
        assert {key: count for key, count in made.items() if count > 1} == {}, cluster


def test_no_object_of_the_program_is_also_in_a_release(rendered: Rendered, name: str) -> None:
    """Two owners would take turns."""
    for items in rendered(name)[1].values():
        ours = {identity(item.object) for item in items if not item.owner.type.endswith(":Release")}
        of_charts = {
            identity(item.object) for item in items if item.owner.type.endswith(":Release")
        }
        assert ours & of_charts == set()


def test_no_container_names_a_port_or_its_number_twice(rendered: Rendered, name: str) -> None:
    for items in rendered(name)[1].values():
        for item in items:
            for container in containers(item.object):
                ports = container.get("ports") or []
                for key in ("containerPort", "name"):
                    values = [port[key] for port in ports if key in port]
                    assert len(values) == len(set(values)), identity(item.object)
                assert 0 not in [port["containerPort"] for port in ports]


def test_every_namespace_is_made_before_its_objects(
    rendered: Rendered, stack_config: Config, name: str
) -> None:
    config = stack_config(name)
    for cluster, items in rendered(name)[1].items():
        made: set[str] = set()
        ambassador = config.clusters[cluster].ambassador
        if ambassador is not None and not ambassador.installed:
            made.add(ambassador.namespace)
        issuing = config.clusters[cluster].cert_manager
        if issuing is not None and not issuing.install:
            made.add(issuing.namespace)
        made |= {patch.ref.pods_in for _, patch in config.clusters[cluster].patches}
        made |= {item.name for item in expectations(config, cluster).namespaces}
        # Mirrored and exported Services are in namespaces of their owners.
        for link in config.links:
            made |= {export.namespace for export in link.exports}
        for item in items:
            if item.object["kind"] == "Namespace" and not item.patch:
                made.add(item.object["metadata"]["name"])
        for item in items:
            space = item.object["metadata"].get("namespace")
            assert space in {None, "kube-system", *made}, (cluster, identity(item.object))


def test_every_secret_of_every_stack_file_is_redacted(rendered: Rendered, name: str) -> None:
    for items in rendered(name)[1].values():
        for item in items:
            if item.object["kind"] == "Secret" and item.object.get("data"):
                assert item.secret
            whole = str(item.redacted)
            assert "PRIVATE KEY" not in whole, identity(item.object)


def test_each_flavour_generation_and_api_version_has_a_stack_file(stack_config: Config) -> None:
    clusters = [item for name in STACK_FILES for item in stack_config(name).clusters.values()]
    ambassadors = [item.ambassador for item in clusters if item.ambassador is not None]
    seen = {
        (item.flavour, item.line.major, item.objects_version)
        for item in ambassadors
        if item.installed
    }
    lines = {(flavour, major) for flavour, major, _ in seen}
    assert lines == {
        (flavour.name, line.major) for flavour in FLAVOURS.values() for line in flavour.lines
    }
    assert {version for _, _, version in seen} == {"v1", "v2", "v3alpha1"}
    assert {item.linkerd.generation for item in clusters} == set(LINKERDS.values())
    assert any(not item.installed for item in ambassadors)
