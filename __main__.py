"""The program: read the stack file, ask the clusters who they are, declare the mesh."""

import gc
import os
import signal

import pulumi

from charts import ChartSource, MissingChartsError, charts_of
from components import ManifestError, build_mesh
from config import StackFileError
from config.from_engine import load_engine_settings
from config.preconditions import expectations
from preflight import ClusterError, examine

# A run is short, and garbage collection costs a tenth of it.
gc.disable()
# The engine interrupts the program when a resource fails; a traceback would bury its error.
signal.signal(signal.SIGINT, lambda *_: os._exit(1))

try:
    config = load_engine_settings()
    charts = ChartSource.of(config.charts, os.environ)
    charts.require(charts_of(config))
    expected = {name: expectations(config, name) for name in config.clusters}
    reach = examine(config.clusters, expected)
    mesh = build_mesh(config, reach, charts)
except (StackFileError, MissingChartsError, ManifestError, ClusterError) as error:
    # A RunError reaches the user as its message alone, without a traceback.
    raise pulumi.RunError(str(error)) from None

for name, value in mesh.outputs().items():
    pulumi.export(name, value)
