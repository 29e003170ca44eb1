"""What the dashboards ask for exists: metrics with their labels, as their programs write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from components.platform.dashboards import DASHBOARDS

PROXY = frozenset({"direction", "tls"})
METRICS = {
    # linkerd2-proxy release/v2.364.0: http/metrics/src/requests/report.rs, app/core/src/metrics.rs
    "response_total": PROXY | {"classification"},
    "response_latency_ms_bucket": PROXY | {"le"},
    # transport-metrics/src/lib.rs, app/core/src/transport/labels.rs
    "tcp_open_connections": PROXY | {"peer"},
    # app/src/lib.rs, app/src/identity.rs, identity/src/metrics.rs
    "control_identity_cert_expiration_timestamp_seconds": frozenset[str](),
    # linkerd2 edge-26.8.3: multicluster/service-mirror/metrics.go
    "gateway_alive": frozenset({"target_cluster_name"}),
    "gateway_probes": frozenset({"target_cluster_name", "probe_successful"}),
    "gateway_probe_latency_ms_bucket": frozenset({"target_cluster_name", "le"}),
    # controller/proxy-injector/metrics.go
    "proxy_inject_admission_responses_total": frozenset({"skip", "namespace"}),
    # Prometheus' client for Go, kubert
    "process_cpu_seconds_total": frozenset[str](),
    "process_resident_memory_bytes": frozenset[str](),
    # Prometheus itself
    "up": frozenset[str](),
}
"""Metrics, each with the labels that its program writes, and where they were read."""
WRITTEN = {
    "linkerd-proxy": frozenset({"job", "namespace", "pod", "deployment"}),
    "linkerd-controller": frozenset({"job", "component"}),
    "linkerd-service-mirror": frozenset({"job", "component"}),
}
"""Labels that the PodMonitors write, by their names."""
QUERIES = [
    (f"{dashboard.name}: {panel.title}", query.text)
    for dashboard in DASHBOARDS
    for panel in dashboard.panels
    for query in panel.queries
]
_SELECTED = re.compile(r"\b([a-z_]+)\{([^}]*)\}")


def selected(query: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each metric of a query with the labels that it is selected by."""
    for metric, labels in _SELECTED.findall(query):
        yield metric, dict(re.findall(r'(\w+)="([^"]*)"', labels))


@pytest.mark.parametrize(("panel", "query"), QUERIES, ids=[panel for panel, _ in QUERIES])
def test_a_query_asks_for_metrics_and_labels_that_exist(panel: str, query: str) -> None:
    del panel
    asked = list(selected(query))
    assert asked
    known = set[str]()
    for metric, labels in asked:
        # The destination controller's labels of a target begin with dst_.
        known |= METRICS[metric] | WRITTEN[labels["job"]] | {"dst_deployment"}
        assert labels.keys() <= known
    for grouped in re.findall(r"by \(([^)]*)\)", query):
        assert {one.strip() for one in grouped.split(",")} <= known


def test_variables_offer_labels_that_exist() -> None:
    for dashboard in DASHBOARDS:
        for variable in dashboard.variables:
            metric, label = re.findall(r"label_values\((\w+)(?:\{.*\})?, (\w+)\)", variable.query)[
                0
            ]
            assert label in METRICS[metric] | WRITTEN["linkerd-proxy"]
