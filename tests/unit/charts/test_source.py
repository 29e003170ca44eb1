"""Where charts and manifests are looked for, and which of them a stack file asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from charts import ChartSource, MissingChartsError, charts_of
from charts.source import Chart, ChartLocation, PublishedManifest
from config import MeshConfig
from config.core.charts import ChartsConfig, Origin

Mesh = Callable[[str], MeshConfig]

WHERE = {
    "linkerd": "https://linkerd.example/edge",
    "linkerd_stable": "https://linkerd.example/stable",
    "emissary": "oci://emissary.example/charts",
    "ambassador": "https://ambassador.example",
}
"""A repository for every origin, no two alike."""

MANIFEST = PublishedManifest("aes-crds", "1.2.3", "https://crds.example/1.2.3/aes-crds.yaml")

EVERYTHING = """
clusters:
  four: {context: a, ambassador: {}}
  three: {context: b, ambassador: {version: "3.10.0"}}
  edge:
    context: c
    ambassador: {flavour: edge-stack, edgeStack: {licenseSecret: ours}}
  legacy: {context: d, linkerd: {version: "2.8.1", cni: true}, ambassador: {flavour: ambassador}}
  adopted: {context: e, ambassador: {adopt: {}}, linkerd: {cni: true, viz: {enabled: true}}}
  without: {context: f, ambassador: {installCrds: false}}
"""


def source(directory: Path | None = None) -> ChartSource:
    return ChartSource(directory, ChartsConfig.model_validate(WHERE))


@pytest.mark.parametrize("chart", ["linkerd-crds", "emissary-ingress"])
def test_a_chart_of_a_registry_is_named_by_its_reference_and_one_of_a_repository_by_both(
    chart: str,
) -> None:
    registry, repository = "oci://charts.example.com/all", "https://charts.example.com/all"
    for origin in ("linkerd", "linkerd_stable", "emissary", "ambassador"):
        wanted = Chart(chart, "1.2.3", origin)
        found = [
            ChartSource(None, ChartsConfig.model_validate({origin: where})).location(wanted)
            for where in (registry, repository)
        ]
        assert found == [
            ChartLocation(f"{registry}/{chart}", None),
            ChartLocation(chart, repository),
        ]


@pytest.mark.parametrize("origin", list(WHERE))
def test_each_origin_is_the_repository_of_its_own_name(origin: Origin) -> None:
    location = source().location(Chart("some", "1.2.3", origin))
    assert (location.repository or location.chart).startswith(WHERE[origin])


def test_a_stack_file_asks_for_the_charts_of_every_flavour_and_generation_and_no_others(
    mesh: Mesh,
) -> None:
    packages = [item.package for item in charts_of(mesh(EVERYTHING))]
    linkerd = ["linkerd-crds-2026.8.3.tgz", "linkerd-control-plane-2026.8.3.tgz"]
    assert sorted(packages) == sorted(
        [
            *linkerd,
            "emissary-ingress-4.1.0.tgz",
            "emissary-crds-chart-4.1.0.tgz",
            *linkerd,
            "emissary-ingress-3.10.0.tgz",
            "emissary-crds-chart-3.10.0.tgz",
            *linkerd,
            "edge-stack-8.10.2.tgz",
            "aes-crds-3.10.2.yaml",
            "linkerd2-2.8.1.tgz",
            "linkerd2-cni-2.8.1.tgz",
            "ambassador-6.9.5.tgz",
            *linkerd,
            "linkerd-viz-2026.8.3.tgz",
            "linkerd2-cni-2026.8.3.tgz",
            *linkerd,
            "emissary-ingress-4.1.0.tgz",
        ]
    )


def test_charts_of_a_link_s_ends_are_those_of_their_generation(mesh: Mesh) -> None:
    config = mesh("""
        clusters:
          a: {context: a, linkerd: {version: "2.8.1"}}
          b:
            context: b
            linkerd: {version: "2.8.1"}
            ambassador: {gateway: {probe: ambassador}}
          c: {context: c, ambassador: {gateway: {}}}
          d: {context: d}
          e: {context: e}
        links: [{source: a, target: b}, {source: d, target: c}]
    """)
    found = [(item.name, item.version) for item in charts_of(config) if "multi" in item.name]
    assert sorted(found) == [
        ("linkerd-multicluster", "2026.8.3"),
        ("linkerd-multicluster", "2026.8.3"),
        ("linkerd2-multicluster", "2.8.1"),
        ("linkerd2-multicluster", "2.8.1"),
    ]


def test_every_chart_comes_from_where_its_makers_publish_it(mesh: Mesh) -> None:
    places = {
        f"{item.name} {item.version}": source().location(item)
        for item in charts_of(mesh(EVERYTHING))
        if isinstance(item, Chart)
    }
    assert places["linkerd-crds 2026.8.3"].repository == WHERE["linkerd"]
    assert places["linkerd2-cni 2026.8.3"].repository == WHERE["linkerd"]
    assert places["linkerd2-cni 2.8.1"].repository == WHERE["linkerd_stable"]
    assert places["linkerd2 2.8.1"].repository == WHERE["linkerd_stable"]
    for name in ("edge-stack 8.10.2", "ambassador 6.9.5"):
        assert places[name].repository == WHERE["ambassador"]
    for name in ("emissary-ingress 4.1.0", "emissary-ingress 3.10.0", "emissary-crds-chart 3.10.0"):
        assert places[name].chart == f"{WHERE['emissary']}/{name.split()[0]}"


def test_an_error_names_every_chart_and_manifest_that_a_folder_lacks(
    mesh: Mesh, tmp_path: Path
) -> None:
    (tmp_path / "linkerd-crds-2026.8.3.tgz").touch()
    with pytest.raises(MissingChartsError) as caught:
        source(tmp_path).require(charts_of(mesh(EVERYTHING)))
    said = str(caught.value)
    assert "linkerd-crds-2026.8.3.tgz" not in said
    for package in ("aes-crds-3.10.2.yaml", "ambassador-6.9.5.tgz", "linkerd2-2.8.1.tgz"):
        assert said.count(package) == 1
    assert str(tmp_path) in said
    assert "charts.directory" in said


def test_the_environment_s_folder_wins_over_the_stack_file_s(tmp_path: Path) -> None:
    config = ChartsConfig(directory="~/charts")
    assert ChartSource.of(config, {"MESH_CHARTS": str(tmp_path)}).directory == tmp_path
    from_file = ChartSource.of(config, {}).directory
    assert from_file == Path.home() / "charts"
    assert ChartSource.of(ChartsConfig(), {}).directory is None


def test_a_manifest_is_read_from_the_folder_and_not_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it is in the folder")

    monkeypatch.setattr(requests, "get", refuse)
    (tmp_path / "aes-crds-1.2.3.yaml").write_text("kind: Größe\n", encoding="utf-8")
    assert source(tmp_path).text(MANIFEST) == "kind: Größe\n"


def test_an_error_names_the_file_of_a_manifest_that_the_folder_lacks(tmp_path: Path) -> None:
    with pytest.raises(MissingChartsError, match=r"lacks aes-crds-1\.2\.3\.yaml"):
        source(tmp_path).text(MANIFEST)


def test_a_manifest_is_downloaded_from_its_own_address_where_there_is_no_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def answer(url: str, timeout: float) -> requests.Response:
        assert timeout > 0
        asked.append(url)
        response = requests.Response()
        response.status_code = 200
        response._content = "kind: Größe".encode()
        response.headers["Content-Type"] = "text/plain"
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        return response

    monkeypatch.setattr(requests, "get", answer)
    assert source().text(MANIFEST) == "kind: Größe"
    assert asked == [MANIFEST.url]


def _refused(url: str, timeout: float) -> requests.Response:
    raise requests.ConnectionError("a long story about sockets")


def _slow(url: str, timeout: float) -> requests.Response:
    raise requests.Timeout("a long story about time")


def _gone(url: str, timeout: float) -> requests.Response:
    response = requests.Response()
    response.status_code = 404
    response.url = url
    return response


@pytest.mark.parametrize("get", [_refused, _slow, _gone])
def test_an_error_has_the_address_of_a_manifest_that_cannot_be_downloaded_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch, get: Callable[[str, float], requests.Response]
) -> None:
    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(MissingChartsError) as caught:
        source().text(MANIFEST)
    said = str(caught.value)
    assert MANIFEST.url in said
    assert "put it as aes-crds-1.2.3.yaml into a folder" in said
    assert "charts.directory" in said
    assert "MESH_CHARTS" in said
    assert "story" not in said
    assert caught.value.__suppress_context__


def test_a_manifest_that_is_not_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(url: str, timeout: float) -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response._content = "kind: Größe".encode("latin-1")
        return response

    monkeypatch.setattr(requests, "get", answer)
    file = tmp_path / MANIFEST.package
    file.write_bytes("kind: Größe".encode("latin-1"))
    for place, where in ((source(), MANIFEST.url), (source(tmp_path), str(file))):
        with pytest.raises(MissingChartsError) as caught:
            place.text(MANIFEST)
        assert where in str(caught.value)
        assert "download the manifest again" in str(caught.value)
