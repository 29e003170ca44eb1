"""No two releases of a cluster make the same object, which Helm would refuse in the cluster.

With the stand-ins on any machine; with MESH_CHARTS also with the published charts that are there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charts import ChartSource
from config import MeshConfig, load_stack_file
from config.ambassador.cluster_objects import cluster_roles, ingress_class
from render import HelmTemplate, Registration, manifests, record
from render.helm import SERVED
from tests.contracts.shaping.derive import installed
from tests.packages import packages
from tests.recordings import of_type
from tests.stack_builders import Settings, loaded, problems
from tests.stack_files import STACK_FILES
from tests.unit.conftest import PUBLISHED, Tells, reach_of
from vocabulary.scopes import CLUSTER_SCOPED

CHARTS = os.environ.get("MESH_CHARTS", "")
"""Folder of published charts; read here, as no test has the variable."""
published = pytest.mark.skipif(not CHARTS, reason="MESH_CHARTS names no charts")
RELEASE = "kubernetes:helm.sh/v3:Release"

Identity = tuple[str, str, str, str]
Rendering = tuple[HelmTemplate, ChartSource]


@pytest.fixture(
    scope="module",
    params=["stand-ins", pytest.param("published", marks=published)],
)
def rendering(
    request: pytest.FixtureRequest,
    helm: HelmTemplate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Rendering:
    """Helm, and a folder of stand-ins, in which published charts replace theirs."""
    folder = packages()
    if request.param == "published":
        folder = Path(shutil.copytree(folder, tmp_path_factory.mktemp("charts") / "charts"))
        for package in Path(CHARTS).glob("*.tgz"):
            shutil.copy(package, folder / package.name)
    return helm, ChartSource(folder, PUBLISHED.repositories)


def identity(item: dict[str, Any]) -> Identity:
    group, metadata = item["apiVersion"].rpartition("/")[0], item["metadata"]
    return group, item["kind"], metadata.get("namespace") or "", metadata["name"]


def shared(items: list[Identity]) -> list[Identity]:
    return [item for item, count in Counter(items).items() if count > 1]


# Drawn lists of Ambassadors -------------------------------------------------------------------

NAMES = (
    "x",
    "x-crd",
    "x-watch",
    "x-agent",
    "y",
    "ambassador",
    "ambassador-x",
    "emissary",
    "emissary-ingress",
    "emissary-apiext",
    "nginx",
)
"""Names that are, or end as, those of objects of charts."""
KINDS: tuple[Settings, ...] = (
    {},
    {"apiVersion": "v2"},
    {"version": "3.10.0"},
    {"flavour": "edge-stack", "edgeStack": {"licenseSecret": "licence"}},
    {"flavour": "ambassador"},
)
CLASSES = st.sampled_from([{}, {}, {"name": "ambassador"}, {"name": "x"}, {"enabled": False}])


@st.composite
def ambassadors(draw: st.DrawFn) -> Settings:
    """A cluster with several Ambassadors of one flavour, some of them adopted."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    kind = draw(st.sampled_from(KINDS))
    gateway = draw(st.sampled_from([*names, ""]))
    listed = []
    for name in names:
        one: Settings = {"name": name, **kind}
        if kind.get("flavour") != "ambassador" and (given := draw(CLASSES)):
            values: Settings = {"ingressClassResource": given}
            nested = {"emissary-ingress": values} if "edgeStack" in kind else values
            one["values"] = nested
        if draw(st.integers(0, 5)) == 5:
            one = {"name": name, "adopt": {}, "flavour": kind.get("flavour", "emissary")}
        if name == gateway:
            one["gateway"] = {}
        listed.append(one)
    cluster: Settings = {"context": "a", "ambassador": listed}
    return {"clusters": {"a": cluster}}


def valid(settings: Settings) -> MeshConfig | None:
    return None if problems(settings) else loaded(settings)


@hypothesis_settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=ambassadors())
def test_no_two_releases_of_drawn_ambassadors_make_one_object(
    rendering: Rendering, drawn: Settings
) -> None:
    mesh = valid(drawn)
    if mesh is None:
        return
    helm, charts = rendering
    found: list[Identity] = []
    for release in of_type(record(mesh, reach_of(mesh), charts, Tells()), RELEASE):
        if "ambassador" in release.name:
            found += made(helm, release)
    assert shared(found) == []


def made(helm: HelmTemplate, release: Registration) -> tuple[Identity, ...]:
    """What a release makes, without the CRDs of `crds/`, which belong to no release."""
    inputs = release.inputs
    return _made(
        helm.binary,
        *(str(inputs[key]) for key in ("chart", "name", "namespace")),
        json.dumps(inputs.get("values") or {}, sort_keys=True),
    )


@cache
def _made(binary: Path, chart: str, name: str, space: str, values: str) -> tuple[Identity, ...]:
    inputs = {"chart": chart, "name": name, "namespace": space, "values": json.loads(values)}
    release = Registration(RELEASE, name, "", inputs=inputs)
    return tuple(
        identity(item)
        for item in HelmTemplate(binary).render(release)
        if item["kind"] != "CustomResourceDefinition"
    )


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_an_ambassador_has_in_no_namespace_is_what_the_program_says(
    rendering: Rendering, kind: Settings
) -> None:
    """Whatever else it makes there would have to be compared between releases too."""
    helm, charts = rendering
    mesh = loaded({"clusters": {"a": {"context": "a", "ambassador": [{"name": "x", **kind}]}}})
    [config] = mesh.clusters["a"].every_ambassador
    [release] = [
        item
        for item in of_type(record(mesh, reach_of(mesh), charts, Tells()), RELEASE)
        if item.inputs["name"] == "x"
    ]
    found = {
        (name, scoped)
        for group, name, _, scoped in made(helm, release)
        if (group, name) in CLUSTER_SCOPED
    }
    roles = {scoped for name, scoped in found if name.startswith("ClusterRole")}
    assert roles <= cluster_roles(config)
    rest = {(name, scoped) for name, scoped in found if not name.startswith("ClusterRole")}
    own = ingress_class(config)
    assert rest == ({("IngressClass", own)} if own else set())


# Stack files, and published charts ------------------------------------------------------------


@published
@pytest.mark.parametrize("name", STACK_FILES)
def test_no_object_is_made_twice_in_a_cluster(
    rendering: Rendering, helm: HelmTemplate, name: str
) -> None:
    config = load_stack_file(STACK_FILES[name])
    recording = record(config, reach_of(config), rendering[1], Tells())
    for cluster, items in manifests(recording, helm).items():
        found = [identity(item.object) for item in items if not item.patch]
        assert shared(found) == [], cluster


LOOKED_FOR = re.compile(r'APIVersions\.Has "([^"]+)"')


@published
def test_kinds_that_published_charts_look_for_are_those_that_helm_is_given() -> None:
    """Without them, what is rendered here is not what a cluster gets."""
    found = {
        text
        for package in Path(CHARTS).glob("*.tgz")
        for template in templates(package)
        for text in LOOKED_FOR.findall(template)
        # An API version alone is known to Helm; one of a beta was, and is not served any more.
        if text.rpartition("/")[2][0].isupper() and "beta" not in text
    }
    assert found == set(SERVED)


def templates(package: Path) -> Iterator[str]:
    with tarfile.open(package) as archive:
        for member in archive:
            file = archive.extractfile(member) if "/templates/" in member.name else None
            if file is not None:
                yield file.read().decode("utf-8", "replace")


LEFT_OUT = re.compile(r"cert-manager-controller-(orders|challenges)|(orders|challenges)\.acme.*")
"""Objects for ACME, which the stand-in of cert-manager has not."""


@published
def test_the_stand_ins_have_the_objects_in_no_namespace_that_the_published_charts_have(
    helm: HelmTemplate,
) -> None:
    ours = {item.chart: item for item in installed(packages())}
    seen = 0
    for item in installed(Path(CHARTS)):
        both = []
        for one in (item, ours[item.chart]):
            inputs = {**one.registration.inputs, "chart": str(one.package), "repositoryOpts": None}
            objects = helm.render(Registration(RELEASE, "release", "", inputs=inputs))
            both.append({identity(made) for made in objects if scope(made) in CLUSTER_SCOPED})
        theirs, stand_in = both
        assert {one for one in theirs if not LEFT_OUT.fullmatch(one[3])} == stand_in, item.chart
        seen += len(stand_in)
    assert seen > 100


def scope(item: dict[str, Any]) -> tuple[str, str]:
    return item["apiVersion"].rpartition("/")[0], item["kind"]
