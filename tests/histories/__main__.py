"""``python -m tests.histories [NUMBER]`` walks so many histories, 10,000 by default."""

from __future__ import annotations

import sys
import time

from hypothesis import HealthCheck, settings
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.stateful import run_state_machine_as_test

from tests.histories.certificates import trusted
from tests.histories.machine import Histories
from tests.histories.updates import COUNTED
from tests.histories.world import separated


def walk(number: int, steps: int = 25) -> None:
    """Walk histories of so many steps. Raises AssertionError, with the history that failed."""
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=number,
            stateful_step_count=steps,
            deadline=None,
            database=InMemoryExampleDatabase(),
            suppress_health_check=list(HealthCheck),
        ),
    )


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    begin = time.process_time()
    walk(count)
    compared = separated.cache_info()
    COUNTED["comparisons of proxies with issuers, by cluster"] = compared.hits + compared.misses
    COUNTED["certificates verified by anchors with cryptography"] = trusted.cache_info().misses
    for what, number in sorted(COUNTED.items()):
        print(f"{number:>10,} {what}")
    print(f"no two that run refused each other; {time.process_time() - begin:.0f} s of CPU time")
