"""`./mesh render`: a stack as plain manifests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli import charts, paths, screen, stacks, tools
from cli.errors import BAD_INPUT, VerbError
from cli.progress import step

if TYPE_CHECKING:
    from render import Manifest


def render(stack: str, out: Path, *, show_secrets: bool, kube_version: str | None) -> None:
    """Write the manifests of a stack below `out`, one folder per cluster. Raises VerbError."""
    if kube_version is not None and not re.fullmatch(r"v?\d+\.\d+(\.\d+)?", kube_version):
        raise VerbError(
            f"'{kube_version}' is no version of Kubernetes", "write it like 1.34.0", BAD_INPUT
        )
    config = stacks.load(stack)

    from render import (
        HelmTemplate,
        Observed,
        RenderError,
        manifests,
        offline_reach,
        record,
        write,
    )
    from render.helm import KUBE_VERSION

    with step("Charts") as work:
        found = charts.available(config, work.clusters)
        helm = tools.helm(work.clusters)
    if found.note:
        screen.note(found.note)
    try:
        with step("Rendering"):
            recording = record(config, offline_reach(config), found.source, Observed.placeholders())
            made = manifests(recording, HelmTemplate(helm, kube_version or KUBE_VERSION))
            write(made, out, show_secrets)
    except RenderError as error:
        raise VerbError(error.message, error.remedy) from None
    screen.out().print(_summary(out, made, show_secrets))


def _summary(out: Path, made: Mapping[str, Sequence[Manifest]], show_secrets: bool) -> str:
    counts = ", ".join(f"{len(items)} objects in {name}" for name, items in made.items())
    hidden = sum(item.secret for items in made.values() for item in items)
    secrets = (
        f"{hidden} of them hold secrets in plain text: keep the folder to yourself"
        if show_secrets
        else f"{hidden} of them hold secrets, which are left out"
    )
    return f"{paths.shown(out)}: {counts}; {secrets}"
