"""What a run has given: medians with their ranges, ratios, memory; as a table or as JSON."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.by_hand import BY_HAND
from benchmarks.commands import Measured
from benchmarks.pulumi_way import CLEAN_PREVIEW, DESTROY, EMPTY_PREVIEW, UP
from benchmarks.run import Round, total


@dataclass(frozen=True)
class Row:
    """One thing that was measured in every round."""

    title: str
    seconds: Sequence[float]
    cpu_seconds: Sequence[float]
    peak_bytes: int

    @property
    def median(self) -> float:
        """The middle of all rounds, in seconds."""
        return statistics.median(self.seconds)

    def add_to(self, table: Table) -> None:
        """Make it a row of a table: the middle, the range, CPU time, the highest peak."""
        table.add_row(
            self.title,
            f"{self.median:.1f}",
            f"{min(self.seconds):.1f} - {max(self.seconds):.1f}",
            f"{statistics.median(self.cpu_seconds):.1f}",
            f"{self.peak_bytes / 1e6:.0f}",
        )

    def as_data(self) -> dict[str, object]:
        """The same with every round, in seconds and bytes."""
        return {
            "medianSeconds": self.median,
            "seconds": list(self.seconds),
            "cpuSeconds": list(self.cpu_seconds),
            "peakBytes": self.peak_bytes,
        }


class Summary:
    """All rounds together."""

    def __init__(self, rounds: Sequence[Round]) -> None:
        self._rounds = rounds
        self.engine = _rows([one.pulumi for one in rounds])
        self.steps = _rows([one.by_hand for one in rounds])
        self.by_hand = _rows([[total(one.by_hand)] for one in rounds])[BY_HAND]
        self.ratios = [
            up / by_hand
            for up, by_hand in zip(self.engine[UP].seconds, self.by_hand.seconds, strict=True)
        ]

    @property
    def same(self) -> bool:
        """Whether both ways have made the same mesh in every round."""
        return not any(one.differences for one in self._rounds)

    def print(self, console: Console) -> None:
        """Print tables, the ratio, and every difference between the meshes."""
        rounds = len(self._rounds)
        table = _table(f"{rounds} round{'' if rounds == 1 else 's'}, {os.cpu_count()} CPUs")
        for title in (UP, BY_HAND, CLEAN_PREVIEW, EMPTY_PREVIEW, DESTROY):
            row = self.by_hand if title == BY_HAND else self.engine[title]
            row.add_to(table)
        console.print(table)
        steps = _table("by hand, step by step")
        for row in self.steps.values():
            row.add_to(steps)
        console.print(steps)
        ratio = statistics.median(self.ratios)
        console.print(
            f"pulumi up / by hand: [bold]{ratio:.2f}[/bold] "
            f"({min(self.ratios):.2f} - {max(self.ratios):.2f})"
        )
        self._print_differences(console)

    def as_json(self) -> str:
        """Everything that was measured, for machines; seconds and bytes."""
        return json.dumps(
            {
                "cpus": os.cpu_count(),
                "upToByHand": {"median": statistics.median(self.ratios), "rounds": self.ratios},
                "summary": {
                    row.title: row.as_data() for row in (*self.engine.values(), self.by_hand)
                },
                "byHandSteps": {row.title: row.as_data() for row in self.steps.values()},
                "sameMesh": self.same,
                "differences": [
                    {"round": number, **asdict(difference)}
                    for number, one in enumerate(self._rounds, start=1)
                    for difference in one.differences
                ],
            },
            indent=2,
        )

    def _print_differences(self, console: Console) -> None:
        for number, one in enumerate(self._rounds, start=1):
            if not one.differences:
                console.print(f"round {number}: both made the same {one.objects} objects")
                continue
            console.print(f"round {number}: [bold red]the two meshes differ[/bold red]")
            for item in one.differences:
                console.print(f"  {item.place}", markup=False)
                console.print(f"    pulumi:  {item.first}", markup=False)
                console.print(f"    by hand: {item.second}", markup=False)


def _rows(rounds: Iterable[Sequence[Measured]]) -> dict[str, Row]:
    """What has the same place in every round, as one row."""
    return {
        same[0].title: Row(
            same[0].title,
            [one.seconds for one in same],
            [one.cpu_seconds for one in same],
            max(one.peak_bytes for one in same),
        )
        for same in zip(*rounds, strict=True)
    }


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    for name in ("median, s", "range, s", "CPU, s", "peak, MB"):
        table.add_column(name, justify="right")
    return table
