"""Annotations of linkerd.io that each generation of Linkerd knows.

Facts: linkerd2, pkg/k8s/labels.go and pkg/inject/inject.go at edge-26.8.3 and at stable-2.8.1;
viz/pkg/labels/labels.go and controller/api/destination/watcher/cluster_store.go at edge-26.8.3.
"""

from __future__ import annotations

import re

from contracts.contract import CURRENT, V2_8

_INJECTOR = {
    CURRENT: (
        "access-log admin-port close-wait-timeout control-port debug-image "
        "debug-image-pull-policy debug-image-version default-inbound-policy "
        "enable-debug-sidecar enable-external-profiles enable-gateway image-pull-policy "
        "inbound-port opaque-ports outbound-port pod-inbound-ports proxy-additional-env "
        "proxy-admin-shutdown proxy-await proxy-cpu-limit proxy-cpu-ratio-limit "
        "proxy-cpu-request proxy-disable-inbound-protocol-detect-timeout "
        "proxy-disable-outbound-protocol-detect-timeout proxy-enable-native-sidecar "
        "proxy-ephemeral-storage-limit proxy-ephemeral-storage-request proxy-gid proxy-image "
        "proxy-inbound-connect-timeout proxy-inbound-discovery-cache-unused-timeout "
        "proxy-log-format proxy-log-http-headers proxy-log-level proxy-memory-limit "
        "proxy-memory-request proxy-metrics-hostname-labels proxy-outbound-connect-timeout "
        "proxy-outbound-discovery-cache-unused-timeout proxy-require-identity-inbound-ports "
        "proxy-uid proxy-version shutdown-grace-period skip-inbound-ports skip-outbound-ports "
        "skip-subnets"
    ),
    V2_8: (
        "admin-port close-wait-timeout control-port debug-image debug-image-pull-policy "
        "debug-image-version disable-identity disable-tap enable-debug-sidecar "
        "enable-external-profiles enable-gateway image-pull-policy inbound-port init-image "
        "init-image-version outbound-port proxy-cpu-limit proxy-cpu-request "
        "proxy-destination-get-networks proxy-image proxy-log-level proxy-memory-limit "
        "proxy-memory-request proxy-require-identity-inbound-ports proxy-uid proxy-version "
        "skip-inbound-ports skip-outbound-ports trace-collector"
    ),
}
"""Names after ``config.linkerd.io/``, as the injector reads them on pods and namespaces."""

_OTHERS = {
    CURRENT: (
        "config.alpha.linkerd.io/proxy-enable-native-sidecar",
        "config.alpha.linkerd.io/proxy-wait-before-exit-seconds",
        "config.beta.linkerd.io/proxy-enable-native-sidecar",
        "linkerd.io/created-by",
        "linkerd.io/inject",
        "linkerd.io/proxy-version",
        "linkerd.io/trust-root-sha256",
        "mirror.linkerd.io/gateway-identity",
        "mirror.linkerd.io/multicluster-gateway",
        "mirror.linkerd.io/probe-failure-threshold",
        "mirror.linkerd.io/probe-path",
        "mirror.linkerd.io/probe-period",
        "mirror.linkerd.io/probe-timeout",
        "multicluster.linkerd.io/cluster-domain",
        "multicluster.linkerd.io/trust-domain",
        "viz.linkerd.io/disable-tap",
        "viz.linkerd.io/external-prometheus",
        "viz.linkerd.io/tap-enabled",
    ),
    V2_8: (
        "config.alpha.linkerd.io/proxy-wait-before-exit-seconds",
        "config.alpha.linkerd.io/trace-collector-service-account",
        "linkerd.io/created-by",
        "linkerd.io/identity-mode",
        "linkerd.io/inject",
        "linkerd.io/proxy-version",
        "mirror.linkerd.io/cluster-name",
        "mirror.linkerd.io/gateway-identity",
        "mirror.linkerd.io/gateway-name",
        "mirror.linkerd.io/gateway-ns",
        "mirror.linkerd.io/multicluster-gateway",
        "mirror.linkerd.io/probe-path",
        "mirror.linkerd.io/probe-period",
        "mirror.linkerd.io/remote-cluster-domain",
        "mirror.linkerd.io/remote-cluster-l5d-ns",
    ),
}

_CLIENT = {
    CURRENT: {
        "retry.linkerd.io": "grpc http limit timeout",
        "timeout.linkerd.io": "idle request response",
        "balancer.linkerd.io": (
            "failure-accrual failure-accrual-consecutive-jitter-ratio "
            "failure-accrual-consecutive-max-failures failure-accrual-consecutive-max-penalty "
            "failure-accrual-consecutive-min-penalty"
        ),
        "balancer.alpha.linkerd.io": (
            "failure-accrual-honor-retry-after failure-accrual-success-rate-min-requests "
            "failure-accrual-success-rate-threshold failure-accrual-success-rate-window "
            "load-biaser-max-retry-after load-biaser-penalty penalize-failures"
        ),
    },
    V2_8: {},
}
"""Names by what is before their slash, as the policy controller reads them on Services."""

KNOWN = {
    generation: frozenset(
        {f"config.linkerd.io/{name}" for name in names.split()}
        | set(_OTHERS[generation])
        | {
            f"{domain}/{name}"
            for domain, listed in _CLIENT[generation].items()
            for name in listed.split()
        }
    )
    for generation, names in _INJECTOR.items()
}
"""All of them, by generation."""

_OURS_TO_KNOW = re.compile(r"(?:[a-z0-9-]+\.)*linkerd\.io/.*")


def is_known(key: str, generation: str) -> bool:
    """Whether a generation knows an annotation; one of another domain is not Linkerd's to know."""
    return _OURS_TO_KNOW.fullmatch(key) is None or key in KNOWN[generation]
