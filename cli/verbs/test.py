"""`./mesh test`: every test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from cli.paths import ROOT

PARALLEL = ("--numprocesses", "2")
"""Options of pytest-xdist: two processes, each with whole groups of tests (tests/conftest.py)."""


def test(context: typer.Context) -> None:
    """Run every test; further arguments go to pytest, for example `-k sentence` or `-x`.

    Tests run in two processes, but for those of files that are named; `-n 0` runs all in one.
    Tests that need the Pulumi CLI are skipped where it is not on PATH. The first run builds the
    programs of the local clusters, which takes some minutes.
    """
    os.chdir(ROOT)
    parallel = () if any(map(_is_file, context.args)) else PARALLEL
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *parallel, *context.args])


def _is_file(argument: str) -> bool:
    return Path(argument.partition("::")[0]).is_file()


# pytest would collect a function of this name.
test.__test__ = False  # type: ignore[attr-defined]
