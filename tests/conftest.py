"""What concerns every test: which tests run in one process, and what is built before the first.

`./mesh test` runs three processes (pytest-xdist). Tests of one group run in the same process, so
that what they share is made once, while the other processes run something else.
"""

from __future__ import annotations

import gc
import os
import shutil
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from machine.build import cached
from machine.tools import CLUSTER_TOOLS, ENGINE_TOOLS

GROUPS = {
    "engine": ("tests/engine/test_stack", "tests/engine/test_own_clusters.py"),
    "faults": ("tests/faults/", "tests/e2e/", "tests/engine/"),
    "clusters": ("tests/integration/",),
    "rendered": (
        "tests/contracts/",
        "tests/unit/checks/cluster/test_permissions.py",
        "tests/unit/checks/run/",
        "tests/unit/render/",
        "tests/unit/components/ambassador/test_pod_labels.py",
    ),
}
"""Files that one process runs, by the beginnings of their paths; the first groups take longest.

Tests of `engine` share two clusters and a deployed stack, those of `faults` (the others with the
engine among them) and of `clusters` two clusters, those of `rendered` recordings and rendered stack
files. Any other file is a group.
"""

LONG = (
    "tests/unit/config/test_bad_stack_files.py",
    "tests/unit/cli/",
    "tests/unit/verify/pods/test_agent.py",
    "tests/unit/config/inventory/",
    "tests/unit/charts/",
)
"""Other files that take more than 20 seconds, which no process should begin when all others end."""

PROGRAMS = (*CLUSTER_TOOLS, "helm", "kubectl", *(() if shutil.which("pulumi") else ENGINE_TOOLS))
"""Programs that fixtures build where they are not in the cache; the test that needs one waits."""
_BUILD_SECONDS = 3600


# No drawn test depends on the clock's speed.
settings.register_profile("mesh", deadline=None)
settings.load_profile("mesh")

# The engine, its providers and Helm are short-lived: collecting their garbage less often saves CPU.
os.environ.setdefault("GOGC", "400")


def group(nodeid: str) -> str:
    """The group of a test by its id."""
    for name, beginnings in GROUPS.items():
        if nodeid.startswith(beginnings):
            return name
    return nodeid.partition("::")[0]


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process whole groups."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def pytest_collection_finish() -> None:
    """What was imported and collected stays: to look for garbage in it was a third of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """The scheduler of pytest-xdist."""
    return ByGroup(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the groups first that take longest, and leave time to build programs."""
    places = [*GROUPS]

    def place(item: pytest.Item) -> int:
        name = group(item.nodeid)
        if name in places:
            return places.index(name)
        return len(places) + (not item.nodeid.startswith(LONG))

    items.sort(key=place)
    if not cached(PROGRAMS):
        for item in items:
            item.add_marker(pytest.mark.timeout(_BUILD_SECONDS))
