"""Writes the table of values that change what the inventory says of a release."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from config.inventory.values.shaping import TABLE
from render import HelmTemplate, find_helm
from tests.contracts.shaping.derive import Row, installed, shaping
from tests.contracts.shaping.scoped import renamed, scoped
from tests.contracts.values import PARTS

Table = dict[str, list[list[Any]]]
Tables = dict[str, Table]
HEADER = "Written by python -m tests.contracts.shaping from the charts that it names; do not edit."


def main(folder: Path, only: list[str]) -> None:
    """Derive the rows of every chart in a folder, or of those named."""
    helm = HelmTemplate(find_helm())
    tables: Tables = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.is_file() else {}
    others = {item.chart: item for item in installed(folder, renamed())}
    for item in installed(folder):
        if not only or item.chart in only:
            found = sorted(shaping(item, helm), key=lambda row: row.path)
            for name, rows in named(found, scoped(others[item.chart], helm)).items():
                tables.setdefault(name, {})[item.chart] = rows
            print(item.chart, len(found), flush=True)
            TABLE.write_text(text(whole(tables)), encoding="utf-8")


def whole(tables: Tables) -> Tables:
    """Every table with each chart that any of them has."""
    charts = tables["charts"]
    return {
        name: with_parts(
            {chart: tables.get(name, {}).get(chart, []) for chart in charts},
            paths=name != "scoped",
        )
        for name in named([])
    }


def named(rows: Sequence[Row], names: Sequence[list[Any]] = ()) -> Table:
    """The rows of one chart in each table, by the names of the tables.

    `names` are those of objects in no namespace, each with their kinds.
    """
    return {
        "charts": [[row.path, row.default, list(row.changes)] for row in rows if row.changes],
        "kinds": [[row.path, row.default, list(row.kinds)] for row in rows if row.kinds],
        "copied": [[row.path, row.beside] for row in rows if row.beside],
        "scoped": list(names),
    }


def with_parts(table: Table, *, paths: bool) -> Table:
    """The table, where a chart that is only a stand-in has the rows of a published part of it.

    `paths` is whether its rows begin with paths of values.
    """
    result = dict(table)
    for chart, rows in table.items():
        for key, (part, version) in PARTS.get(chart.rpartition("-")[0], {}).items():
            known = {row[0] for row in rows}
            rows_of_part = table.get(f"{part}-{version}", ())
            inner = [_below(key, row) if paths else row for row in rows_of_part]
            more = [row for row in inner if row[0] not in known]
            result[chart] = sorted([*rows, *more], key=lambda row: str(row[0]))
    return result


def _below(key: str, row: list[Any]) -> list[Any]:
    """A row of a part, as the whole chart has it; a row of two has two paths."""
    return [f"{key}.{one}" for one in row] if len(row) == 2 else [f"{key}.{row[0]}", *row[1:]]


def text(tables: Tables) -> str:
    """The tables with a line for each row."""
    parts = [f'"{name}": {{\n{_text(table)}\n}}' for name, table in tables.items()]
    body = ",\n".join(parts)
    return f'{{"header": {json.dumps(HEADER)},\n{body}}}\n'


def _text(table: Table) -> str:
    charts = []
    for chart, rows in sorted(table.items()):
        lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
        charts.append(f" {json.dumps(chart)}: [" + (f"\n{lines}\n ]" if rows else "]"))
    return ",\n".join(charts)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
