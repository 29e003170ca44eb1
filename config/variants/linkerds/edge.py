"""Linkerd's edge releases, whose chart versions begin with the year: 2026.8.3 is edge-26.8.3.

Facts: the charts linkerd-crds, linkerd2-cni, linkerd-control-plane, linkerd-viz and
linkerd-multicluster 2026.8.3, and linkerd-jaeger 2025.9.4.
"""

import re

from config.trust.key_forms import KUBERT_FORMS
from config.variants.linkerd import OWN, LinkerdChart, LinkerdGeneration, WebhookServer
from vocabulary.kinds import (
    API_SERVICE,
    AUTHORIZATION_POLICY,
    CONFIG_MAP,
    CRD,
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    MESH_TLS,
    MUTATING_WEBHOOK,
    NETWORK_AUTHENTICATION,
    POD_DISRUPTION_BUDGET,
    RBAC,
    SERVER,
    SERVICE,
    SERVICE_PROFILE,
    VALIDATING_WEBHOOK,
)
from vocabulary.linkerd import (
    CNI,
    CNI_CHART,
    CNI_RELEASE,
    CONTROL_PLANE_RELEASE,
    CRDS_RELEASE,
    DESTINATION,
    JAEGER,
    JAEGER_INJECTOR,
    MULTICLUSTER,
    POLICY_VALIDATOR,
    PROXY_INJECTOR,
    SP_VALIDATOR,
    TAP,
    TAP_API,
    TAP_INJECTOR,
    VIZ,
    webhook_configuration,
)

_POLICY = (SERVER, AUTHORIZATION_POLICY, NETWORK_AUTHENTICATION)

GENERATION = LinkerdGeneration(
    name="edge",
    title="Linkerd's edge releases",
    versions=re.compile(r"[0-9]{4}\..*"),
    newest="2026.8.3",
    default=True,
    origin="linkerd",
    charts=(
        LinkerdChart(CRDS_RELEASE, CRDS_RELEASE, OWN, frozenset({CRD})),
        LinkerdChart(
            CNI_CHART, CNI_RELEASE, CNI, frozenset({*RBAC, CONFIG_MAP, DAEMON_SET}), when="cni"
        ),
        LinkerdChart(
            CONTROL_PLANE_RELEASE,
            CONTROL_PLANE_RELEASE,
            OWN,
            frozenset(
                {
                    *RBAC,
                    CONFIG_MAP,
                    DEPLOYMENT,
                    MUTATING_WEBHOOK,
                    POD_DISRUPTION_BUDGET,
                    SERVICE,
                    VALIDATING_WEBHOOK,
                }
            ),
            kinds_when={"heartbeat": frozenset({CRON_JOB})},
        ),
        LinkerdChart(
            VIZ,
            VIZ,
            VIZ,
            frozenset(
                {
                    *RBAC,
                    *_POLICY,
                    API_SERVICE,
                    CONFIG_MAP,
                    DEPLOYMENT,
                    MESH_TLS,
                    MUTATING_WEBHOOK,
                    POD_DISRUPTION_BUDGET,
                    SERVICE,
                    SERVICE_PROFILE,
                }
            ),
            when="viz",
        ),
        LinkerdChart(
            JAEGER,
            JAEGER,
            JAEGER,
            frozenset({*RBAC, *_POLICY, DEPLOYMENT, MUTATING_WEBHOOK, SERVICE}),
            when="jaeger",
        ),
        LinkerdChart(
            MULTICLUSTER,
            MULTICLUSTER,
            MULTICLUSTER,
            frozenset({*RBAC, *_POLICY, CRD, DEPLOYMENT, MESH_TLS, POD_DISRUPTION_BUDGET, SERVICE}),
            when="linked",
        ),
    ),
    webhooks=(
        WebhookServer(
            PROXY_INJECTOR,
            "proxyInjector",
            MUTATING_WEBHOOK,
            webhook_configuration(PROXY_INJECTOR),
            PROXY_INJECTOR,
        ),
        WebhookServer(
            SP_VALIDATOR,
            "profileValidator",
            VALIDATING_WEBHOOK,
            webhook_configuration(SP_VALIDATOR),
            DESTINATION,
        ),
        WebhookServer(
            POLICY_VALIDATOR,
            "policyValidator",
            VALIDATING_WEBHOOK,
            webhook_configuration(POLICY_VALIDATOR),
            DESTINATION,
            key_forms=KUBERT_FORMS,
        ),
        WebhookServer(TAP, "tap", API_SERVICE, TAP_API, TAP, VIZ, "viz"),
        WebhookServer(
            TAP_INJECTOR,
            "tapInjector",
            MUTATING_WEBHOOK,
            webhook_configuration(f"linkerd-{TAP_INJECTOR}"),
            TAP_INJECTOR,
            VIZ,
            "viz",
        ),
        WebhookServer(
            JAEGER_INJECTOR,
            "webhook",
            MUTATING_WEBHOOK,
            webhook_configuration(f"linkerd-{JAEGER_INJECTOR}"),
            JAEGER_INJECTOR,
            JAEGER,
            "jaeger",
        ),
    ),
)
