"""Writes the table of values that change what the inventory says of a release."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from config.inventory.values.shaping import TABLE
from render import HelmTemplate, find_helm
from tests.contracts.shaping.derive import installed, shaping
from tests.contracts.values import PARTS

Table = dict[str, list[list[Any]]]
HEADER = "Written by python -m tests.contracts.shaping from the charts that it names; do not edit."


def main(folder: Path, only: list[str]) -> None:
    """Derive the rows of every chart in a folder, or of those named."""
    helm = HelmTemplate(find_helm())
    table = json.loads(TABLE.read_text(encoding="utf-8"))["charts"] if TABLE.is_file() else {}
    for item in installed(folder):
        if not only or item.chart in only:
            table[item.chart] = [
                list(row) for row in sorted(shaping(item, helm), key=lambda r: r[0])
            ]
            print(item.chart, len(table[item.chart]), flush=True)
            TABLE.write_text(text(with_parts(table)), encoding="utf-8")


def with_parts(table: Table) -> Table:
    """The table, where a chart that is only a stand-in has the rows of a published part of it."""
    result = dict(table)
    for chart, rows in table.items():
        for key, (part, version) in PARTS.get(chart.rpartition("-")[0], {}).items():
            known = {row[0] for row in rows}
            inner = [[f"{key}.{row[0]}", *row[1:]] for row in table.get(f"{part}-{version}", ())]
            more = [row for row in inner if row[0] not in known]
            result[chart] = sorted([*rows, *more], key=lambda row: str(row[0]))
    return result


def text(table: Table) -> str:
    """The table with a line for each row."""
    charts = []
    for chart, rows in sorted(table.items()):
        lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
        charts.append(f" {json.dumps(chart)}: [" + (f"\n{lines}\n ]" if rows else "]"))
    body = ",\n".join(charts)
    return f'{{"header": {json.dumps(HEADER)},\n"charts": {{\n{body}\n}}}}\n'


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
