"""Versions: which number is which, what works with what, and what is advised against."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.cluster.surroundings import advised
from checks.facts.case import ClusterCase
from checks.facts.view import View
from config.inventory import inventory
from config.preconditions import expectations
from config.variants.advisories import ADVISORIES
from config.variants.ambassadors import FLAVOURS
from config.variants.edge_releases import (
    ANNOUNCED,
    EGRESS,
    EXCLUDED,
    GATEWAY_API,
    JAEGER_PROTOCOL,
    KUBERNETES,
    LAST_JAEGER,
    LINKS,
    MIRROR_SERVERS,
    NATIVE_SIDECARS,
    NUMBERED,
    OLDEST,
    RATE_AWARE,
    RATE_LIMIT,
    ROWS,
    TRACING,
    VIZ_ADMIN,
    Row,
    dated,
)
from config.variants.linkerds import DEFAULT
from kube.versions import too_old
from tests.edge_releases import first_with, releases
from tests.stack_builders import ROOT, changed, loaded, pair, problems
from vocabulary.kinds import EGRESS_NETWORK, HTTP_LOCAL_RATE_LIMIT, KINDS

SOURCE, TARGET = "clusters.source", "clusters.target"
PAGE = (ROOT / "docs" / "versions.md").read_text()


def one(**cluster: Any) -> dict[str, Any]:
    """A stack file with one cluster."""
    return {"clusters": {"a": {"context": "a", **cluster}}}


def suggested(remedy: str) -> list[str]:
    """Versions that a remedy suggests."""
    return re.findall(r'"(v?[0-9][^"]*)"', remedy)


# Numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "kind", "instead"),
    [
        ("1.16.11", "number of the charts linkerd-crds and linkerd-control-plane", "2026.8.3"),
        ("30.11.11", "number of the charts linkerd-multicluster, linkerd-viz", "2026.8.3"),
        ("2.14.10", "a stable release, whose charts have other numbers", "2026.8.3"),
        ("stable-2.14.10", "a stable release", "2026.8.3"),
        ("stable-2.8.1", "not the version of a chart", "2.8.1"),
        ("edge-26.8.3", "the name of a release, not of its charts", "2026.8.3"),
        ("26.8.3", "the name of a release, not of its charts", "2026.8.3"),
        ("edge-24.2.1", "no charts since 2024.7.4, the oldest, are of it", "2026.8.3"),
        ("edge-26.13.1", "the name of a release", "2026.8.3"),
        ("2.18", "the number of an announcement", "2025.4.4"),
        ("version-2.19", "the number of an announcement", "2025.10.7"),
        ("enterprise-2.17.2", "of a vendor's distribution", "2024.11.8"),
        ("2024.2.5", "no chart has the version 2024.2.5", "2026.8.3"),
        ("2024.7.3", "lacks Servers of policy.linkerd.io/v1beta3", "2026.8.3"),
        ("2026.13.1", "not a year, a month and a number", "2026.8.3"),
        ("9.9.9", "no charts of version '9.9.9'", "2026.8.3"),
    ],
)
def test_a_number_of_another_kind_is_named_with_the_one_to_write(
    number: str, kind: str, instead: str
) -> None:
    (problem,) = problems(one(linkerd={"version": number}))
    assert problem.path == "clusters.a.linkerd.version"
    assert kind in problem.message
    assert suggested(problem.remedy) == [instead]


def test_the_release_of_the_extension_for_traces_is_written_by_its_chart_too() -> None:
    tracing = {"collector": "tempo.tracing:4317", "serviceAccount": "tempo"}
    linkerd = {"version": "2025.4.4", "tracing": {**tracing, "jaegerVersion": "edge-25.9.4"}}
    (problem,) = problems(one(linkerd=linkerd))
    assert problem.path == "clusters.a.linkerd.tracing.jaegerVersion"
    assert suggested(problem.remedy) == ["2025.9.4"]
    linkerd["tracing"] = {**tracing, "jaegerVersion": "2025.9.4"}
    assert problems(one(linkerd=linkerd)) == ()


NUMBERS = st.one_of(
    st.builds("edge-{}.{}.{}".format, st.integers(18, 27), st.integers(1, 12), st.integers(1, 9)),
    st.builds("stable-2.{}.{}".format, st.integers(0, 14), st.integers(0, 11)),
    st.builds("2.{}.{}".format, st.integers(0, 22), st.integers(0, 11)),
    st.builds("enterprise-2.{}.{}".format, st.integers(15, 22), st.integers(0, 4)),
    st.builds("1.{}.{}".format, st.integers(9, 16), st.integers(0, 12)),
    st.builds("30.{}.{}-edge".format, st.integers(2, 12), st.integers(0, 12)),
    st.builds("{}.{}.{}".format, st.integers(2018, 2027), st.integers(0, 13), st.integers(0, 9)),
)


@given(NUMBERS)
def test_every_number_of_linkerd_is_installed_or_has_a_remedy_that_is_valid(number: str) -> None:
    found = problems(one(linkerd={"version": number}))
    if not found:
        version = loaded(one(linkerd={"version": number})).clusters["a"].linkerd
        assert version.generation.has(number)
        return
    assert number in found[0].message.replace("'", "")
    (instead,) = suggested(found[0].remedy)
    assert problems(one(linkerd={"version": instead})) == ()


AMBASSADORS = st.tuples(
    st.sampled_from(sorted(FLAVOURS)),
    st.builds("{}.{}.{}".format, st.integers(1, 9), st.integers(0, 15), st.integers(0, 12)),
    st.booleans(),
)


@given(AMBASSADORS)
def test_every_number_of_an_ambassador_is_installed_or_has_a_remedy_that_is_valid(
    drawn: tuple[str, str, bool],
) -> None:
    flavour, version, adopted = drawn
    settings: dict[str, Any] = {"flavour": flavour, "version": version}
    if adopted:
        settings["adopt"] = {}
    elif flavour == "edge-stack":
        settings["edgeStack"] = {"licenseSecret": "licence"}
    found = problems(one(ambassador=settings))
    if not found:
        return
    (problem,) = found
    assert problem.path == "clusters.a.ambassador.version"
    assert version in problem.message
    del settings["version"]
    other = re.search(r"flavour: (\S+)", problem.remedy)
    if other is not None:
        settings["flavour"] = other[1]
        settings.pop("edgeStack", None)
    ways = [{**settings, "version": item} for item in suggested(problem.remedy)]
    if "adopt: {}" in problem.remedy:
        ways.append({**settings, "adopt": {}})
    if problem.remedy.startswith("leave it out"):
        ways.append(settings)
    assert ways
    for way in ways:
        assert problems(one(ambassador=way)) == ()


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("8.9.1", "the chart 8.9.1 of https://app.getambassador.io (Emissary-ingress 3.9.1)"),
        ("3.9.1", "the application, whose chart is 8.9.1 of https://app.getambassador.io"),
        ("7.6.1", "the chart 7.6.1 of https://app.getambassador.io (Emissary-ingress 2.5.1)"),
        ("2.5.1", "the application, whose chart is 7.6.1"),
    ],
)
def test_emissarys_numbers_of_the_older_repository_are_adopted_or_replaced(
    number: str, message: str
) -> None:
    (problem,) = problems(one(ambassador={"version": number}))
    assert message in problem.message
    assert 'write "4.1.0" or "3.10.0", or leave version out and write adopt: {}' in problem.remedy


def test_an_adopted_emissary_of_version_3_may_be_named_by_its_own_number() -> None:
    (problem,) = problems(one(ambassador={"version": "8.9.1", "adopt": {}}))
    assert suggested(problem.remedy) == ["3.9.1"]
    ambassador = loaded(one(ambassador={"version": "3.9.1", "adopt": {}})).clusters["a"].ambassador
    assert ambassador is not None
    assert ambassador.line.major == 3
    assert "v3alpha1" in ambassador.line.converted


# The table ------------------------------------------------------------------------------------

FACTS: list[tuple[Row, str, Any]] = [
    (NUMBERED, "numbered", True),
    (OLDEST, "Server", "v1beta3"),
    (JAEGER_PROTOCOL, "jaegerProtocol", True),
    (EGRESS, "egress", True),
    (RATE_LIMIT, "crds", HTTP_LOCAL_RATE_LIMIT.crd),
    (GATEWAY_API, "installGatewayAPI", True),
    (LINKS, "Link", "v1alpha3"),
    (LINKS, "controllers", True),
    (EXCLUDED, "excluded", True),
    (VIZ_ADMIN, "vizAdmin", True),
    (TRACING, "tracing", True),
    (MIRROR_SERVERS, "mirrorServers", True),
    (NATIVE_SIDECARS, "nativeSidecar", True),
    (RATE_AWARE, "unified", True),
    (RATE_AWARE, "penalizeFailures", True),
]


@pytest.mark.parametrize(("row", "fact", "value"), FACTS)
def test_each_row_is_what_the_charts_of_that_version_have(row: Row, fact: str, value: Any) -> None:
    assert first_with(fact, value) == row.since


def test_every_row_is_held_against_the_charts_and_is_on_the_page() -> None:
    assert {row.version for row in ROWS} == {row.version for row, _, _ in FACTS}
    for row in ROWS:
        assert f"| {row.version} | {row.what} |" in PAGE


LATER = {EGRESS_NETWORK: EGRESS, HTTP_LOCAL_RATE_LIMIT: RATE_LIMIT}
"""Kinds of Linkerd that not every supported release has."""


def test_every_other_kind_of_linkerd_is_in_every_release() -> None:
    every = {crd for facts in releases().values() for crd in facts["crds"]}
    known = [kind for kind in KINDS.values() if kind.crd in every]
    assert LATER.keys() < set(known)
    for kind in known:
        assert first_with("crds", kind.crd) <= LATER.get(kind, OLDEST).since, kind


@pytest.mark.parametrize(
    ("version", "places"),
    [("2024.11.1", ["rateLimit"]), ("2024.11.2", []), ("2.8.1", ["admits", "rateLimit"])],
)
def test_a_gateway_that_limits_requests_needs_charts_that_can(
    version: str, places: list[str]
) -> None:
    gateway = {"rateLimit": {"total": 5}, "admits": "exports", "probe": "ambassador"}
    found = problems(one(linkerd={"version": version}, ambassador={"gateway": gateway}))
    assert [item.path for item in found] == [
        f"clusters.a.ambassador.gateway.{place}" for place in places
    ]


def test_the_last_extension_for_tracing_is_that_of_the_charts() -> None:
    assert max(version for version, facts in releases().items() if facts["jaeger"]) == LAST_JAEGER


def test_the_oldest_kubernetes_of_every_release_is_that_of_its_charts() -> None:
    for version, facts in releases().items():
        if version >= OLDEST.since:
            text = ".".join(map(str, version))
            linkerd = loaded(one(linkerd={"version": text})).clusters["a"].linkerd
            assert list(linkerd.oldest_kubernetes) == facts["kubernetes"]
    for since, oldest in KUBERNETES:
        assert f"| {'.'.join(map(str, since))} | {'.'.join(map(str, oldest))} |" in PAGE


def test_announced_releases_exist_and_are_on_the_page() -> None:
    for number, version in ANNOUNCED.items():
        assert dated(version) in releases()
        assert f"| {number} | {version} |" in PAGE


def test_every_release_line_of_an_ambassador_is_on_the_page() -> None:
    for flavour in FLAVOURS.values():
        for line in flavour.lines:
            assert flavour.line(line.oldest) is line
            row = f"| `{flavour.name}` | {line.chart} | {line.oldest} | {line.newest} |"
            assert row in PAGE


@pytest.mark.parametrize(
    ("end", "version", "fits"),
    [
        (end, version, fits)
        for end in (SOURCE, TARGET)
        for version, fits in (("2025.3.1", False), ("2025.3.2", False), ("2025.3.3", True))
    ],
)
def test_links_need_the_first_charts_with_service_mirrors_of_links(
    end: str, version: str, fits: bool
) -> None:
    found = problems(changed({f"{end}.linkerd": {"version": version}}, pair()))
    assert [problem.path for problem in found] == ([] if fits else [f"{end}.linkerd.version"])


@pytest.mark.parametrize("key", ["excludedLabels", "excludedAnnotations"])
@pytest.mark.parametrize(("version", "fits"), [("2025.3.3", False), ("2025.3.4", True)])
def test_what_is_left_out_of_mirrors_needs_a_service_mirror_that_reads_it(
    key: str, version: str, fits: bool
) -> None:
    changes = {f"{SOURCE}.linkerd": {"version": version}, f"links[0].{key}": ["example.com/a"]}
    found = problems(changed(changes, pair()))
    assert [problem.path for problem in found] == ([] if fits else [f"links[0].{key}"])


@pytest.mark.parametrize(
    ("version", "keys"),
    [
        ("2025.2.3", {"enableHttpRoutes", "enableTlsRoutes", "enableTcpRoutes"}),
        ("2025.3.1", {"installGatewayAPI"}),
    ],
)
def test_the_crds_of_the_gateway_api_are_left_out_by_the_values_that_the_chart_reads(
    version: str, keys: set[str]
) -> None:
    settings = one(linkerd={"version": version, "gatewayApiCrds": False})
    values = inventory(loaded(settings), "a").values["linkerd", "linkerd-crds"]
    assert values.over({}) == dict.fromkeys(keys, False)


# The cluster's Kubernetes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("linkerd", "kubernetes", "remedy"),
    [
        ("2026.8.3", "1.30", "upgrade the cluster, or write a version before 2026.5.1"),
        ("2026.8.3", "1.31", None),
        ("2026.4.4", "1.30", None),
        ("2025.3.3", "1.22", "upgrade the cluster, or write a version before 2025.2.3"),
        ("2024.7.4", "1.21", "upgrade the cluster"),
        ("2.8.1", "1.12", "upgrade the cluster"),
    ],
)
def test_a_cluster_that_is_too_old_for_its_charts_is_refused(
    linkerd: str, kubernetes: str, remedy: str | None
) -> None:
    mesh = loaded(one(linkerd={"version": linkerd}))
    limits = expectations(mesh, "a").oldest
    found = list(too_old({"gitVersion": f"v{kubernetes}.4-eks-1"}, limits))
    assert [why.startswith(f"it runs Kubernetes {kubernetes}, ") for why, _ in found] == (
        [] if remedy is None else [True]
    )
    if remedy is not None:
        assert found[0][1].startswith(remedy)


# What is advised against ----------------------------------------------------------------------


def test_what_is_advised_against_exists_and_its_replacement_is_newer_and_not_advised_against() -> (
    None
):
    for version, advice in ADVISORIES.items():
        assert dated(version) in releases()
        assert dated(version) < dated(advice.instead)
        assert advice.instead not in ADVISORIES
        assert date.fromisoformat(advice.date).strftime("/%Y/%m/%d/") in advice.source
        assert f"| {version} | " in PAGE
        assert advice.source in PAGE
    assert DEFAULT.newest not in ADVISORIES


@pytest.mark.parametrize(("version", "status"), [("2025.6.1", "warning"), ("2025.7.4", "ok")])
def test_a_release_that_is_advised_against_is_a_warning_of_the_check(
    version: str, status: str
) -> None:
    case = ClusterCase(loaded(one(linkerd={"version": version})), "a", View("a"))
    (finding,) = advised(case)
    assert finding.status.value == status
    advice = case.config.advice("a")
    assert (advice is None) == (status == "ok")
    if advice is not None:
        assert ADVISORIES[version].source in finding.detail
        assert f'"{ADVISORIES[version].instead}"' in finding.hint
