"""Kills many runs, or lets API servers and credentials fail, and prints a table.

    python -m tests.faults [--kills N] [--seed SEED]
    python -m tests.faults --servers

It needs Pulumi on PATH, starts two local clusters below MESH_STATE, and ends them. Exit code 1
where a result differs from that of an undisturbed run, or an error from what is documented.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import local_clusters
from cli.engine.find import find
from machine.files import make_private_directory, state_directory
from tests.faults import documented, servers
from tests.faults.kills import HEADER, Healed, plan, suffer, undisturbed
from tests.faults.world import NAMES, TARGET, World, world
from tests.packages import packages


def main() -> int:
    """Run the script; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--servers", action="store_true")
    wanted = parser.parse_args()
    named = os.environ.get("MESH_CHARTS")
    charts = Path(named) if named else packages()
    engine = find(print)
    # The clusters end with this script, also where its job is cancelled.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = make_private_directory(state_directory() / f"faults-{os.getpid()}")
    try:
        started = local_clusters.up(NAMES, directory=folder / "clusters")
        clusters = dict(zip(NAMES, started, strict=True))
        direct = [TARGET] if wanted.servers else []
        with world(clusters, folder, engine, charts, direct) as made:
            if wanted.servers:
                bad = _fail_servers(made, engine.origin)
            else:
                bad = _kill_many(made, engine.origin, wanted.kills, wanted.seed)
    finally:
        local_clusters.down(directory=folder / "clusters")
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if bad else 0


def _fail_servers(made: World, origin: str) -> int:
    """Print the table; returns how many rows are not as documented."""
    print(f"{origin}\n\n{documented.HEADER}", flush=True)
    bad = 0
    for row in servers.faults(made):
        print(row, flush=True)
        bad += row.bad
    print(f"\n{bad} not as documented")
    return bad


def _kill_many(made: World, origin: str, kills: int, seed: int) -> int:
    """Print the table, and the whole of what ended badly; returns how many kills did."""
    found: list[Healed] = []
    begun = time.monotonic()
    expected = undisturbed(made)
    writes = {name: number for name, (number, _) in expected.items()}
    shown = ", ".join(f"{name} {number}" for name, number in writes.items())
    print(f"{origin}; writes of undisturbed runs: {shown}\n\n{HEADER}", flush=True)
    for one in plan(made, writes, kills, seed):
        found.append(suffer(made, one, expected[one.phase.name][1]))
        print(found[-1].row(), flush=True)
    bad = [one for one in found if one.troubles]
    counts = Counter(one.way for one in found) + Counter(one.kill.who for one in found)
    summary = ", ".join(f"{word} {number}" for word, number in counts.items())
    print(f"\n{kills} kills, {len(bad)} bad, {time.monotonic() - begun:.0f} s; {summary}")
    for healed in bad:
        print(f"\n{healed.row()}", *healed.troubles, sep="\n")
    return len(bad)


if __name__ == "__main__":
    sys.exit(main())
