"""The table of values that change what the inventory says, held to the charts.

With MESH_CHARTS, a sample of each published chart's values is changed and rendered again (all of
them: ``python -m tests.contracts.shaping``); on any machine, what the stand-ins know of the table.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.inventory.values.merging import merged, nested
from config.inventory.values.shaping import TABLE
from config.rules.values import contradictions
from render import HelmTemplate, RenderError
from tests.contracts.shaping.__main__ import HEADER, named, text
from tests.contracts.shaping.derive import (
    Installed,
    defaults,
    installed,
    leaves,
    objects,
    place,
    shaping,
)
from tests.contracts.shaping.facts import facts
from tests.packages import packages
from vocabulary.kinds import Kind

TABLES = json.loads(TABLE.read_text(encoding="utf-8"))
ROWS = {
    chart: {path: (default, changes) for path, default, changes in rows}
    for chart, rows in TABLES["charts"].items()
}
PUBLISHED = os.environ.get("MESH_CHARTS", "")
"""Folder of published charts; read here, as no test has the variable."""
SAMPLE = 6
"""Values of each published chart that are changed again, beside as many rows of the table."""


def charts(folder: Path) -> Iterator[Installed]:
    return (item for item in installed(folder) if item.chart in ROWS)


def sample(item: Installed) -> set[str]:
    """Paths to change: some that have a row, and some that have none."""
    drawn = random.Random(item.chart)
    known = {place(path) for path, _ in leaves(defaults(item.package))}
    rows = sorted(known & set(ROWS[item.chart]))
    rest = sorted(known - set(rows))
    return {
        *drawn.sample(rows, min(SAMPLE, len(rows))),
        *drawn.sample(rest, min(SAMPLE, len(rest))),
    }


@pytest.mark.skipif(not PUBLISHED, reason="MESH_CHARTS names no charts")
def test_the_published_charts_still_give_the_rows_of_the_table(helm: HelmTemplate) -> None:
    found = list(charts(Path(PUBLISHED)))
    assert found
    for item in found:
        asked = sample(item)
        derived = named([row for row in shaping(item, helm, asked) if row.path in asked])
        for table, rows in derived.items():
            expected = [row for row in TABLES[table].get(item.chart, []) if row[0] in asked]
            assert sorted(rows) == sorted(expected), (item.chart, table)


@pytest.mark.skipif(not PUBLISHED, reason="MESH_CHARTS names no charts")
def test_no_switch_without_a_row_adds_a_kind(helm: HelmTemplate) -> None:
    """A table that lacks every row of a chart would hardly be seen in a sample."""
    seen = 0
    for item in charts(Path(PUBLISHED)):
        rows = {row[0] for row in TABLES["kinds"][item.chart]}
        off = [
            path
            for path, value in leaves(defaults(item.package))
            if value is False
            and place(path) not in rows
            and not list(contradictions(replace(item.values, extra=nested(True, path))))
        ]
        known = kinds_with(item, helm, []) | {str(kind) for kind in item.release.kinds}
        assert kinds_with(item, helm, off) <= known, item.chart
        seen += len(off)
    assert seen > 20


def kinds_with(item: Installed, helm: HelmTemplate, on: list[tuple[str, ...]]) -> set[str]:
    """Kinds of what is rendered with these values true, in parts where they exclude each other."""
    extra: dict[str, Any] = {}
    for path in on:
        extra = merged(extra, nested(True, path))
    try:
        return {str(Kind.of(made)) for made in objects(item, helm, extra)}
    except RenderError:
        half = len(on) // 2
        parts = (on[:half], on[half:]) if half else ()
        return {kind for part in parts for kind in kinds_with(item, helm, part)}


def test_the_stand_ins_change_with_a_row_of_the_table_what_the_charts_do(
    helm: HelmTemplate,
) -> None:
    seen = 0
    for item in charts(packages()):
        asked = {place(path) for path, _ in leaves(defaults(item.package))} & set(ROWS[item.chart])
        for row in shaping(item, helm, asked):
            expected = ROWS[item.chart].get(row.path, (None, ["labels"]))[1]
            assert set(row.changes) <= set(expected), (item.chart, row.path)
            seen += 1
    assert seen > 5


def test_the_table_is_as_the_script_writes_it() -> None:
    assert text({name: TABLES[name] for name in named([])}) == TABLE.read_text(encoding="utf-8")
    assert TABLES["header"] == HEADER


def test_a_kind_that_a_value_adds_is_no_kind_of_the_release() -> None:
    deployment, autoscaler = ({**DEPLOYMENT, **more} for more in ({}, AUTOSCALER))
    before, after = (facts(items, "emissary", "a") for items in ([deployment], [autoscaler]))
    assert before.added(after, before.every_kind) == ["HorizontalPodAutoscaler.autoscaling"]
    assert before.added(after, after.every_kind) == []


AUTOSCALER = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
POD = {
    "metadata": {"labels": {"app": "a", "version": "1"}},
    "spec": {
        "serviceAccountName": "own",
        "containers": [{"ports": [{"name": "http", "containerPort": 8080}]}],
        "volumes": [{"secret": {"secretName": "tls"}}],
    },
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a", "namespace": "s"},
    "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": POD},
}


@pytest.mark.parametrize(
    ("path", "value", "changes"),
    [
        ("kind", "DaemonSet", ["names", "kinds"]),
        ("metadata.name", "b", ["names"]),
        ("metadata.namespace", "t", ["namespaces"]),
        ("spec.template.metadata.labels.app", "b", ["labels"]),
        ("spec.template.metadata.labels.version", "2", []),
        ("spec.template.spec.serviceAccountName", "other", ["accounts"]),
        ("spec.template.spec.hostNetwork", True, ["network"]),
        ("spec.template.spec.containers", [], ["ports"]),
        ("spec.template.spec.volumes", [], ["secrets"]),
        ("spec.template.spec.priorityClassName", "high", []),
    ],
)
def test_what_changes_with_an_object_is_named(path: str, value: object, changes: list[str]) -> None:
    other = json.loads(json.dumps(DEPLOYMENT))
    *above, last = path.split(".")
    node = other
    for part in above:
        node = node[part]
    node[last] = value
    before, after = (facts([item], "linkerd", "a") for item in (DEPLOYMENT, other))
    assert before.changes(after, before.kinds) == changes
