"""`./mesh test`: every test."""

from __future__ import annotations

import os
import sys

import typer

from cli.paths import ROOT


def test(context: typer.Context) -> None:
    """Run every test; further arguments go to pytest, for example `-k sentence` or `-x`.

    Tests that need the Pulumi CLI are skipped where it is not on PATH. The first run builds the
    programs of the local clusters, which takes some minutes.
    """
    os.chdir(ROOT)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *context.args])


# pytest would collect a function of this name.
test.__test__ = False  # type: ignore[attr-defined]
