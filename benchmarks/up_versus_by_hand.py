"""`pulumi up` for a pair of clusters, beside the same mesh made by hand: how long, how much memory.

    .venv/bin/python benchmarks/up_versus_by_hand.py --rounds 5

See benchmarks/README.md for what it needs, what it does and how to read it.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

ROOT = str(Path(__file__).resolve().parents[1])
# Python puts the folder of this file first, where our modules would shadow those of others.
if sys.path[0] != ROOT:
    sys.path[0] = ROOT

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    rounds: Annotated[
        int, typer.Option(min=1, help="How often each way is gone, in turn; a minute or two each.")
    ] = 3,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything that was measured as JSON.")
    ] = False,
) -> None:
    """Measure `pulumi up` beside helm, kubectl and the linkerd CLI, on local clusters."""
    from benchmarks.commands import BenchmarkError
    from benchmarks.run import Benchmark
    from benchmarks.summary import Summary
    from vocabulary.errors import MeshError

    # On SIGTERM the clusters are removed first, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    progress = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    results = Console(highlight=False, soft_wrap=True)
    try:
        with tempfile.TemporaryDirectory(prefix="mesh-benchmark-") as folder:
            benchmark = Benchmark(Path(folder), progress.print)
            summary = Summary([benchmark.round(number + 1) for number in range(rounds)])
    except (BenchmarkError, MeshError) as error:
        progress.print(f"error: {error}")
        raise typer.Exit(1) from None
    if as_json:
        results.print(summary.as_json(), markup=False)
    else:
        summary.print(results)
    if not summary.same:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
