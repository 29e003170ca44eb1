"""Programs that verbs run: from PATH, or the pinned ones of machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from machine.progress import Report


def helm(report: Report) -> Path:
    """Path of helm: from PATH, or else the pinned one, built on first use. Raises RenderError."""
    from render import find_helm

    return find_helm(report)


def kubectl(report: Report) -> Path:
    """Path of kubectl: from PATH, or else the pinned one, built on first use.

    Raises BuildError.
    """
    from machine.build import ensure

    own = shutil.which("kubectl")
    return Path(own) if own is not None else ensure(["kubectl"], report)["kubectl"]
