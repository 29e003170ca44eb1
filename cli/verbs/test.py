"""`./mesh test`: every test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from cli.paths import ROOT

COMMAND = {"context_settings": {"ignore_unknown_options": True, "allow_extra_args": True}}
PARALLEL = ("--numprocesses", "3")
"""Options of pytest-xdist: three processes, each with whole groups of tests (tests/conftest.py).
Those with the engine wait for API servers a third of their time, so two cores run three."""


def test(context: typer.Context) -> None:
    """Run every test; further arguments go to pytest, for example `-k sentence` or `-x`.

    Tests run in three processes, but for those of files that are named; `-n 0` runs all in one.
    The first run builds the programs of the local clusters, and Pulumi where it is not installed:
    about 20 minutes on two cores.
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
