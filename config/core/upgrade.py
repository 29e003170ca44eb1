"""How one cluster is upgraded."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.language.formats import Line
from config.language.model import Model


class UpgradeConfig(Model):
    """How `./mesh upgrade` treats a cluster, and which changes of versions the guard allows."""

    wave: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    """The wave of upgrades that the cluster is in: those of a wave are upgraded together, lower
    numbers first. Clusters without it come last, one after another: those in which fewer links end
    are first."""
    allow: Line | None = None
    """Why a change of versions that the guard refuses is right here: a downgrade, a version that is
    skipped, proxies that are too old. It is a warning then. Remove it after the update."""
