"""Programs that verbs run: the user's own, or the pinned ones of local_clusters."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import VerbError

if TYPE_CHECKING:
    from local_clusters import Report


def helm(report: Report) -> Path:
    """The Helm of PATH, or else the pinned one, built on first use. Raises VerbError."""
    from render import RenderError, find_helm

    try:
        return find_helm(report)
    except RenderError as error:
        raise VerbError(error.message, error.remedy) from None


def kubectl(report: Report) -> Path:
    """The kubectl of PATH, or else the pinned one, built on first use. Raises VerbError."""
    from local_clusters import LocalClusterError, ensure

    own = shutil.which("kubectl")
    if own is not None:
        return Path(own)
    try:
        return ensure(["kubectl"], report)["kubectl"]
    except LocalClusterError as error:
        raise VerbError(error.message, error.remedy) from None
