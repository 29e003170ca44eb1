"""Charts that a stack file pins by digest: how they are fetched, kept, and refused."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from hypothesis import given
from hypothesis import settings as configured
from hypothesis import strategies as st

from charts import ChartSource, MissingChartsError, PublishedManifest, download
from charts.pins import DigestError, digest, hold
from charts.source import Chart, Package
from config.core.charts import ChartsConfig

REPOSITORY, REGISTRY = "https://charts.example.com/all", "oci://registry.example.com/some"
CHART = Chart("linkerd-crds", "2026.8.3")
SEALED = Chart("emissary-ingress", "4.1.0", "emissary")
MANIFEST = PublishedManifest("aes-crds", "3.10.2", "https://crds.example/aes-crds.yaml")
CONTENT: dict[Package, bytes] = {
    CHART: b"a chart",
    SEALED: b"another chart",
    MANIFEST: b"kind: Some",
}


class Web:
    """What is published, and what was asked of it."""

    def __init__(self) -> None:
        layers = [
            {"mediaType": "application/vnd.cncf.helm.chart.provenance.v1.prov", "digest": "p"},
            {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": "c"},
        ]
        entries = [
            {"version": "2026.8.30", "urls": ["other.tgz"]},
            {"version": CHART.version, "urls": ["files/crds.tgz"]},
        ]
        base = "https://registry.example.com/v2/some/emissary-ingress"
        self.pages: dict[str, Any] = {
            f"{REPOSITORY}/index.yaml": yaml.safe_dump({"entries": {CHART.name: entries}}).encode(),
            f"{REPOSITORY}/files/crds.tgz": CONTENT[CHART],
            f"{base}/manifests/{SEALED.version}": {"layers": layers},
            f"{base}/blobs/c": CONTENT[SEALED],
            "https://login.example.com/token": {"token": "for-all"},
            MANIFEST.url: CONTENT[MANIFEST],
        }
        self.asked: list[str] = []

    def get(
        self,
        url: str,
        timeout: float,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> requests.Response:
        assert timeout > 0
        self.asked.append(url)
        answer = requests.Response()
        answer.url = url
        answer.status_code = 200 if url in self.pages else 404
        if url.startswith("https://login."):
            assert params == {"service": "reg", "scope": "repository:some:pull"}
        elif "/v2/" in url and (headers or {}).get("Authorization") != "Bearer for-all":
            answer.status_code = 401
            answer.headers["WWW-Authenticate"] = (
                'Bearer realm="https://login.example.com/token",service="reg",'
                'scope="repository:some:pull"'
            )
        page = self.pages.get(url, b"")
        answer._content = page if isinstance(page, bytes) else json.dumps(page).encode()
        return answer


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    made = Web()
    monkeypatch.setattr(requests, "get", made.get)
    download._index.cache_clear()
    yield made
    download._index.cache_clear()


def pinned(
    store: Path,
    *items: Package,
    directory: Path | None = None,
    other: Mapping[str, str] | None = None,
) -> ChartSource:
    digests = {item.key: digest(CONTENT[item]) for item in items} | dict(other or {})
    config = ChartsConfig(linkerd=REPOSITORY, emissary=REGISTRY, digests=digests)
    return ChartSource(directory, config, store=store)


def test_pinned_charts_are_downloaded_compared_and_installed_from_the_file_that_was_compared(
    web: Web, tmp_path: Path
) -> None:
    source = pinned(tmp_path, *CONTENT)
    source.require(CONTENT)
    for chart in (CHART, SEALED):
        place = source.location(chart)
        assert place.repository is None
        assert Path(place.chart).name == chart.package
        assert Path(place.chart).read_bytes() == CONTENT[chart]
    assert source.text(MANIFEST) == CONTENT[MANIFEST].decode()
    count = len(web.asked)
    pinned(tmp_path, *CONTENT).require(CONTENT)
    assert len(web.asked) == count


def test_a_kept_chart_that_was_changed_on_disk_is_downloaded_again(
    web: Web, tmp_path: Path
) -> None:
    source = pinned(tmp_path, CHART)
    source.require([CHART])
    file = Path(source.location(CHART).chart)
    file.write_bytes(b"something else")
    source.require([CHART])
    assert file.read_bytes() == CONTENT[CHART]


def test_another_digest_of_the_same_version_is_another_path_that_the_engine_sees_change(
    tmp_path: Path,
) -> None:
    paths = {
        pinned(tmp_path, other={CHART.key: digest(content)}).location(CHART).chart
        for content in (b"one", b"two")
    }
    assert len(paths) == 2


def test_without_digests_the_engine_gets_charts_from_where_they_are_published(
    web: Web, tmp_path: Path
) -> None:
    source = pinned(tmp_path)
    source.require(CONTENT)
    assert source.location(CHART).repository == REPOSITORY
    assert not web.asked


@pytest.mark.parametrize("folder", [False, True])
def test_every_chart_that_is_not_the_pinned_one_is_named_with_both_digests(
    web: Web, tmp_path: Path, folder: bool
) -> None:
    for item, content in CONTENT.items():
        (tmp_path / item.package).write_bytes(content)
    wanted = digest(b"what was expected")
    source = pinned(
        tmp_path / "store",
        SEALED,
        directory=tmp_path if folder else None,
        other={CHART.key: wanted},
    )
    with pytest.raises(DigestError) as caught:
        source.require(CONTENT)
    message, remedy = caught.value.message, caught.value.remedy
    assert f"{CHART.key}: the file has {digest(CONTENT[CHART])}" in message
    assert wanted in message
    assert SEALED.key not in message
    assert wanted not in remedy
    mended = yaml.safe_load(remedy.partition("digests:\n")[2])
    assert mended == {item.key: digest(CONTENT[item]) for item in (CHART, MANIFEST)}
    kept = {file.name for file in (tmp_path / "store").rglob("*.*")}
    assert kept == (set() if folder else {SEALED.package})
    pinned(tmp_path / "store", SEALED, other=mended).require(CONTENT)


@configured(deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), st.binary(max_size=3)), st.data())
def test_charts_pass_exactly_when_each_has_its_own_digest(
    contents: dict[str, bytes], data: st.DataObject
) -> None:
    digests = {
        name: digest(data.draw(st.sampled_from([content, b"other"]))) if content else ""
        for name, content in contents.items()
    }
    right = all(
        digests[name] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        for name, content in contents.items()
    )
    try:
        hold(digests, {name: partial(bytes, content) for name, content in contents.items()})
    except DigestError:
        assert not right
    else:
        assert right


@pytest.mark.parametrize(
    "item", [Chart("linkerd-crds", "2026.7.1"), Chart("other", "1.0.0", "emissary"), MANIFEST]
)
def test_a_chart_that_cannot_be_downloaded_is_an_error_with_a_remedy(
    web: Web, tmp_path: Path, item: Package
) -> None:
    web.pages.pop(MANIFEST.url)
    source = pinned(tmp_path, other={item.key: digest(b"")})
    with pytest.raises(MissingChartsError, match=re.escape(item.version)) as caught:
        source.require([item])
    assert item.package in caught.value.remedy


def test_a_registry_that_asks_for_a_login_is_an_error_with_a_remedy(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(url: str, **_: object) -> requests.Response:
        answer = requests.Response()
        answer.status_code = 401
        answer.headers["WWW-Authenticate"] = "Basic"
        return answer

    monkeypatch.setattr(requests, "get", closed)
    with pytest.raises(MissingChartsError, match="asks for a login"):
        pinned(tmp_path, SEALED).require([SEALED])
