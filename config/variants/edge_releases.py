"""Linkerd's edge releases: which chart versions have what, in one table.

Facts: charts and CRDs of every tag from edge-24.1.1 to edge-26.8.3 of linkerd/linkerd2; each row
names the file that it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass

from config.language.formats import numbers

Dated = tuple[int, int, int]
"""A chart version: year, month and number within the month."""


@dataclass(frozen=True)
class Row:
    """What charts have from one version on."""

    since: Dated
    """The first version."""
    what: str
    """What it is, as the object of a sentence."""
    source: str
    """Where it shows."""

    @property
    def version(self) -> str:
        """The first version as a stack file writes it."""
        return ".".join(map(str, self.since))


NUMBERED = Row((2024, 3, 1), "chart versions that begin with the year", "bin/helm-build")
OLDEST = Row(
    (2024, 7, 4),
    "Servers of policy.linkerd.io/v1beta3",
    "charts/linkerd-crds/templates/policy/server.yaml",
)
JAEGER_PROTOCOL = Row(
    (2024, 10, 1),
    "a setting for the protocol of traces",
    "jaeger/charts/linkerd-jaeger/values.yaml: webhook.collectorTraceProtocol",
)
EGRESS = Row(
    (2024, 11, 1),
    "EgressNetworks, and a namespace whose EgressNetworks apply to all clients",
    "charts/linkerd-control-plane/values.yaml: egress.globalEgressNetworkNamespace",
)
RATE_LIMIT = Row(
    (2024, 11, 2),
    "HTTPLocalRateLimitPolicies",
    "charts/linkerd-crds/templates/policy/http-local-ratelimit-policy.yaml",
)
GATEWAY_API = Row(
    (2025, 3, 1),
    "one setting for all CRDs of the Gateway API",
    "charts/linkerd-crds/values.yaml: installGatewayAPI",
)
LINKS = Row(
    (2025, 3, 3),
    "Links of multicluster.linkerd.io/v1alpha3, and a service mirror per Link in the chart "
    "linkerd-multicluster",
    "multicluster/charts/linkerd-multicluster: templates/link-crd.yaml; values.yaml: controllers",
)
EXCLUDED = Row(
    (2025, 3, 4),
    "service mirrors that leave out excludedLabels and excludedAnnotations",
    "multicluster/service-mirror/cluster_watcher.go",
)
VIZ_ADMIN = Row(
    (2025, 6, 3),
    "a port for metrics of viz that is called admin, and no longer admin-http",
    "viz/charts/linkerd-viz/templates/prometheus-policy.yaml",
)
TRACING = Row(
    (2025, 6, 4),
    "values for tracing in the chart of the control plane",
    "charts/linkerd-control-plane/values.yaml: proxy.tracing",
)
MIRROR_SERVERS = Row(
    (2026, 4, 1),
    "Servers for every port of service mirrors",
    "multicluster/charts/linkerd-multicluster/templates/service-mirror-policy.yaml",
)
NATIVE_SIDECARS = Row(
    (2026, 5, 2),
    "proxies that are native sidecars by default",
    "charts/linkerd-control-plane/values.yaml: proxy.nativeSidecar",
)
RATE_AWARE = Row(
    (2026, 6, 2),
    "circuit breaking by success rate, and balancing that penalizes failures",
    "policy-controller/k8s/index/src/outbound/index.rs",
)
ROWS = (
    NUMBERED,
    OLDEST,
    JAEGER_PROTOCOL,
    EGRESS,
    RATE_LIMIT,
    GATEWAY_API,
    LINKS,
    EXCLUDED,
    VIZ_ADMIN,
    TRACING,
    MIRROR_SERVERS,
    NATIVE_SIDECARS,
    RATE_AWARE,
)
"""The table, the oldest first."""

LAST_JAEGER = (2025, 9, 4)
"""The last version of the chart linkerd-jaeger."""

KUBERNETES: tuple[tuple[Dated, tuple[int, int]], ...] = (
    (OLDEST.since, (1, 22)),
    ((2025, 2, 3), (1, 23)),
    ((2026, 5, 1), (1, 31)),
)
"""The first Kubernetes (major, minor) that charts accept from a version on (``kubeVersion``)."""

ANNOUNCED = {
    "2.16": "2024.8.2",
    "2.17": "2024.11.8",
    "2.18": "2025.4.4",
    "2.19": "2025.10.7",
    "2.20": "2026.6.3",
}
"""Chart versions of the edge releases that Linkerd's announcements name (linkerd.io/releases)."""


def dated(version: str) -> Dated:
    """Year, month and number of a chart version; raises ValueError for any other text."""
    year, month, number = numbers(version)
    return year, month, number


def announced(version: Dated) -> int:
    """Second number of the version 2.x that a chart version is part of: 20 for 2026.8.3.

    An edge release is part of the newest version that was announced before it or with it (Linkerd
    docs, "Upgrading Linkerd"). Those before the table's first one are of 2.15 (edge-24.2.4).
    """
    older = [name for name, chart in ANNOUNCED.items() if dated(chart) <= version]
    return int(older[-1].removeprefix("2.")) if older else 15
