"""The program: read the stack file, ask the clusters who they are, declare the mesh."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pulumi

from charts import ChartSource, charts_of
from components import build_mesh
from components.mesh import Mesh
from components.mesh.declared import Declared
from config import MeshConfig
from config.from_engine import engine_settings
from config.load import load_settings
from kube import left_kubeconfigs
from kube.errors import KubeconfigError
from kube.kubeconfig import own_endpoint
from preflight.cluster_names import require_same_names
from preflight.last_update import OUTPUT, LastUpdate, last_outputs, recorded, resources_of_state
from preflight.skipping import Examined, look
from vocabulary.errors import MeshError


def program() -> None:
    """Declare the mesh of the stack that the engine runs, and export its outputs.

    Runs under the engine, in the process of a language host or of the Automation API. Raises
    pulumi.RunError, which reaches the user as its message alone, without a traceback.
    """
    try:
        settings = engine_settings()
        config = load_settings(settings, f"stack '{pulumi.get_stack()}'")
        charts = ChartSource.of(config.charts, os.environ)
        charts.require(charts_of(config))
        outputs = last_outputs()
        last = LastUpdate.read(outputs)
        found = look(settings, config, last, resources_of_state)
        if found.config is not config:
            charts.require(charts_of(found.config))
        for name, read in found.reach.items():
            for note in read.notes:
                pulumi.log.warn(f"cluster '{name}': {note}")
        for note in found.notes:
            pulumi.log.warn(note)
        left_kubeconfigs.remove(_servers(config))
        require_same_names(found.config.clusters, found.reach, outputs)
        declare(found, charts, last)
    except MeshError as error:
        raise pulumi.RunError(str(error)) from None


def _servers(config: MeshConfig) -> set[str]:
    """URLs of the API servers, as far as the kubeconfig has them."""
    found = set()
    for cluster in config.clusters.values():
        with suppress(KubeconfigError):
            found.add(own_endpoint(cluster).server)
    return found


def declare(found: Examined, charts: ChartSource, last: LastUpdate | None) -> None:
    """Declare the mesh, and export the stack's outputs. `last` is the record of the last update."""
    declared = Declared()
    permitted = declared.gate(found.config, found.reach, last)
    mesh = build_mesh(found.config, found.reach, charts, permitted)
    for name, value in mesh.outputs().items():
        pulumi.export(name, value)
    if found.owed:
        pulumi.export("owed", found.owed)
    pulumi.export(OUTPUT, declared.finished(_record(found, declared, mesh)))


def _record(found: Examined, declared: Declared, mesh: Mesh) -> pulumi.Output[str]:
    addresses: dict[str, Any] = {
        cluster: {name: one.address for name, one in mesh.gateways(cluster).items()}
        for cluster in found.config.clusters
    }
    return pulumi.Output.from_input(addresses).apply(
        lambda known: recorded(found.settings, found.reach, declared.names, known)
    )
