"""`./mesh test`: every test."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cli.paths import ROOT


def test(arguments: Sequence[str]) -> None:
    """Become pytest, run from the checkout with these arguments."""
    os.chdir(ROOT)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])


# pytest would take a module's function of this name for a test.
test.__test__ = False  # type: ignore[attr-defined]
