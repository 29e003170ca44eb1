"""`./mesh render`: a stack as plain manifests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import paths, screen, stacks, tools
from cli.arguments import Stack
from cli.errors import VerbError
from cli.progress import step
from vocabulary.errors import BAD_INPUT

if TYPE_CHECKING:
    from charts import ChartSource
    from config import MeshConfig
    from render import RenderedObject


def render(
    stack: Stack,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder to write to, with one folder per cluster.",
            file_okay=False,
            show_default=False,
        ),
    ],
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Write secrets too, in plain text.")
    ] = False,
    stand_in_charts: Annotated[
        bool,
        typer.Option(
            "--stand-in-charts",
            help="Render this project's stand-ins for the published charts, for trials without "
            "internet.",
        ),
    ] = False,
    kube_version: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="Version of Kubernetes that charts are rendered for, for example 1.34.0.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the objects that a stack describes as plain manifests, one folder per cluster.

    Needs no cluster and no engine, but the charts: from their repositories, or from the folder of
    MESH_CHARTS or charts.directory. Where one is not available, nothing is written. charts.yaml in
    the folder names the chart of each release, its source and digest. What only a cluster knows
    (addresses, tokens) is a placeholder, and every run generates certificates. Secrets are left
    out unless asked for.
    """
    if kube_version is not None and not re.fullmatch(r"v?\d+\.\d+(\.\d+)?", kube_version):
        raise VerbError(
            f"'{kube_version}' is not a version of Kubernetes", "write it like 1.34.0", BAD_INPUT
        )
    config = stacks.load(stack)

    from charts import charts_of, choice
    from render import (
        ClusterAnswers,
        HelmTemplate,
        chart_origins,
        manifests,
        offline_reach,
        record,
        write,
    )
    from render.helm import KUBE_VERSION

    with step("Charts") as work:
        if stand_in_charts:
            source = choice.stand_ins(config, lambda: tools.helm(work.progress), paths.cache())
        else:
            source = _available(config)
        helm = HelmTemplate(tools.helm(work.progress), kube_version or KUBE_VERSION)
    with step("Rendering"):
        recording = record(config, offline_reach(config), source, ClusterAnswers.placeholders())
        made = manifests(recording, helm)
        origins = chart_origins.as_yaml(recording, helm, source, charts_of(config))
        write(made, out, show_secrets, origins)
    screen.out().print(_summary(out, made, show_secrets))


def _available(config: MeshConfig) -> ChartSource:
    from charts import choice

    try:
        return choice.available(config, paths.ROOT)
    except choice.UnreachableChartsError as error:
        error.remedy += "; for a trial, --stand-in-charts renders stand-ins"
        raise


def _summary(out: Path, made: Mapping[str, Sequence[RenderedObject]], show_secrets: bool) -> str:
    counts = ", ".join(f"{len(items)} objects in {name}" for name, items in made.items())
    hidden = sum(item.secret for items in made.values() for item in items)
    secrets = (
        f"{hidden} of them have secrets in plain text: keep the folder private"
        if show_secrets
        else f"{hidden} of them have secrets, which are redacted"
    )
    return f"{paths.shown(out)}: {counts}; {secrets}"
