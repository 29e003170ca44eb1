"""Linkerd 2.8, which the documents of Ambassador 1.14 are about.

Facts: the charts linkerd2, linkerd2-cni and linkerd2-multicluster 2.8.1.
"""

import re

from config.trust.key_forms import OLD_GO_FORMS
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
from vocabulary.kubernetes import TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY
from vocabulary.linkerd import (
    CNI,
    CNI_CHART,
    CNI_RELEASE,
    CONFIG,
    LINKERD_2_8_CHART,
    MULTICLUSTER,
    MULTICLUSTER_2_8_CHART,
    PROXY_INBOUND_PORT,
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
            key_forms=OLD_GO_FORMS,
        ),
        WebhookServer(
            SP_VALIDATOR,
            "profileValidator",
            VALIDATING_WEBHOOK,
            webhook_configuration(SP_VALIDATOR),
            SP_VALIDATOR,
            key_forms=OLD_GO_FORMS,
        ),
        WebhookServer(TAP_2_8, "tap", API_SERVICE, TAP_API, TAP_2_8, key_forms=OLD_GO_FORMS),
    ),
    webhook_secret_suffix="-tls",
    webhook_secret_keys=(WEBHOOK_2_8_CERTIFICATE_KEY, WEBHOOK_2_8_PRIVATE_KEY),
    issuer_secret_keys=(
        (TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY),
        (WEBHOOK_2_8_CERTIFICATE_KEY, WEBHOOK_2_8_PRIVATE_KEY),
    ),
    issuer_has_anchors=False,
    identity_key_forms=OLD_GO_FORMS,
    # pkg/issuercerts/issuercerts.go @ stable-2.8.1, CheckCertAlgoRequirements.
    ecdsa_only=True,
    anchors_config_map=CONFIG,
    registry="gcr.io/linkerd-io",
    lacks={
        "viz.enabled": "its metrics and dashboard are part of the chart",
        "proxy.defaultInboundPolicy": "it has no authorization policy",
        "egress": "it has no EgressNetworks",
        "imagePullSecrets": "its charts have no values for logins",
        "crdsValues": "its CRDs are part of the chart linkerd2",
        "gatewayApiCrds": "it does not support the Gateway API",
    },
    kubernetes=(((0, 0, 0), (1, 13)),),
    # Its CRDs and webhooks are of v1beta1 APIs.
    newest_kubernetes=(1, 21),
    layout="linkerd2",
    dated=False,
    pull_secrets=False,
    policy=False,
    gateway_api=False,
    viz=False,
    tracing=False,
    # cert-manager begins with Kubernetes 1.22.
    cert_manager=False,
    proxy_shutdown=False,
    injector_skips=(),
    injects_without_token=False,
    annotates_trust_roots=False,
    ingress_mode=False,
    links=False,
    # The service mirror puts a slash before it.
    probe_slash=False,
    probe_by_proxy=False,
    gateway_identity_ports=(PROXY_INBOUND_PORT,),
    mirror_makes_namespaces=True,
)
