"""An engine that is built on this machine, where Pulumi's own programs cannot be had.

Pulumi's CLI and its Kubernetes provider are built from the pinned modules of `machine/go/`; the
language host and a stand-in for the provider tls are programs of this checkout, in
`cli/engine/plugins`. Facts: the engine uses a plugin on PATH whatever its version is (pulumi,
``sdk/go/common/workspace/plugins.go``).
"""

from __future__ import annotations

from pathlib import Path

from cli.engine.engine import Engine
from machine.build import ensure
from machine.progress import Report
from machine.tools import ENGINE_TOOLS, PROVIDER_VERSION

PLUGINS = Path(__file__).resolve().parent / "plugins"
"""The folder with the plugins that are programs of this checkout."""


def built(report: Report) -> Engine:
    """The engine, built on first use, which needs Go and some minutes. Raises BuildError."""
    programs = ensure(ENGINE_TOOLS, report)
    # The CLI expects itself in a folder `bin`.
    pulumi, provider = (programs[name].parent for name in ENGINE_TOOLS)
    engine = Engine(pulumi.parent, [PLUGINS, provider]).having(
        {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
    )
    engine.origin = (
        f"Pulumi {engine.version}, built here, with the Kubernetes provider "
        f"{PROVIDER_VERSION} and a stand-in for the provider tls"
    )
    return engine
