"""`./mesh test`: every test."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cli.paths import ROOT

PARALLEL = ("--numprocesses", "2")
"""Options of pytest-xdist: two processes, each with whole groups of tests (tests/conftest.py)."""


def test(arguments: Sequence[str]) -> None:
    """Become pytest, run from the checkout with these arguments.

    Where they name no file or folder, all tests run, in two processes; `-n 0` runs them in one.
    """
    os.chdir(ROOT)
    parallel = () if any(map(_is_path, arguments)) else PARALLEL
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *parallel, *arguments])


def _is_path(argument: str) -> bool:
    return not argument.startswith("-") and Path(argument.partition("::")[0]).exists()


# pytest would take a module's function of this name for a test.
test.__test__ = False  # type: ignore[attr-defined]
