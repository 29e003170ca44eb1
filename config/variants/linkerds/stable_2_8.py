"""Linkerd 2.8, which the documents of Ambassador 1.14 are about.

Facts: the charts linkerd2, linkerd2-cni and linkerd2-multicluster 2.8.1.
"""

import re

from config.variants.linkerd import OWN, LinkerdChart, LinkerdGeneration, WebhookServer
from vocabulary.kinds import (
    API_SERVICE,
    CONFIG_MAP,
    CRD,
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    MUTATING_WEBHOOK,
    NAMESPACE,
    POD_SECURITY_POLICY,
    RBAC,
    SERVICE,
    VALIDATING_WEBHOOK,
)
from vocabulary.linkerd import (
    CNI,
    CNI_CHART,
    CNI_RELEASE,
    LINKERD_2_8_CHART,
    MULTICLUSTER,
    MULTICLUSTER_2_8_CHART,
    PROXY_INJECTOR,
    SP_VALIDATOR,
    TAP_2_8,
    TAP_API,
    WEBHOOK_2_8_CERTIFICATE_KEY,
    WEBHOOK_2_8_PRIVATE_KEY,
    webhook_configuration,
)

GENERATION = LinkerdGeneration(
    name="2.8",
    title="Linkerd 2.8",
    versions=re.compile(r"2\.8(\..*)?"),
    newest="2.8.1",
    origin="linkerd_stable",
    charts=(
        LinkerdChart(
            CNI_CHART,
            CNI_RELEASE,
            # The chart makes the plugin's namespace, so that the release's record is elsewhere.
            OWN,
            frozenset({*RBAC, CONFIG_MAP, DAEMON_SET, NAMESPACE, POD_SECURITY_POLICY}),
            when="cni",
            makes_namespace=CNI,
        ),
        LinkerdChart(
            LINKERD_2_8_CHART,
            LINKERD_2_8_CHART,
            OWN,
            frozenset(
                {
                    *RBAC,
                    API_SERVICE,
                    CONFIG_MAP,
                    CRD,
                    DEPLOYMENT,
                    MUTATING_WEBHOOK,
                    POD_SECURITY_POLICY,
                    SERVICE,
                    VALIDATING_WEBHOOK,
                }
            ),
            kinds_when={"heartbeat": frozenset({CRON_JOB})},
        ),
        LinkerdChart(
            MULTICLUSTER_2_8_CHART,
            MULTICLUSTER_2_8_CHART,
            MULTICLUSTER,
            frozenset({*RBAC, DEPLOYMENT}),
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
            SP_VALIDATOR,
        ),
        WebhookServer(TAP_2_8, "tap", API_SERVICE, TAP_API, TAP_2_8),
    ),
    webhook_secret_suffix="-tls",
    webhook_secret_keys=(WEBHOOK_2_8_CERTIFICATE_KEY, WEBHOOK_2_8_PRIVATE_KEY),
    pull_secrets=False,
    policy=False,
    links=False,
)
