"""Values by which Linkerd's chart sends traces. Facts: the values file of the chart 2026.8.3."""

from __future__ import annotations

from components.core.values import Values
from config.linkerd.control_plane import LinkerdConfig


def tracing_values(config: LinkerdConfig) -> Values:
    """Values of linkerd-control-plane about the collector; empty where there is none."""
    tracing = config.tracing
    if tracing is None or config.traces_by_extension:
        return {}
    values: Values = {
        "proxy": {
            "tracing": {
                "enabled": True,
                "collector": {
                    "endpoint": tracing.collector,
                    "meshIdentity": {
                        "serviceAccountName": tracing.service_account,
                        "namespace": tracing.namespace,
                    },
                },
            }
        }
    }
    if tracing.controller_collector is not None:
        # Left out, the chart would have controllers speak OpenCensus to the proxies' OTLP port.
        values["controller"] = {
            "tracing": {
                "enabled": True,
                "collector": {"endpoint": tracing.controller_collector},
            }
        }
    return values
