"""Values of linkerd-jaeger. Facts: the values files of the charts 2025.9.4 and 30.12.11."""

from __future__ import annotations

import pulumi

from components.core.values import Values, merged, pull_secret_names
from config.core.cluster import ClusterConfig


def jaeger_values(cluster: ClusterConfig, bundle: pulumi.Input[str]) -> Values:
    """Values of linkerd-jaeger without its own collector and Jaeger.

    `bundle` is the PEM of all anchors.

    Raises ValueError: the cluster does not trace.
    """
    config = cluster.linkerd
    tracing = config.tracing
    if tracing is None:
        raise ValueError("a cluster without tracing has no linkerd-jaeger")
    webhook: Values = {
        "collectorSvcAddr": tracing.collector,
        "collectorSvcAccount": tracing.service_account,
        "externalSecret": True,
        "caBundle": bundle,
        "image": {"name": f"{config.registry}/jaeger-webhook"},
    }
    if config.jaeger_has_protocol:
        # Their default protocol changed with 2025.2.2.
        protocol = "opencensus" if tracing.speaks_open_census else "opentelemetry"
        webhook["collectorTraceProtocol"] = protocol
    ours: Values = {
        "linkerdNamespace": config.namespace,
        # Its injector uses it for identities alone, which end in the trust domain.
        "clusterDomain": cluster.trust_domain,
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
        "collector": {"enabled": False},
        "jaeger": {"enabled": False},
        # The program labels the namespace.
        "createNamespaceMetadataJob": False,
        "webhook": webhook,
    }
    return merged(ours, tracing.jaeger_values)
