"""Values that are passed to charts, beside those of keys and certificates.

That each of them exists in its chart is held by the tests, which have the key paths of the
published values files. Here is what the charts' templates, or the programs behind them, make of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from contracts.contract import Complaint, Contract, Form, Subject
from contracts.forms.common import (
    BOOLEAN,
    COUNT,
    DOMAIN,
    DRAINING,
    FAILURE_POLICY,
    HOST_PORT,
    NAME,
    NETWORKS,
    TEXT,
)
from contracts.forms.text import (
    at,
    boolean,
    cidr,
    decimal,
    dns_label,
    dns_name,
    either,
    every,
    http_url,
    image,
    integer,
    labels,
    object_ref,
    one_of,
    pattern,
    port,
    quantity,
    quantity_or_none,
    texts,
)

_value = partial(Contract, subject=Subject.HELM_VALUE)
_linkerd = partial(
    _value,
    producer="components/linkerd/values.py, config/inventory/values",
    source="linkerd2 charts/linkerd-control-plane/values.yaml and templates @ edge-26.8.3",
)
_ambassador = partial(
    _value,
    producer="components/ambassador/values.py, config/inventory/values",
    source="emissary-ingress chart @ v4.1.0 and v3.10.0, ambassador chart 6.9.5",
)
_2_8 = partial(
    _value,
    producer="components/linkerd/values_2_8.py, config/inventory/values",
    source="linkerd2 charts/linkerd2, linkerd2-cni and linkerd2-multicluster @ stable-2.8.1",
)
_viz = partial(
    _value,
    "linkerd-viz",
    producer="components/linkerd/viz_values.py, config/inventory/values",
    source="linkerd2 viz/charts/linkerd-viz/values.yaml and templates @ edge-26.8.3",
)
_multicluster = partial(
    _value,
    "linkerd-multicluster",
    producer="components/links/values.py, config/inventory/values",
    source="linkerd2 multicluster/charts/linkerd-multicluster/values.yaml @ edge-26.8.3",
)
_POLICIES = (
    "all-unauthenticated",
    "all-authenticated",
    "cluster-unauthenticated",
    "cluster-authenticated",
    "deny",
    "audit",
)
_SCHEDULE = r"[0-9*/,-]+(?: [0-9*/,-]+){4}"
_PERCENT = r"[0-9]{1,3}%"

MODULE_KEYS = {"add_linkerd_headers": boolean}
"""What of Ambassador's Module is written here, by its forms."""


def service_ports(value: object) -> Complaint | None:
    """Ports for a chart that replaces its own by these: each with name, port and targetPort."""
    if not isinstance(value, list) or not value:
        return Complaint("is no list, or an empty one, and the Service would have no ports")
    for item in value:
        name, number, target = (at(item, key) for key in ("name", "port", "targetPort"))
        if dns_label(name) or port(number) or port(target):
            return Complaint(f"has a port {name!r} without a number, or without a targetPort")
    for key in ("name", "port"):
        if len({at(item, key) for item in value}) != len(value):
            return Complaint(f"has a {key} twice")
    return None


def kubernetes_resources(value: object) -> Complaint | None:
    """Requests and limits in Kubernetes' form: quantities as texts."""
    if not isinstance(value, Mapping) or set(value) - {"limits", "requests"}:
        return Complaint("has more than limits and requests")
    for quantities in value.values():
        if not isinstance(quantities, Mapping):
            return Complaint("has limits or requests that are no map")
        for amount in quantities.values():
            if quantity(amount):
                return quantity(amount)
    return None


def spread(value: object) -> Complaint | None:
    """One entry of topologySpreadConstraints, which selects the pods themselves."""
    if at(value, "whenUnsatisfiable") not in ("ScheduleAnyway", "DoNotSchedule"):
        return Complaint("has no whenUnsatisfiable that Kubernetes knows")
    if integer(1)(at(value, "maxSkew")) or not at(value, "topologyKey"):
        return Complaint("has no maxSkew, or no topologyKey")
    return labels(at(value, "labelSelector", "matchLabels"))


def module(value: object) -> Complaint | None:
    """Ambassador's Module, which a chart writes as it is: keys that are known, in their forms."""
    if not isinstance(value, Mapping):
        return Complaint("is no map")
    for key, item in value.items():
        if key not in MODULE_KEYS:
            return Complaint(f"has {key}, which is not known here")
        complaint = MODULE_KEYS[key](item)
        if complaint:
            return Complaint(f"{key} {complaint.reason}")
    return None


def _service_port(name: str, number: int, target: int) -> dict[str, object]:
    return {"name": name, "port": number, "targetPort": target}


_HTTP = _service_port("http", 80, 8080)
_SPREAD = {
    "maxSkew": 1,
    "topologyKey": "kubernetes.io/hostname",
    "whenUnsatisfiable": "ScheduleAnyway",
    "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "edge"}},
}

# fmt: off
HELM_VALUES: tuple[Contract, ...] = (
    _linkerd("linkerd*",
        "controllerImage webImage cniPluginImage image.name *.image.name defaultRegistry",
        Form("the name of an image without scheme and tag, or of a registry's folder",
            pattern(r"[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)*", "an image without a tag"),
            ("cr.l5d.io/linkerd/proxy", "registry.example.com:5000/linkerd/proxy"),
            ("https://cr.l5d.io/linkerd/proxy", "cr.l5d.io/linkerd/proxy:edge-26.8.3", "")),
        "kubelet, by way of the charts, which add : and the tag"),
    _linkerd("*", "imagePullSecrets[].name",
        Form("the name of a Secret in the release's namespace", dns_name, ("registry",),
            ("", "registry/login")),
        "kubelet, by way of the charts"),
    _linkerd("linkerd-control-plane", "clusterNetworks", NETWORKS,
        "proxies: only within these is anything looked up"),
    _linkerd("linkerd-*", "clusterDomain identityTrustDomain", DOMAIN,
        "every component, and the identities that it gives"),
    _linkerd("linkerd-control-plane", "identity.issuer.scheme",
        Form("kubernetes.io/tls (linkerd.io/tls makes the chart write the Secret)",
            one_of("kubernetes.io/tls"), ("kubernetes.io/tls",), ("linkerd.io/tls", "tls")),
        "the chart, for a Secret that is not its own"),
    _linkerd("linkerd-control-plane",
        "cniEnabled disableHeartBeat highAvailability enablePodAntiAffinity "
        "enablePodDisruptionBudget identity.externalCA proxyInjector.externalSecret "
        "profileValidator.externalSecret policyValidator.externalSecret "
        "controller.tracing.enabled proxy.tracing.enabled proxy.nativeSidecar", BOOLEAN,
        "the chart's templates, which treat every text as true"),
    _linkerd("linkerd-control-plane", "proxy.defaultInboundPolicy",
        Form(", ".join(_POLICIES), one_of(*_POLICIES), ("all-unauthenticated", "deny"),
            ("allow", "all_authenticated", "")),
        "policy controller and injector",
        source="linkerd2 pkg/k8s/labels.go and pkg/inject/inject.go @ edge-26.8.3"),
    _linkerd("linkerd-*", "*.injectCaFrom",
        Form("<namespace>/<Certificate>", object_ref, ("linkerd/linkerd-policy-validator",),
            ("linkerd-policy-validator", "")),
        "cert-manager's cainjector, by an annotation of the webhook",
        producer="config/inventory/values/linkerd.py", source="cert-manager docs, CA Injector"),
    _linkerd("linkerd-control-plane", "egress.globalEgressNetworkNamespace", NAME,
        "policy controller"),
    _linkerd("linkerd-control-plane", "heartbeatSchedule",
        Form("five fields of cron", pattern(_SCHEDULE, "five fields of cron"), ("17 4 * * *",),
            ("", "17 4 * *", "@daily!")),
        "Kubernetes' CronJob"),
    _linkerd("linkerd-control-plane", "webhookFailurePolicy", FAILURE_POLICY, "the API server"),
    _linkerd("linkerd-control-plane",
        "controllerReplicas controller.podDisruptionBudget.maxUnavailable "
        "deploymentStrategy.rollingUpdate.maxUnavailable", COUNT, "Kubernetes"),
    _linkerd("linkerd-control-plane", "deploymentStrategy.rollingUpdate.maxSurge",
        Form("percent as a text", pattern(_PERCENT, "percent"), ("25%",), ("25", 0.25)),
        "Kubernetes"),
    *(
        _value(chart,
            "*esources.cpu.request *esources.cpu.limit *esources.memory.request "
            "*esources.memory.limit",
            Form("a quantity as a text, or empty for none", quantity_or_none, ("100m", "250Mi", ""),
                ("250MB", 1, "0,1")),
            "Kubernetes' scheduler, by way of the chart", producer="components/core/values.py",
            source=source)
        for chart, source in (
            (
                "linkerd-control-plane",
                "linkerd2 charts/partials/templates/_resources.tpl @ edge-26.8.3",
            ),
            ("linkerd-viz", "linkerd2 charts/partials/templates/_resources.tpl @ edge-26.8.3"),
            ("linkerd2", "linkerd2 charts/partials/templates/_resources.tpl @ stable-2.8.1"),
        )
    ),
    _linkerd("linkerd-control-plane",
        "controller.tracing.collector.endpoint proxy.tracing.collector.endpoint", HOST_PORT,
        "controllers and proxies", producer="config/inventory/values/linkerd.py"),
    _linkerd("linkerd-control-plane",
        "proxy.tracing.collector.meshIdentity.serviceAccountName "
        "proxy.tracing.collector.meshIdentity.namespace", NAME,
        "proxies, which make the collector's identity of it",
        producer="config/inventory/values/linkerd.py"),
    _linkerd("linkerd-crds", "installGatewayAPI", BOOLEAN, "the chart's templates",
        source="linkerd2 charts/linkerd-crds/values.yaml @ edge-26.8.3"),
    *(
        _linkerd("linkerd-crds", key, BOOLEAN, "the chart's templates, before 2025.3.1",
            source="linkerd2 charts/linkerd-crds/values.yaml @ edge-24.11.8")
        for key in ("enableHttpRoutes", "enableTlsRoutes", "enableTcpRoutes")
    ),
    _value("linkerd-jaeger", "webhook.collectorSvcAddr", HOST_PORT, "jaeger-injector, for proxies",
        producer="config/inventory/values/extensions.py",
        source="linkerd2 jaeger/charts/linkerd-jaeger/values.yaml @ edge-25.3.1"),
    _value("linkerd-jaeger", "webhook.collectorSvcAccount linkerdNamespace", NAME,
        "jaeger-injector", producer="config/inventory/values/extensions.py",
        source="linkerd2 jaeger/charts/linkerd-jaeger/values.yaml @ edge-25.3.1"),
    _value("linkerd-jaeger", "webhook.collectorTraceProtocol",
        Form("opencensus or opentelemetry", one_of("opencensus", "opentelemetry"),
            ("opencensus", "opentelemetry"), ("otlp", "")),
        "proxies, by way of an annotation", producer="config/inventory/values/extensions.py",
        source="linkerd2 jaeger/charts/linkerd-jaeger/values.yaml @ edge-25.3.1"),
    _value("linkerd-jaeger", "webhook.logLevel",
        Form("panic, fatal, error, warn, info, debug or trace",
            one_of("panic", "fatal", "error", "warn", "info", "debug", "trace"), ("debug",),
            ("verbose", True)),
        "jaeger-injector, by logrus", producer="the stack file, tracing.jaegerValues",
        source="linkerd2 pkg/flags/flags.go @ edge-25.3.1"),
    _value("linkerd-jaeger",
        "collector.enabled jaeger.enabled createNamespaceMetadataJob webhook.externalSecret",
        BOOLEAN, "the chart's templates", producer="config/inventory/values/extensions.py",
        source="linkerd2 jaeger/charts/linkerd-jaeger/values.yaml @ edge-25.3.1"),
    _multicluster(
        "gateway.enabled controllers[].gateway.enabled controllers[].enableHeadlessServices "
        "createNamespaceMetadataJob enableNamespaceCreation enablePodAntiAffinity "
        "controllerDefaults.enablePodAntiAffinity remoteMirrorServiceAccount", BOOLEAN,
        "the chart's templates"),
    _multicluster("controllers[].link.ref.name linkerdNamespace",
        Form("the name of a Link; of the control plane's namespace", dns_name, ("west",),
            ("", "West")),
        "service mirror, which watches the Link of this name"),
    _multicluster("controllers[].gateway.probe.port",
        Form("a port, as a number", either(port, decimal(1, 65535)), (4191, 80.0),
            ("mc-probe", 0, None)),
        "the chart, for the Service probe-<link>"),
    _multicluster("controllerDefaults.replicas localServiceMirror.replicas", COUNT, "Kubernetes"),
    _multicluster("localServiceMirror.federatedServiceSelector",
        Form("a label query", pattern(r"[^\s,=][^,]*(?:,[^,=]+.*)?", "a label query"),
            ("mirror.linkerd.io/federated=member", "team in (a,b),!retired"), ("", "=member")),
        "local service mirror, by its flag -federated-service-selector"),
    _multicluster("localServiceMirror.excludedLabels localServiceMirror.excludedAnnotations",
        Form("names, separated by commas without blanks",
            pattern(r"[^\s,]+(?:,[^\s,]+)*", "names"), ("a.example/b,c", "a.example/*"),
            ("", "a, b")),
        "local service mirror, by its flags -excluded-labels and -excluded-annotations"),
    _value("*", "podAnnotations service.annotations",
        Form("a map of texts; booleans and numbers are refused by the API server", texts,
            ({"linkerd.io/inject": "enabled"}, {}),
            ({"linkerd.io/inject": True}, ["linkerd.io/inject"], None)),
        "the chart's templates, which write them as YAML",
        producer=(
            "config/ambassador/injection.py, config/links/gateway_view.py, "
            "components/links/values.py"
        ),
        source="Kubernetes API reference, ObjectMeta.annotations"),
    _viz("createNamespaceMetadataJob enablePodAntiAffinity enablePodDisruptionBudget "
        "prometheus.enabled tap.externalSecret tapInjector.externalSecret", BOOLEAN,
        "the chart's templates"),
    _viz("dashboard.enforcedHostRegexp",
        Form("a regular expression of RE2",
            pattern(r"(?!.*\(\?[=!<]).+", "a regular expression of RE2"),
            (r"^(localhost|web\.linkerd-viz\.svc)(:[0-9]+)?$",), ("", "^(?!localhost)")),
        "web, by Go's regexp, which has no look-around"),
    _viz("grafana.url",
        Form("<host>, perhaps with a port, without a scheme",
            pattern(r"[a-z0-9][a-z0-9.-]*(?::[0-9]+)?(?:/[^\s]*)?", "a host without a scheme"),
            ("grafana.monitoring.svc.cluster.local:80",), ("http://grafana.monitoring", "")),
        "web, which proxies to it by http"),
    _viz("prometheusUrl",
        Form("a URL", http_url, ("http://prometheus.monitoring.svc.cluster.local:9090",),
            ("prometheus.monitoring:9090", "")),
        "metrics-api"),
    _viz("tap.replicas", COUNT, "Kubernetes"),
    _viz("linkerdNamespace",
        Form("the control plane's namespace", dns_label, ("linkerd",), ("", "Linkerd")),
        "every component of viz"),
    _2_8("linkerd2*",
        "global.namespace namespace global.clusterDomain global.identityTrustDomain "
        "identityTrustDomain linkerdNamespace",
        Form("a name or a domain", dns_name, ("linkerd", "cluster.local"), ("", "Linkerd")),
        "the chart's templates"),
    _2_8("linkerd2*",
        "global.cniEnabled disableHeartBeat enablePodAntiAffinity installNamespace "
        "profileValidator.externalSecret proxyInjector.externalSecret tap.externalSecret gateway "
        "remoteMirrorServiceAccount serviceMirror", BOOLEAN,
        "the chart's templates, which treat every text as true"),
    _2_8("linkerd2", "global.proxy.destinationGetNetworks", NETWORKS, "proxies of Linkerd 2.8"),
    _2_8("linkerd2", "controllerReplicas", COUNT, "Kubernetes"),
    _2_8("linkerd2", "webhookFailurePolicy", FAILURE_POLICY, "the API server"),
    _2_8("linkerd2", "identity.issuer.scheme",
        Form("kubernetes.io/tls", one_of("kubernetes.io/tls"), ("kubernetes.io/tls",),
            ("linkerd.io/tls",)),
        "the chart, for a Secret that is not its own"),
    _2_8("linkerd2-cni", "cliVersion",
        Form("linkerd/helm and a version",
            pattern(r"linkerd/helm stable-2\.8\.[0-9]+", "linkerd/helm and a version"),
            ("linkerd/helm stable-2.8.1",), ("2.8.1", "")),
        "linkerd check, by the annotation created-by"),
    _value("cert-manager", "crds.enabled crds.keep", BOOLEAN, "the chart's templates",
        producer="components/trust/cert_manager_values.py",
        source="cert-manager deploy/charts/cert-manager/values.yaml @ v1.21.2"),
    _value("cert-manager", "replicaCount", COUNT, "Kubernetes",
        producer="the stack file, certManager.values",
        source="cert-manager deploy/charts/cert-manager/values.yaml @ v1.21.2"),
    _value("trust-manager", "crds.enabled crds.keep defaultPackage.enabled", BOOLEAN,
        "the chart's templates", producer="components/trust/cert_manager_values.py",
        source="trust-manager deploy/charts/trust-manager/values.yaml @ v0.25.0"),
    _value("trust-manager", "app.trust.namespace",
        Form("the name of a namespace", dns_label, ("cert-manager",), ("", "cert-manager/roots")),
        "trust-manager, which reads Secrets in that namespace only",
        producer="config/inventory/values/linkerd.py",
        source="trust-manager deploy/charts/trust-manager/values.yaml @ v0.25.0"),
    *(
        _ambassador(chart, f"fullnameOverride {keys}",
            Form("a DNS label", dns_label, ("ambassador",), ("", "Ambassador", "a" * 64)),
            "the chart's templates, for the names of objects")
        for chart, keys in (
            ("emissary-ingress",
                "serviceAccount.name waitForApiext.deploymentNamespace licenseKey.secretName "
                "rbac.nameOverride"),
            ("edge-stack", "licenseKey.secretName"),
            ("ambassador", "serviceAccount.name"),
        )
    ),
    _ambassador("emissary-ingress",
        "createDefaultListeners waitForApiext.enabled test.enabled agent.enabled", BOOLEAN,
        "the chart's templates"),
    _ambassador("ambassador", "enableAES agent.enabled test.enabled",
        Form("false: neither Edge Stack, nor its agent, nor a test pod", one_of(False), (False,),
            (True, "false")),
        "the chart's templates"),
    _ambassador("emissary-ingress", "lifecycle.preStop.sleep.seconds", DRAINING,
        "kubelet, by way of the chart"),
    *(
        _ambassador(chart, keys, COUNT, "Kubernetes")
        for chart, keys in (
            ("emissary-ingress", "replicaCount podDisruptionBudget.maxUnavailable"),
            ("ambassador", "replicaCount"),
        )
    ),
    *(
        _ambassador(chart, key,
            Form("the name of an image without scheme and tag", image,
                ("registry.example.com/emissary",), ("https://registry.example.com/emissary", "")),
            "kubelet, by way of the chart, which adds : and the tag")
        for chart, key in (
            ("emissary-ingress", "image.repository"),
            ("ambassador", "image.ossRepository"),
        )
    ),
    *(
        _ambassador(chart, "module",
            Form("keys of the Module; enabled and diagnostics are the chart's defaults", module,
                ({"add_linkerd_headers": True}, {}),
                ({"add_linkerd_headers": "true"}, {"linkerd_headers": True}, None)),
            "the chart, which writes it as Module ambassador")
        for chart in ("emissary-ingress", "ambassador")
    ),
    _ambassador("emissary-ingress", "ingressClassResource.name",
        Form("a DNS name, another one for each release of the cluster", dns_name,
            ("ambassador-partner",), ("", "Partner")),
        "Emissary, which reads an IngressClass of its controller and id, whatever the name",
        producer="config/inventory/values/ambassador.py",
        source="emissary charts/emissary-ingress/templates/controller-ingressclass.yaml and "
        "fetch/ingress.py @ v4.1.0 and v3.10.0"),
    _ambassador("emissary-ingress", "env.AMBASSADOR_ID", TEXT,
        "Ambassador, which reads objects with this ambassador_id alone",
        producer="config/inventory/values/ambassador.py"),
    *(
        _ambassador(chart, "service.ports",
            Form("name, port and targetPort each, which replace the chart's own", service_ports,
                ([_HTTP], [_HTTP, _service_port("mc-gateway", 4143, 4143)]),
                ([], [{"name": "http", "port": 80}], [_HTTP, _service_port("http", 81, 8081)],
                    [_HTTP, _service_port("web", 80, 8081)], {"http": 80})),
            "the chart, for the Service and for the ports of the container")
        for chart in ("emissary-ingress", "ambassador")
    ),
    *(
        _ambassador(chart, "service.type",
            Form("ClusterIP, NodePort or LoadBalancer",
                one_of("ClusterIP", "NodePort", "LoadBalancer"), ("LoadBalancer", "NodePort"),
                ("loadbalancer", "")),
            "Kubernetes")
        for chart in ("emissary-ingress", "ambassador")
    ),
    _ambassador("emissary-ingress", "service.loadBalancerIP",
        Form("an IP address", pattern(r"[0-9a-f.:]+", "an IP address"),
            ("192.0.2.10", "2001:db8::7"), ("", "edge.example.com")),
        "the cloud's load-balancer controller"),
    _ambassador("emissary-ingress", "service.externalTrafficPolicy",
        Form("Cluster or Local", one_of("Cluster", "Local"), ("Local",), ("local", "")),
        "Kubernetes"),
    _ambassador("emissary-ingress", "service.loadBalancerClass",
        Form("a label's form, perhaps with a domain before it",
            pattern(r"(?:[a-z0-9.-]+/)?[A-Za-z0-9][A-Za-z0-9._-]*", "a class"),
            ("service.k8s.aws/nlb",), ("", "a b")),
        "the controller of that class; the chart of Emissary 4 alone knows it",
        source="emissary charts/emissary-ingress/templates/service.yaml @ v4.1.0"),
    _ambassador("emissary-ingress", "service.loadBalancerSourceRanges",
        Form("a list of CIDRs", every(cidr), (["10.0.0.0/8"],), ([], "10.0.0.0/8", ["10.0.0.1/8"])),
        "the cloud's load-balancer controller"),
    _ambassador("emissary-ingress", "resources",
        Form("limits and requests in quantities", kubernetes_resources,
            ({"limits": {"memory": "600Mi"}, "requests": {"cpu": "200m"}},),
            ({"cpu": {"limit": "1"}}, {"limits": {"memory": "600MB"}}, {"limits": "1"})),
        "Kubernetes' scheduler"),
    _ambassador("emissary-ingress", "topologySpreadConstraints",
        Form("constraints that select Ambassador's own pods", every(spread), ([_SPREAD],),
            ([], [{**_SPREAD, "labelSelector": {}}], [{**_SPREAD, "whenUnsatisfiable": "no"}])),
        "Kubernetes' scheduler"),
    _ambassador("emissary-ingress", "redisURL", HOST_PORT, "Edge Stack",
        source="edge-stack chart 8.10.2"),
    _ambassador("edge-stack",
        "authService.create rateLimit.create redis.create createDevPortalMappings "
        "licenseKey.createSecret authService.optional_configurations.add_linkerd_headers", BOOLEAN,
        "the chart's templates", source="edge-stack chart 8.10.2"),
    _value("emissary-crds-chart", "enableLegacyVersions enableV1", BOOLEAN, "the chart's templates",
        producer="components/ambassador/values.py",
        source="emissary charts/emissary-crds/values.yaml @ v4.1.0"),
)
# fmt: on
"""Rows about Helm values."""
