"""Values by which Linkerd's chart sends traces. Facts: the values file of the chart 2026.8.3."""

from __future__ import annotations

from components.values.merging import Values
from config.linkerd import LinkerdConfig


def tracing_values(config: LinkerdConfig) -> Values:
    """What linkerd-control-plane has to know of the collector; nothing where there is none."""
    return {}
