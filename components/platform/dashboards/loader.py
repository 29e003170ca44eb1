"""The dashboards of this project, and the text of each.

Facts: Linkerd docs, "Proxy metrics" (`response_total`, `response_latency_ms_bucket`, `tcp_…`); the
metrics of the service mirror (`gateway_…`), of the controllers and of the proxy's identity
(`control_identity_…`, without this prefix before edge-24.1.2) at edge-26.8.3. The PodMonitors of
`monitoring.py` write the values of `job`.
"""

from __future__ import annotations

import json

from components.platform.dashboards.model import Dashboard, Panel, Query, Unit, Variable

QUANTILES = (50, 95, 99)
RATE = "$__rate_interval"


def success(labels: str, by: str) -> str:
    """Share of successful responses, in PromQL.

    `labels` select the series, `by` is the label to group by; empty for none.
    """
    good = f'{labels}, classification="success"'
    total = f"sum{_by(by)} (rate(response_total{{{labels}}}[{RATE}]))"
    return f"sum{_by(by)} (rate(response_total{{{good}}}[{RATE}])) / {total}"


def requests(labels: str, by: str) -> str:
    """Responses per second, in PromQL; arguments as those of `success`."""
    return f"sum{_by(by)} (rate(response_total{{{labels}}}[{RATE}]))"


def latency(metric: str, labels: str, by: str, quantile: int) -> str:
    """A quantile (in percent) of a histogram, in PromQL; arguments as those of `success`."""
    keys = f"le, {by}" if by else "le"
    buckets = f"sum by ({keys}) (rate({metric}{{{labels}}}[{RATE}]))"
    return f"histogram_quantile({quantile / 100:g}, {buckets})"


def _by(label: str) -> str:
    return f" by ({label})" if label else ""


def _golden(labels: str, by: str, about: str) -> tuple[Panel, ...]:
    """Success rate, requests and latency of what `labels` select."""
    name = f"{{{{{by}}}}}" if by else "all"
    return (
        Panel(f"{about}: success rate", (Query(success(labels, by), name),), "percentunit"),
        Panel(f"{about}: requests", (Query(requests(labels, by), name),), "reqps"),
        Panel(
            f"{about}: latency",
            tuple(
                Query(
                    latency("response_latency_ms_bucket", labels, by, quantile),
                    f"p{quantile} {name}" if by else f"p{quantile}",
                )
                for quantile in QUANTILES
            ),
            "ms",
        ),
    )


INBOUND = 'job="linkerd-proxy", direction="inbound"'
OF_DEPLOYMENT = 'job="linkerd-proxy", namespace="$namespace", deployment="$deployment"'
GATEWAY = f'{INBOUND}, tls="true", namespace="$namespace", deployment="$deployment"'
CONTROLLER = 'job="linkerd-controller"'
MIRROR = 'job="linkerd-service-mirror"'

_CHOICE = (
    Variable("namespace", "label_values(response_total, namespace)"),
    Variable("deployment", 'label_values(response_total{namespace="$namespace"}, deployment)'),
)


def _stat(title: str, query: str, legend: str) -> Panel:
    """A number from one query."""
    return Panel(title, (Query(query, legend),), kind="stat")


def _graph(title: str, query: str, legend: str, unit: Unit = "short") -> Panel:
    """A graph of one query."""
    return Panel(title, (Query(query, legend),), unit)


DASHBOARDS = (
    Dashboard(
        "overview",
        "Linkerd: the whole mesh",
        (
            *_golden(INBOUND, "", "Mesh"),
            *_golden(INBOUND, "namespace", "Namespaces"),
            _stat(
                "Meshed pods", 'count(count by (namespace, pod) (up{job="linkerd-proxy"}))', "pods"
            ),
            _graph(
                "Requests by mTLS",
                f'sum(rate(response_total{{{INBOUND}, tls="true"}}[{RATE}])) / '
                + requests(INBOUND, ""),
                "share",
                "percentunit",
            ),
        ),
    ),
    Dashboard(
        "deployment",
        "Linkerd: a Deployment",
        (
            *_golden(f'{OF_DEPLOYMENT}, direction="inbound"', "", "Inbound"),
            *_golden(f'{OF_DEPLOYMENT}, direction="outbound"', "dst_deployment", "Outbound"),
            _graph(
                "Open TCP connections",
                f"sum by (direction, peer) (tcp_open_connections{{{OF_DEPLOYMENT}}})",
                "{{direction}} {{peer}}",
            ),
        ),
        _CHOICE,
    ),
    Dashboard(
        "links",
        "Linkerd: gateway and links",
        (
            _stat(
                "Gateways that answer",
                f"min by (target_cluster_name) (gateway_alive{{{MIRROR}}})",
                "{{target_cluster_name}}",
            ),
            _graph(
                "Probes: success rate",
                "sum by (target_cluster_name) (rate("
                f'gateway_probes{{{MIRROR}, probe_successful="true"}}[{RATE}])) / '
                "sum by (target_cluster_name) (rate("
                f"gateway_probes{{{MIRROR}}}[{RATE}]))",
                "{{target_cluster_name}}",
                "percentunit",
            ),
            Panel(
                "Probes: latency",
                tuple(
                    Query(
                        latency(
                            "gateway_probe_latency_ms_bucket",
                            MIRROR,
                            "target_cluster_name",
                            quantile,
                        ),
                        f"p{quantile} {{{{target_cluster_name}}}}",
                    )
                    for quantile in QUANTILES
                ),
                "ms",
            ),
            # This cluster's own gateway, as callers from other clusters reach it.
            *_golden(GATEWAY, "", "Gateway (mTLS)"),
        ),
        _CHOICE,
    ),
    Dashboard(
        "control-plane",
        "Linkerd: the control plane",
        (
            _stat("Parts that answer", f"sum by (component) (up{{{CONTROLLER}}})", "{{component}}"),
            _graph(
                "CPU",
                f"sum by (component) (rate(process_cpu_seconds_total{{{CONTROLLER}}}[{RATE}]))",
                "{{component}}",
            ),
            _graph(
                "Memory",
                f"sum by (component) (process_resident_memory_bytes{{{CONTROLLER}}})",
                "{{component}}",
                "bytes",
            ),
            _graph(
                "Pods that asked for a proxy",
                "sum by (skip) (rate("
                f"proxy_inject_admission_responses_total{{{CONTROLLER}}}[{RATE}]))",
                "skipped: {{skip}}",
                "reqps",
            ),
            _graph(
                "Seconds until the first identity runs out",
                'min(control_identity_cert_expiration_timestamp_seconds{job="linkerd-proxy"})'
                " - time()",
                "all proxies",
                "s",
            ),
        ),
    ),
)
"""All dashboards."""


def dashboard_texts() -> dict[str, str]:
    """JSON by the names of the dashboards, the same in every run."""
    return {
        item.name: json.dumps(item.content(), sort_keys=True, separators=(",", ":"))
        for item in DASHBOARDS
    }
