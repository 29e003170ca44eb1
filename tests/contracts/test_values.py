"""Every Helm value exists in its chart, and the stand-in charts know no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from charts import packaging
from render import HelmTemplate, Recording
from tests.contracts import values
from tests.contracts.produced import chart_of, flattened
from tests.contracts.values import BY_HAND, FOLDER, content, kind_of, merged, published, unknown
from tests.recordings import of_type

STAND_INS = {
    "linkerd-crds": ("linkerd-crds", "2026.8.3"),
    "linkerd-control-plane": ("linkerd-control-plane", "2026.8.3"),
    "linkerd-multicluster": ("linkerd-multicluster", "2026.8.3"),
    "linkerd-viz": ("linkerd-viz", "2026.8.3"),
    "linkerd2-cni": ("linkerd2-cni", "2026.8.3"),
    "emissary-crds-chart": ("emissary-crds-chart", "4.1.0"),
    "emissary-ingress": ("emissary-ingress", "4.1.0"),
    "emissary-ingress-3": ("emissary-ingress", "3.10.0"),
    "edge-stack": ("edge-stack", "8.10.2"),
    "ambassador": ("ambassador", "6.9.5"),
}
"""Stand-ins of charts whose data is here, by their folders."""


def test_every_value_that_is_passed_exists_in_its_chart(
    recordings: Mapping[str, Recording],
) -> None:
    wrong: dict[str, set[str]] = defaultdict(set)
    charts = set()
    for stack, recording in recordings.items():
        for release in of_type(recording, "kubernetes:helm.sh/v3:Release"):
            chart, version = chart_of(release), str(release.inputs["version"])
            given = release.inputs.get("values") or {}
            tree = published(chart, version)
            charts.add((chart, version))
            if tree is not None:
                paths = list(unknown(chart, given, tree))
            else:
                known = BY_HAND[chart, version].split()
                paths = [
                    path
                    for path, _ in flattened(given, ())
                    if not any(path == name or path.startswith(f"{name}.") for name in known)
                ]
            for path in paths:
                wrong[f"{chart} {version}: {path}"].add(f"{stack}, {release.name}")
    assert not wrong, "\n".join(f"{what} ({min(where)})" for what, where in sorted(wrong.items()))
    assert set(BY_HAND) <= charts


@pytest.mark.parametrize("folder", sorted(STAND_INS))
def test_a_stand_in_knows_no_value_that_the_chart_does_not_know(
    helm: HelmTemplate, tmp_path: Path, folder: str
) -> None:
    chart, version = STAND_INS[folder]
    tree = published(chart, version)
    assert tree is not None
    packaging.assemble(helm.binary, packaging.SOURCES / folder, tmp_path / "chart")
    known = yaml.safe_load((tmp_path / "chart" / "values.yaml").read_text(encoding="utf-8"))
    # Defaults may be of another type: what is null in one is often an empty text in the other.
    assert [path for path in unknown(chart, known or {}, tree) if " (a " not in path] == []


def test_each_file_of_data_is_of_a_chart_that_has_a_stand_in() -> None:
    files = {path.name for path in FOLDER.glob("*.json")}
    assert files == {f"{chart}-{version}.json" for chart, version in STAND_INS.values()}


TREE = {
    "image": {"name": "text", "tag": "any"},
    "replicas": "number",
    "enabled": "boolean",
    "nodeSelector": {"kubernetes.io/os": "text"},
    "podAnnotations": "map",
    "tolerations": "list",
}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"image": {"name": "a", "tag": 1.0}, "replicas": 3.0, "enabled": True}, []),
        ({"nodeSelector": {"disk": "fast"}, "podAnnotations": {"a/b": "c"}}, []),
        ({"tolerations": [{"key": "a"}]}, []),
        ({"images": {"name": "a"}}, ["images"]),
        ({"image": {"nam": "a"}}, ["image.nam"]),
        ({"image": "a"}, ["image (a text, and the chart has a map)"]),
        ({"enabled": "false"}, ["enabled (a text, and the chart has a boolean)"]),
        ({"replicas": {"of": 3}}, ["replicas (a map, and the chart has a number)"]),
    ],
)
def test_a_value_is_looked_up_by_its_path_and_its_type(
    given: dict[str, Any], wrong: list[str]
) -> None:
    assert list(unknown("some-chart", given, TREE)) == wrong


def test_values_that_templates_alone_read_are_known_in_their_chart_alone() -> None:
    given = {"service": {"loadBalancerClass": "a", "loadBalancer": "b"}}
    assert list(unknown("emissary-ingress", given, {})) == ["service.loadBalancer"]
    assert list(unknown("ambassador", given, {"service": {"type": "text"}})) == [
        "service.loadBalancerClass",
        "service.loadBalancer",
    ]


def test_data_is_made_of_keys_and_types_alone(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a-chart-1.2.3.values.yaml").write_text(
        "# prose\nimage: {name: secret-prose, tag: @tag@}\nreplicas: 1\nenv: {}\n"
    )
    (tmp_path / "deep" / "a-chart-1.2.3.values-ha.yaml").write_text("env: {deep: more-prose}\n")
    (tmp_path / "notes.yaml").write_text("a: b\n")
    found = content(tmp_path, None)
    assert list(found) == ["a-chart-1.2.3.json"]
    assert "prose" not in found["a-chart-1.2.3.json"]
    assert yaml.safe_load(found["a-chart-1.2.3.json"])["values"] == {
        "image": {"name": "text", "tag": "text"},
        "replicas": "number",
        "env": {"deep": "text"},
    }
    (tmp_path / "other.values.yaml").write_text("a: 1\n")
    with pytest.raises(ValueError, match="says no version"):
        content(tmp_path, None)
    assert "other-9.json" in content(tmp_path, "9")


def test_the_tree_that_says_more_wins() -> None:
    assert merged({"a": "map", "b": {"c": "text"}}, {"a": {"d": "any"}, "b": {"e": "list"}}) == {
        "a": {"d": "any"},
        "b": {"c": "text", "e": "list"},
    }
    assert kind_of([]) == "list"
    assert values.kind_of({}) == "map"
