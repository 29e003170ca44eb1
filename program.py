"""The program: read the stack file, ask the clusters who they are, declare the mesh."""

from __future__ import annotations

import os

import pulumi

from charts import ChartSource, charts_of
from components import build_mesh
from config.from_engine import load_engine_settings
from config.preconditions import expectations
from preflight import examine
from preflight.cluster_names import require_same_names
from vocabulary.errors import MeshError


def program() -> None:
    """Declare the mesh of the stack that the engine runs, and export its outputs.

    Runs under the engine, in the process of a language host or of the Automation API. Raises
    pulumi.RunError, which reaches the user as its message alone, without a traceback.
    """
    try:
        config = load_engine_settings()
        charts = ChartSource.of(config.charts, os.environ)
        charts.require(charts_of(config))
        expected = {name: expectations(config, name) for name in config.clusters}
        reach = examine(config.clusters, expected)
        for name, found in reach.items():
            for note in found.notes:
                pulumi.log.warn(f"cluster '{name}': {note}")
        require_same_names(config.clusters, reach)
        mesh = build_mesh(config, reach, charts)
    except MeshError as error:
        raise pulumi.RunError(str(error)) from None
    for name, value in mesh.outputs().items():
        pulumi.export(name, value)
