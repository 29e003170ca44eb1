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
from config.ambassador.ambassador import LONGEST_RELEASE
from config.ambassador.cluster_objects import ingress_class
from config.inventory import inventory
from config.inventory.values.shaping import in_no_namespace
from render import HelmTemplate, Registration, manifests, record
from render.helm import SERVED
from tests.contracts.shaping.derive import installed
from tests.packages import packages
from tests.recordings import of_type
from tests.stack_builders import Settings, loaded, problems
from tests.stack_files import STACK_FILES
from tests.unit.conftest import PUBLISHED, Tells, reach_of
from vocabulary.ambassador import DEFAULT_ID
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
    said = in_no_namespace(config.line.chart, config.chart_version, config.name, "linkerd")
    roles = {(name, scoped) for name, scoped in found if name.startswith("ClusterRole")}
    assert roles <= {(of.name, scoped) for of, scoped in said}
    rest = {(name, scoped) for name, scoped in found if not name.startswith("ClusterRole")}
    own = ingress_class(config)
    assert rest == ({("IngressClass", own)} if own else set())


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.get("flavour") != "ambassador"], ids=str
)
def test_each_ingress_class_is_read_by_its_ambassador_alone(
    rendering: Rendering, kind: Settings
) -> None:
    """Emissary reads those of its controller and its id; without an id they are the default's."""
    helm, charts = rendering
    values: Settings = {"ingressClassResource": {"name": "own"}}
    named_class = {"values": {"emissary-ingress": values} if "edgeStack" in kind else values}
    listed: list[Settings] = [
        {"name": "x", **kind, "ambassadorId": "default"},
        {"name": "y", **kind},
        {"name": "z", **kind, **named_class},
    ]
    mesh = loaded({"clusters": {"a": {"context": "a", "ambassador": listed}}})
    found = {}
    for release in of_type(record(mesh, reach_of(mesh), charts, Tells()), RELEASE):
        for item in helm.render(release) if release.inputs["name"] in ("x", "y", "z") else ():
            if item["kind"] == "IngressClass":
                annotations = item["metadata"].get("annotations") or {}
                read_by = annotations.get("getambassador.io/ambassador-id", DEFAULT_ID)
                found[item["metadata"]["name"]] = read_by, item["spec"]["controller"]
    controller = "getambassador.io/ingress-controller"
    assert found == {
        ingress_class(one): (one.own_id, controller) for one in mesh.clusters["a"].every_ambassador
    }


# Drawn names of an Ambassador -----------------------------------------------------------------

_LINKS = [{"source": "a", "target": "b"}, {"source": "b", "target": "a"}]
_OLD = {"context": "a", "linkerd": {"version": "2.8.1", "cni": True}}
CLUSTERS: tuple[Settings, ...] = (
    {
        "context": "a",
        "linkerd": {"cni": True, "heartbeat": True, "viz": {"enabled": True}},
        "certManager": {"install": True, "trustManager": {"install": True}},
        "ambassador": {"apiVersion": "v2", "gateway": {}},
    },
    {
        "context": "a",
        "linkerd": {
            "version": "2025.3.1",
            "tracing": {"collector": "tempo.tracing:4317", "serviceAccount": "tempo"},
        },
        "ambassador": {"version": "3.10.0", "gateway": {}},
    },
    {**_OLD, "ambassador": {"flavour": "ambassador", "gateway": {"probe": "ambassador"}}},
)
"""Clusters that together have a release of every chart, each with one Ambassador."""


def named(cluster: Settings, name: str) -> Settings:
    """A stack file in which the Ambassador of this cluster has this name."""
    # The namespace is in names of Linkerd's ClusterRoles.
    linkerd = {**cluster["linkerd"], "namespace": "mesh"}
    first = {**cluster, "linkerd": linkerd, "ambassador": {**cluster["ambassador"], "name": name}}
    links = [] if "tracing" in linkerd else _LINKS
    return {"clusters": {"a": first, "b": {**cluster, "context": "b"}}, "links": links}


def made_here(rendering: Rendering, mesh: MeshConfig, *, own: bool) -> set[Identity]:
    """What the Ambassador of the first cluster makes in no namespace, or all others do."""
    helm, charts = rendering
    found: list[Identity] = []
    for item in record(mesh, reach_of(mesh), charts, Tells()):
        its = item.inputs.get("namespace") == "ambassador"
        if item.cluster == "a" and item.type == RELEASE and its == own:
            found += made(helm, item)
    if not own:
        objects = inventory(mesh, "a").objects
        found += [(item.kind.group, item.kind.name, "", item.name) for item in objects]
    return {one for one in found if one[:2] in CLUSTER_SCOPED}


OTHERS: dict[tuple[str, int], set[Identity]] = {}
"""What all but the Ambassador make, by charts and cluster."""


@hypothesis_settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.integers(0, len(CLUSTERS) - 1), data=st.data())
def test_an_ambassador_of_a_drawn_name_has_no_object_of_another_release(
    rendering: Rendering, place: int, data: st.DataObject
) -> None:
    cluster, key = CLUSTERS[place], (str(rendering[1]), place)
    if key not in OTHERS:
        OTHERS[key] = made_here(rendering, loaded(named(cluster, "zz")), own=False)
    taken = {name for _, kind, _, name in OTHERS[key] if kind.startswith("ClusterRole")}
    base = data.draw(st.sampled_from(sorted(taken)))
    cut = base.rpartition("-")[0]
    name = data.draw(st.sampled_from([base, base, cut, f"{base}-x"]))
    mesh = valid(named(cluster, name))
    if mesh is not None:
        own = made_here(rendering, mesh, own=True)
        assert own
        assert not own & OTHERS[key]


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
        known = in_no_namespace(item.release.chart, item.release.version, "edge", "linkerd")
        names = {(kind.group, kind.name, name) for kind, name in known}
        # Those of a link are longer than the name of a release may be.
        assert {
            (group, kind, name)
            for group, kind, _, name in theirs
            if kind not in ("CustomResourceDefinition", "IngressClass")
            and len(name) <= LONGEST_RELEASE
        } <= names, item.chart
        seen += len(stand_in)
    assert seen > 100


def scope(item: dict[str, Any]) -> tuple[str, str]:
    return item["apiVersion"].rpartition("/")[0], item["kind"]
