"""A process ends with the one that started it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from local_clusters.processes import identify
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import os, time
from machine.parent import end_with_parent
end_with_parent()
print(os.getpid(), flush=True)
time.sleep(300)
"""
PARENT = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {CHILD!r}])
time.sleep(300)
"""


def test_a_process_ends_after_its_parent_was_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = identify(int(parent.stdout.readline()))
        assert child is not None and child.alive()
        parent.send_signal(signal.SIGKILL)
    eventually(lambda: not child.alive())
