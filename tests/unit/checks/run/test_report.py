"""The report: one line for everything, whatever happens, and nothing secret in it."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.reading import RefusedError
from checks.facts.results import (
    ClusterRow,
    Finding,
    GatewayRow,
    Report,
    Result,
    Status,
    failure,
    ok,
    skipped,
    warning,
)
from checks.facts.view import View
from checks.links import liveness
from checks.run import reading
from checks.run import report as running
from checks.run.printing import print_report
from kube.at_once import at_once
from kube.errors import KubeconfigError
from kube.kubeconfig import Endpoint
from preflight.reach import Reach
from tests.unit.checks.builders import cluster_case, mesh, node, thing, view
from vocabulary.kinds import NAMESPACE, SECRET


def report(*findings: Finding) -> Report:
    return Report(
        pre=False,
        clusters=(ClusterRow("east", "context 'east'", "v1.34.0", "the-uid"),),
        results=tuple(Result.of("control plane", "east", finding) for finding in findings),
        gateways=(GatewayRow("east", "west", "203.0.113.9:4143", "yes", 2),),
    )


FINDINGS = (
    ok("it stands", "since long"),
    warning("it is young", "made today", "wait"),
    failure("it works", "it does not", "mend it"),
    skipped("it is fast", "it does not work"),
)


def printed(found: Report, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding=encoding), width=60)
    print_report(found, console)
    console.file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("findings", "code"),
    [((), 0), (FINDINGS[:2], 0), ((FINDINGS[3],), 0), (FINDINGS, 1)],
)
def test_only_failures_make_the_exit_status_1(findings: tuple[Finding, ...], code: int) -> None:
    assert report(*findings).exit_code == code


def test_the_json_has_everything_that_was_found() -> None:
    content = json.loads(report(*FINDINGS).as_json())
    assert content["success"] is False
    assert content["summary"] == {"ok": 1, "warning": 1, "failure": 1, "skipped": 1}
    assert content["results"][2] == {
        "category": "control plane",
        "cluster": "east",
        "title": "it works",
        "status": "failure",
        "detail": "it does not",
        "hint": "mend it",
    }
    assert content["clusters"][0]["uid"] == "the-uid"
    assert content["gateways"][0]["alive"] == "yes"


def test_each_line_has_its_mark_and_failures_have_their_hint_below_them() -> None:
    lines = printed(report(*FINDINGS)).splitlines()
    assert lines[:2] == ["east: control plane", "-------------------"]
    assert lines[2] == "√ it stands  since long"
    at = lines.index("\u00d7 it works")
    assert lines[at + 1 : at + 3] == ["    it does not", "    hint: mend it"]
    bare = printed(report(failure("it works", "", ""))).splitlines()
    assert bare[2:4] == ["\u00d7 it works", ""]
    assert "- it is fast  it does not work" in lines
    assert lines[-1] == "\u00d7 1 passed, 1 warnings, 1 failed, 1 skipped"


def test_an_encoding_without_the_marks_gets_plain_ones() -> None:
    text = printed(report(*FINDINGS), "ascii")
    assert "ok it stands" in text
    assert "XX it works" in text
    assert "!! it is young" in text


def test_a_word_that_the_encoding_lacks_does_not_stop_the_report() -> None:
    text = printed(report(failure("it works", "signed by CN=Zürich")), "ascii")
    assert "signed by CN=Z?rich" in text


def test_long_lines_are_not_broken_so_that_grep_finds_them() -> None:
    detail = "word " * 40 + "end"
    assert detail in printed(report(failure("it works", detail)))


def test_words_in_brackets_are_printed_as_they_are() -> None:
    assert "remove it from links[0].exports [bold]" in printed(
        report(failure("x", "y", "remove it from links[0].exports [bold]"))
    )


def test_the_table_of_gateways_is_printed() -> None:
    text = printed(report())
    row = next(line for line in text.splitlines() if "203.0.113.9:4143" in line)
    assert row.split() == ["east", "west", "203.0.113.9:4143", "yes", "2"]


def explodes(_: ClusterCase) -> Iterator[Finding]:
    yield ok("this much was found")
    raise KeyError("a secret that was read")


def test_a_check_that_breaks_is_a_failing_line_that_names_it_and_has_no_secret() -> None:
    found = list(running.guarded(Check("any", Phase.PARTS, explodes), cluster_case(view())))
    assert [(result.title, result.status) for result in found] == [
        ("this much was found", Status.OK),
        ("check 'explodes' can run", Status.FAILURE),
    ]
    assert "KeyError in test_report.py:" in found[1].detail
    assert "secret" not in found[1].detail


def needs_secrets(case: ClusterCase) -> Iterator[Finding]:
    case.view.all(SECRET, "linkerd")
    yield ok("never reached")


def test_what_a_check_may_not_see_is_a_failing_line_that_says_so() -> None:
    seen = view(unseen={(SECRET, "linkerd"): "not allowed (status 403)"})
    (found,) = running.guarded(Check("any", Phase.PARTS, needs_secrets), cluster_case(seen))
    assert (found.title, found.status) == (
        "check 'needs secrets' can read what it needs",
        Status.FAILURE,
    )
    assert found.detail == "Secret objects in linkerd cannot be listed: not allowed (status 403)"


@pytest.fixture
def no_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))


@pytest.mark.usefixtures("no_kubeconfig")
@pytest.mark.parametrize("pre", [False, True])
def test_clusters_that_cannot_be_reached_are_one_failing_line_each(pre: bool) -> None:
    found = running.run(mesh(), pre=pre)
    failed = [result for result in found.results if result.status is Status.FAILURE]
    assert [(result.cluster, result.title) for result in failed] == [
        ("east", reading.ANSWERS),
        ("west", reading.ANSWERS),
    ]
    assert found.exit_code == 1
    assert [row.version for row in found.clusters] == ["", ""]


@pytest.mark.parametrize(
    ("raised", "detail"),
    [
        (KubeconfigError("there is no context", "write another"), "there is no context"),
        (RefusedError("the API server answers with status 500"), "status 500"),
        (KeyError("a secret that was read"), "reading it failed (KeyError in"),
    ],
)
def test_whatever_stops_the_reading_of_a_cluster_is_one_failing_line(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, detail: str
) -> None:
    def fails(*_: object, **__: object) -> View:
        raise raised

    reach = Reach(Endpoint("https://127.0.0.1:1", None), "the-uid")
    monkeypatch.setattr(reading, "examine", lambda clusters: dict.fromkeys(clusters, reach))
    monkeypatch.setattr(reading, "api_client", lambda _: nullcontext(None))
    monkeypatch.setattr(reading, "look", fails)
    found = [one for one in running.run(mesh()).results if one.status is Status.FAILURE]
    assert [one.title for one in found] == [reading.ANSWERS] * 2
    assert detail in found[0].detail
    assert found[0].hint
    assert "secret" not in found[0].detail


def test_a_cluster_that_never_answers_is_one_failing_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forever = threading.Event()

    def looked_at(_: object, name: str, *, pre: bool) -> View:
        if name == "east":
            forever.wait()
        return view(thing("v1", "Namespace", "linkerd"))

    monkeypatch.setattr(reading, "view_of", looked_at)
    monkeypatch.setattr(reading, "READ_SECONDS", 0.2)
    found = running.run(mesh())
    forever.set()
    east = [(one.title, one.status, one.detail) for one in found.results if one.cluster == "east"]
    assert east == [(reading.ANSWERS, Status.FAILURE, "reading it timed out")]


def one_cluster_answers(
    monkeypatch: pytest.MonkeyPatch, seen: View, *, silent: str = "east"
) -> Report:
    def looked_at(_: object, name: str, *, pre: bool) -> View | Finding:
        if name == silent:
            return failure(reading.ANSWERS, "it is silent", "wake it")
        return seen

    monkeypatch.setattr(reading, "view_of", looked_at)
    return running.run(mesh())


def test_beside_a_silent_cluster_the_others_are_still_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = one_cluster_answers(monkeypatch, view(thing("v1", "Namespace", "linkerd")))
    west = [result for result in found.results if result.cluster == "west"]
    assert {result.category for result in west} >= {"certificates", "releases", "ambassador"}
    (link,) = [result for result in found.results if result.category == "link"]
    assert (link.status, link.detail) == (Status.SKIPPED, "cluster east cannot be read")


def test_a_cluster_without_linkerd_has_one_line_for_all_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = one_cluster_answers(monkeypatch, view())
    failed = [result for result in found.results if result.status is Status.FAILURE]
    assert [result.title for result in failed] == [reading.ANSWERS, "Linkerd is installed"]


def test_a_link_to_a_cluster_without_linkerd_is_not_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    views = {"east": view(thing("v1", "Namespace", "linkerd"), cluster="east"), "west": view()}
    monkeypatch.setattr(reading, "view_of", lambda _, name, *, pre: views[name])
    (link,) = [r for r in running.run(mesh()).results if r.cluster == "east -> west"]
    assert (link.status, link.detail) == (Status.SKIPPED, "nothing is installed in west")
    before = [r for r in running.run(mesh(), pre=True).results if r.cluster == "east -> west"]
    assert {result.category for result in before} == {"exports"}


def test_a_service_mirror_is_asked_only_where_pods_are_real(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lease = thing(
        "coordination.k8s.io/v1",
        "Lease",
        "service-mirror-write-west",
        "linkerd-multicluster",
        spec={"holderIdentity": "controller-west-0"},
    )
    asked: list[str] = []

    def ask(_: object, pod: str, target: str) -> bool:
        asked.append(f"{pod} about {target}")
        return True

    monkeypatch.setattr(reading, "api_client", lambda _: nullcontext(None))
    monkeypatch.setattr(liveness, "ask_mirror", ask)
    config = mesh()

    def alive(*objects: dict[str, Any]) -> str:
        seen = {"east": view(*objects, cluster="east"), "west": view()}
        (row,) = running.gateway_rows(config, seen, reading.ask_links(config, seen))
        return row.alive

    assert alive(lease, node()) == "yes"
    assert asked == ["controller-west-0 about west"]
    assert alive(lease, node(kwok=True)) == "unknown"
    assert alive(node()) == "unknown"
    assert len(asked) == 1


def test_namespaces_that_may_not_be_listed_are_not_taken_for_an_empty_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = one_cluster_answers(monkeypatch, view(unseen={(NAMESPACE, ""): "not allowed"}))
    titles = {result.title for result in found.results}
    assert "Linkerd is installed" not in titles
    assert "check 'namespace' can read what it needs" in titles


def test_one_cluster_under_two_names_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = one_cluster_answers(monkeypatch, view(), silent="none")
    (line,) = [r for r in found.results if r.title == "no cluster is listed under two names"]
    assert (line.status, line.detail) == (
        Status.FAILURE,
        "one cluster with several names: east and west",
    )


def test_one_cluster_alone_is_not_reported_to_differ_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = one_cluster_answers(monkeypatch, view())
    assert "no cluster is listed under two names" not in {result.title for result in found.results}


def test_a_job_that_hangs_does_not_delay_the_others() -> None:
    forever = threading.Event()

    def hangs() -> str:
        forever.wait()
        return "late"

    answers = at_once({"answers": lambda: "soon", "hangs": hangs}, 1.0)
    forever.set()
    assert answers == {"answers": "soon"}
