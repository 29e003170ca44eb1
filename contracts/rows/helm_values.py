"""Values that are passed to charts, beside those of keys and certificates.

That each of them exists in its chart is held by the tests, which have the key paths of the
published values files. Here is what the charts' templates, or the programs behind them, make of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from contracts.contract import Complaint, Contract, Subject
from contracts.forms.text import (
    at,
    boolean,
    cidr,
    decimal,
    dns_label,
    dns_name,
    either,
    every,
    host_port,
    http_url,
    image,
    integer,
    labels,
    networks,
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
    producer="components/linkerd/values.py",
    source="linkerd2 charts/linkerd-control-plane/values.yaml and templates @ edge-26.8.3",
)
_ambassador = partial(
    _value,
    producer="components/ambassador/values.py",
    source="emissary-ingress chart @ v4.1.0 and v3.10.0, ambassador chart 6.9.5",
)
_2_8 = partial(
    _value,
    producer="components/linkerd/values_2_8.py",
    source="linkerd2 charts/linkerd2, linkerd2-cni and linkerd2-multicluster @ stable-2.8.1",
)
_viz = partial(
    _value,
    on="linkerd-viz",
    producer="components/linkerd/viz_values.py",
    source="linkerd2 viz/charts/linkerd-viz/values.yaml and templates @ edge-26.8.3",
)
_multicluster = partial(
    _value,
    on="linkerd-multicluster",
    producer="components/links/values.py",
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

HELM_VALUES: tuple[Contract, ...] = (
    _linkerd(
        on="linkerd*",
        keys=(
            "controllerImage",
            "webImage",
            "cniPluginImage",
            "image.name",
            "*.image.name",
            "defaultRegistry",
        ),
        reader="kubelet, by way of the charts, which add : and the tag",
        form="the name of an image without scheme and tag, or of a registry's folder",
        fits=pattern(r"[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)*", "an image without a tag"),
        fitting=("cr.l5d.io/linkerd/proxy", "registry.example.com:5000/linkerd/proxy"),
        refused=("https://cr.l5d.io/linkerd/proxy", "cr.l5d.io/linkerd/proxy:edge-26.8.3", ""),
    ),
    _linkerd(
        on="*",
        keys=("imagePullSecrets[].name",),
        reader="kubelet, by way of the charts",
        form="the name of a Secret in the release's namespace",
        fits=dns_name,
        fitting=("registry",),
        refused=("", "registry/login"),
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=("clusterNetworks",),
        reader="proxies: only within these is anything looked up",
        form="CIDRs, separated by commas",
        fits=networks,
        fitting=("10.0.0.0/8,fd00::/8",),
        refused=("", "10.0.0.0/8 fd00::/8", "10.0.0.1/8", ["10.0.0.0/8"]),
    ),
    _linkerd(
        on="linkerd-*",
        keys=("clusterDomain", "identityTrustDomain"),
        reader="every component, and the identities that it gives",
        form="a domain",
        fits=dns_name,
        fitting=("cluster.local",),
        refused=("", "cluster.local."),
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=("identity.issuer.scheme",),
        reader="the chart, for a Secret that is not its own",
        form="kubernetes.io/tls (linkerd.io/tls makes the chart write the Secret)",
        fits=one_of("kubernetes.io/tls"),
        fitting=("kubernetes.io/tls",),
        refused=("linkerd.io/tls", "tls"),
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=(
            "cniEnabled",
            "disableHeartBeat",
            "highAvailability",
            "enablePodAntiAffinity",
            "enablePodDisruptionBudget",
            "identity.externalCA",
            "proxyInjector.externalSecret",
            "profileValidator.externalSecret",
            "policyValidator.externalSecret",
            "controller.tracing.enabled",
            "proxy.tracing.enabled",
            "proxy.nativeSidecar",
        ),
        reader="the chart's templates, which take every text for true",
        form="a boolean",
        fits=boolean,
        fitting=(True, False),
        refused=("false", "true", 0),
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=("proxy.defaultInboundPolicy",),
        reader="policy controller and injector",
        form=", ".join(_POLICIES),
        source="linkerd2 pkg/k8s/labels.go and pkg/inject/inject.go @ edge-26.8.3",
        fits=one_of(*_POLICIES),
        fitting=("all-unauthenticated", "deny"),
        refused=("allow", "all_authenticated", ""),
    ),
    _linkerd(
        on="linkerd-*",
        keys=("*.injectCaFrom",),
        producer="components/linkerd/webhook_values.py",
        reader="cert-manager's cainjector, by an annotation of the webhook",
        form="<namespace>/<Certificate>",
        source="cert-manager docs, CA Injector",
        fits=object_ref,
        fitting=("linkerd/linkerd-policy-validator",),
        refused=("linkerd-policy-validator", ""),
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=("heartbeatSchedule",),
        reader="Kubernetes' CronJob",
        form="five fields of cron",
        fits=pattern(_SCHEDULE, "five fields of cron"),
        fitting=("17 4 * * *",),
        refused=("", "17 4 * *", "@daily!"),
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=("webhookFailurePolicy",),
        reader="the API server",
        form="Fail or Ignore",
        fits=one_of("Fail", "Ignore"),
        fitting=("Fail",),
        refused=("fail", True),
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=(
            "controllerReplicas",
            "controller.podDisruptionBudget.maxUnavailable",
            "deploymentStrategy.rollingUpdate.maxUnavailable",
        ),
        reader="Kubernetes",
        form="a whole number above 0",
        fits=integer(1),
        fitting=(3, 1.0),
        refused=("3", 0, 0.5),
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=("deploymentStrategy.rollingUpdate.maxSurge",),
        reader="Kubernetes",
        form="percent as a text",
        fits=pattern(_PERCENT, "percent"),
        fitting=("25%",),
        refused=("25", 0.25),
    ),
    *(
        _value(
            on=chart,
            keys=(
                "*esources.cpu.request",
                "*esources.cpu.limit",
                "*esources.memory.request",
                "*esources.memory.limit",
            ),
            producer="components/core/values.py",
            reader="Kubernetes' scheduler, by way of the chart",
            form="a quantity as a text, or empty for none",
            source=source,
            fits=quantity_or_none,
            fitting=("100m", "250Mi", ""),
            refused=("250MB", 1, "0,1"),
        )
        for chart, source in (
            (
                "linkerd-control-plane",
                "linkerd2 charts/partials/templates/_resources.tpl @ edge-26.8.3",
            ),
            ("linkerd-viz", "linkerd2 charts/partials/templates/_resources.tpl @ edge-26.8.3"),
            ("linkerd2", "linkerd2 charts/partials/templates/_resources.tpl @ stable-2.8.1"),
        )
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=("controller.tracing.collector.endpoint", "proxy.tracing.collector.endpoint"),
        producer="components/linkerd/tracing_values.py",
        reader="controllers and proxies",
        form="<host>:<port>",
        fits=host_port,
        fitting=("otel-collector.tracing:4317",),
        refused=("http://otel-collector:4317", "otel-collector"),
    ),
    _linkerd(
        on="linkerd-control-plane",
        keys=(
            "proxy.tracing.collector.meshIdentity.serviceAccountName",
            "proxy.tracing.collector.meshIdentity.namespace",
        ),
        producer="components/linkerd/tracing_values.py",
        reader="proxies, which make the collector's identity of it",
        form="a name",
        fits=dns_name,
        fitting=("tempo",),
        refused=("", "tracing/tempo"),
    ),
    _linkerd(
        on="linkerd-crds",
        keys=("installGatewayAPI",),
        reader="the chart's templates",
        form="a boolean",
        source="linkerd2 charts/linkerd-crds/values.yaml @ edge-26.8.3",
        fits=boolean,
        fitting=(True, False),
        refused=("true", None),
    ),
    _value(
        on="linkerd-jaeger",
        keys=("webhook.collectorSvcAddr",),
        producer="components/linkerd/jaeger_values.py",
        reader="jaeger-injector, for proxies",
        form="<host>:<port>",
        source="linkerd2 jaeger/charts/linkerd-jaeger/values.yaml @ edge-25.3.1",
        fits=host_port,
        fitting=("tempo-distributor.tracing:55678",),
        refused=("tempo-distributor", ""),
    ),
    _value(
        on="linkerd-jaeger",
        keys=("webhook.collectorSvcAccount", "linkerdNamespace"),
        producer="components/linkerd/jaeger_values.py",
        reader="jaeger-injector",
        form="a name",
        source="linkerd2 jaeger/charts/linkerd-jaeger/values.yaml @ edge-25.3.1",
        fits=dns_name,
        fitting=("tempo",),
        refused=("", "Tempo"),
    ),
    _value(
        on="linkerd-jaeger",
        keys=("webhook.collectorTraceProtocol",),
        producer="components/linkerd/jaeger_values.py",
        reader="proxies, by way of an annotation",
        form="opencensus or opentelemetry",
        source="linkerd2 jaeger/charts/linkerd-jaeger/values.yaml @ edge-25.3.1",
        fits=one_of("opencensus", "opentelemetry"),
        fitting=("opencensus", "opentelemetry"),
        refused=("otlp", ""),
    ),
    _value(
        on="linkerd-jaeger",
        keys=("webhook.logLevel",),
        producer="the stack file, tracing.jaegerValues",
        reader="jaeger-injector, by logrus",
        form="panic, fatal, error, warn, info, debug or trace",
        source="linkerd2 pkg/flags/flags.go @ edge-25.3.1",
        fits=one_of("panic", "fatal", "error", "warn", "info", "debug", "trace"),
        fitting=("debug",),
        refused=("verbose", True),
    ),
    _value(
        on="linkerd-jaeger",
        keys=(
            "collector.enabled",
            "jaeger.enabled",
            "createNamespaceMetadataJob",
            "webhook.externalSecret",
        ),
        producer="components/linkerd/jaeger_values.py",
        reader="the chart's templates",
        form="a boolean",
        source="linkerd2 jaeger/charts/linkerd-jaeger/values.yaml @ edge-25.3.1",
        fits=boolean,
        fitting=(True, False),
        refused=("false", None),
    ),
    _multicluster(
        keys=(
            "gateway.enabled",
            "controllers[].gateway.enabled",
            "controllers[].enableHeadlessServices",
            "createNamespaceMetadataJob",
            "enableNamespaceCreation",
            "enablePodAntiAffinity",
            "controllerDefaults.enablePodAntiAffinity",
            "remoteMirrorServiceAccount",
        ),
        reader="the chart's templates",
        form="a boolean",
        fits=boolean,
        fitting=(True, False),
        refused=("false", None),
    ),
    _multicluster(
        keys=("controllers[].link.ref.name", "linkerdNamespace"),
        reader="service mirror, which watches the Link of this name",
        form="the name of a Link; of the control plane's namespace",
        fits=dns_name,
        fitting=("west",),
        refused=("", "West"),
    ),
    _multicluster(
        keys=("controllers[].gateway.probe.port",),
        reader="the chart, for the Service probe-<link>",
        form="a port, as a number",
        fits=either(port, decimal(1, 65535)),
        fitting=(4191, 80.0),
        refused=("mc-probe", 0, None),
    ),
    _multicluster(
        keys=("controllerDefaults.replicas", "localServiceMirror.replicas"),
        reader="Kubernetes",
        form="a whole number above 0",
        fits=integer(1),
        fitting=(3,),
        refused=("3", 0),
    ),
    _value(
        on="*",
        keys=("podAnnotations", "service.annotations"),
        producer="components/ambassador/gateway.py, components/links/values.py",
        reader="the chart's templates, which write them as YAML",
        form="a map of texts; booleans and numbers are refused by the API server",
        source="Kubernetes API reference, ObjectMeta.annotations",
        fits=texts,
        fitting=({"linkerd.io/inject": "enabled"}, {}),
        refused=({"linkerd.io/inject": True}, ["linkerd.io/inject"], None),
    ),
    _viz(
        keys=(
            "createNamespaceMetadataJob",
            "enablePodAntiAffinity",
            "enablePodDisruptionBudget",
            "prometheus.enabled",
            "tap.externalSecret",
            "tapInjector.externalSecret",
        ),
        reader="the chart's templates",
        form="a boolean",
        fits=boolean,
        fitting=(True, False),
        refused=("false", None),
    ),
    _viz(
        keys=("dashboard.enforcedHostRegexp",),
        reader="web, by Go's regexp, which has no look-around",
        form="a regular expression of RE2",
        fits=pattern(r"(?!.*\(\?[=!<]).+", "a regular expression of RE2"),
        fitting=(r"^(localhost|web\.linkerd-viz\.svc)(:[0-9]+)?$",),
        refused=("", "^(?!localhost)"),
    ),
    _viz(
        keys=("grafana.url",),
        reader="web, which proxies to it by http",
        form="<host>, perhaps with a port, without a scheme",
        fits=pattern(r"[a-z0-9][a-z0-9.-]*(?::[0-9]+)?(?:/[^\s]*)?", "a host without a scheme"),
        fitting=("grafana.monitoring.svc.cluster.local:80",),
        refused=("http://grafana.monitoring", ""),
    ),
    _viz(
        keys=("prometheusUrl",),
        reader="metrics-api",
        form="a URL",
        fits=http_url,
        fitting=("http://prometheus.monitoring.svc.cluster.local:9090",),
        refused=("prometheus.monitoring:9090", ""),
    ),
    _viz(
        keys=("tap.replicas",),
        reader="Kubernetes",
        form="a whole number above 0",
        fits=integer(1),
        fitting=(3,),
        refused=("3", 0),
    ),
    _viz(
        keys=("linkerdNamespace",),
        reader="every component of viz",
        form="the control plane's namespace",
        fits=dns_label,
        fitting=("linkerd",),
        refused=("", "Linkerd"),
    ),
    _2_8(
        on="linkerd2*",
        keys=(
            "global.namespace",
            "namespace",
            "global.clusterDomain",
            "global.identityTrustDomain",
            "identityTrustDomain",
            "linkerdNamespace",
        ),
        reader="the chart's templates",
        form="a name or a domain",
        fits=dns_name,
        fitting=("linkerd", "cluster.local"),
        refused=("", "Linkerd"),
    ),
    _2_8(
        on="linkerd2*",
        keys=(
            "global.cniEnabled",
            "disableHeartBeat",
            "enablePodAntiAffinity",
            "installNamespace",
            "profileValidator.externalSecret",
            "proxyInjector.externalSecret",
            "tap.externalSecret",
            "gateway",
            "remoteMirrorServiceAccount",
            "serviceMirror",
        ),
        reader="the chart's templates, which take every text for true",
        form="a boolean",
        fits=boolean,
        fitting=(True, False),
        refused=("false", None),
    ),
    _2_8(
        on="linkerd2",
        keys=("global.proxy.destinationGetNetworks",),
        reader="proxies of Linkerd 2.8",
        form="CIDRs, separated by commas",
        fits=networks,
        fitting=("10.0.0.0/8,192.168.0.0/16",),
        refused=("", "10.0.0.0/8 fd00::/8"),
    ),
    _2_8(
        on="linkerd2",
        keys=("controllerReplicas",),
        reader="Kubernetes",
        form="a whole number above 0",
        fits=integer(1),
        fitting=(3,),
        refused=("3", 0),
    ),
    _2_8(
        on="linkerd2",
        keys=("webhookFailurePolicy",),
        reader="the API server",
        form="Fail or Ignore",
        fits=one_of("Fail", "Ignore"),
        fitting=("Fail",),
        refused=("fail",),
    ),
    _2_8(
        on="linkerd2",
        keys=("identity.issuer.scheme",),
        reader="the chart, for a Secret that is not its own",
        form="kubernetes.io/tls",
        fits=one_of("kubernetes.io/tls"),
        fitting=("kubernetes.io/tls",),
        refused=("linkerd.io/tls",),
    ),
    _2_8(
        on="linkerd2-cni",
        keys=("cliVersion",),
        reader="linkerd check, by the annotation created-by",
        form="linkerd/helm and a version",
        fits=pattern(r"linkerd/helm stable-2\.8\.[0-9]+", "linkerd/helm and a version"),
        fitting=("linkerd/helm stable-2.8.1",),
        refused=("2.8.1", ""),
    ),
    _value(
        on="cert-manager",
        keys=("crds.enabled", "crds.keep"),
        producer="components/trust/cert_manager_values.py",
        reader="the chart's templates",
        form="a boolean",
        source="cert-manager deploy/charts/cert-manager/values.yaml @ v1.21.2",
        fits=boolean,
        fitting=(True,),
        refused=("true", None),
    ),
    _value(
        on="cert-manager",
        keys=("replicaCount",),
        producer="the stack file, certManager.values",
        reader="Kubernetes",
        form="a whole number above 0",
        source="cert-manager deploy/charts/cert-manager/values.yaml @ v1.21.2",
        fits=integer(1),
        fitting=(2,),
        refused=("2", 0),
    ),
    _value(
        on="trust-manager",
        keys=("crds.enabled", "crds.keep", "defaultPackage.enabled"),
        producer="components/trust/cert_manager_values.py",
        reader="the chart's templates",
        form="a boolean",
        source="trust-manager deploy/charts/trust-manager/values.yaml @ v0.25.0",
        fits=boolean,
        fitting=(True, False),
        refused=("true", None),
    ),
    _value(
        on="trust-manager",
        keys=("app.trust.namespace",),
        producer="components/trust/cert_manager_values.py",
        reader="trust-manager, which reads Secrets from there only",
        form="the name of a namespace",
        source="trust-manager deploy/charts/trust-manager/values.yaml @ v0.25.0",
        fits=dns_label,
        fitting=("cert-manager",),
        refused=("", "cert-manager/roots"),
    ),
    *(
        _ambassador(
            on=chart,
            keys=("fullnameOverride", *keys),
            reader="the chart's templates, for the names of objects",
            form="a DNS label",
            fits=dns_label,
            fitting=("ambassador",),
            refused=("", "Ambassador", "a" * 64),
        )
        for chart, keys in (
            (
                "emissary-ingress",
                (
                    "serviceAccount.name",
                    "waitForApiext.deploymentNamespace",
                    "licenseKey.secretName",
                    "rbac.nameOverride",
                ),
            ),
            ("edge-stack", ("licenseKey.secretName",)),
            ("ambassador", ("serviceAccount.name",)),
        )
    ),
    _ambassador(
        on="emissary-ingress",
        keys=("createDefaultListeners", "waitForApiext.enabled", "test.enabled", "agent.enabled"),
        reader="the chart's templates",
        form="a boolean",
        fits=boolean,
        fitting=(True, False),
        refused=("false", None),
    ),
    _ambassador(
        on="ambassador",
        keys=("enableAES", "agent.enabled", "test.enabled"),
        reader="the chart's templates",
        form="false: neither Edge Stack, nor its agent, nor a test pod",
        fits=one_of(False),
        fitting=(False,),
        refused=(True, "false"),
    ),
    *(
        _ambassador(
            on=chart,
            keys=keys,
            reader="Kubernetes",
            form="a whole number above 0",
            fits=integer(1),
            fitting=(3, 1.0),
            refused=("3", 0),
        )
        for chart, keys in (
            ("emissary-ingress", ("replicaCount", "podDisruptionBudget.maxUnavailable")),
            ("ambassador", ("replicaCount",)),
        )
    ),
    *(
        _ambassador(
            on=chart,
            keys=(key,),
            reader="kubelet, by way of the chart, which adds : and the tag",
            form="the name of an image without scheme and tag",
            fits=image,
            fitting=("registry.example.com/emissary",),
            refused=("https://registry.example.com/emissary", ""),
        )
        for chart, key in (
            ("emissary-ingress", "image.repository"),
            ("ambassador", "image.ossRepository"),
        )
    ),
    *(
        _ambassador(
            on=chart,
            keys=("module",),
            reader="the chart, which writes it as Module ambassador",
            form="keys of the Module; enabled and diagnostics are the chart's defaults",
            fits=module,
            fitting=({"add_linkerd_headers": True}, {}),
            refused=({"add_linkerd_headers": "true"}, {"linkerd_headers": True}, None),
        )
        for chart in ("emissary-ingress", "ambassador")
    ),
    *(
        _ambassador(
            on=chart,
            keys=("service.ports",),
            reader="the chart, for the Service and for the ports of the container",
            form="name, port and targetPort each, which replace the chart's own",
            fits=service_ports,
            fitting=([_HTTP], [_HTTP, _service_port("mc-gateway", 4143, 4143)]),
            refused=(
                [],
                [{"name": "http", "port": 80}],
                [_HTTP, _service_port("http", 81, 8081)],
                [_HTTP, _service_port("web", 80, 8081)],
                {"http": 80},
            ),
        )
        for chart in ("emissary-ingress", "ambassador")
    ),
    *(
        _ambassador(
            on=chart,
            keys=("service.type",),
            reader="Kubernetes",
            form="ClusterIP, NodePort or LoadBalancer",
            fits=one_of("ClusterIP", "NodePort", "LoadBalancer"),
            fitting=("LoadBalancer", "NodePort"),
            refused=("loadbalancer", ""),
        )
        for chart in ("emissary-ingress", "ambassador")
    ),
    _ambassador(
        on="emissary-ingress",
        keys=("service.externalTrafficPolicy",),
        reader="Kubernetes",
        form="Cluster or Local",
        fits=one_of("Cluster", "Local"),
        fitting=("Local",),
        refused=("local", ""),
    ),
    _ambassador(
        on="emissary-ingress",
        keys=("service.loadBalancerClass",),
        reader="the controller of that class; the chart of Emissary 4 alone knows it",
        form="a label's form, perhaps with a domain before it",
        source="emissary charts/emissary-ingress/templates/service.yaml @ v4.1.0",
        fits=pattern(r"(?:[a-z0-9.-]+/)?[A-Za-z0-9][A-Za-z0-9._-]*", "a class"),
        fitting=("service.k8s.aws/nlb",),
        refused=("", "a b"),
    ),
    _ambassador(
        on="emissary-ingress",
        keys=("service.loadBalancerSourceRanges",),
        reader="the cloud's load-balancer controller",
        form="a list of CIDRs",
        fits=every(cidr),
        fitting=(["10.0.0.0/8"],),
        refused=([], "10.0.0.0/8", ["10.0.0.1/8"]),
    ),
    _ambassador(
        on="emissary-ingress",
        keys=("resources",),
        reader="Kubernetes' scheduler",
        form="limits and requests in quantities",
        fits=kubernetes_resources,
        fitting=({"limits": {"memory": "600Mi"}, "requests": {"cpu": "200m"}},),
        refused=({"cpu": {"limit": "1"}}, {"limits": {"memory": "600MB"}}, {"limits": "1"}),
    ),
    _ambassador(
        on="emissary-ingress",
        keys=("topologySpreadConstraints",),
        reader="Kubernetes' scheduler",
        form="constraints that select Ambassador's own pods",
        fits=every(spread),
        fitting=([_SPREAD],),
        refused=([], [{**_SPREAD, "labelSelector": {}}], [{**_SPREAD, "whenUnsatisfiable": "no"}]),
    ),
    _ambassador(
        on="emissary-ingress",
        keys=("redisURL",),
        reader="Edge Stack",
        form="<host>:<port>",
        source="edge-stack chart 8.10.2",
        fits=host_port,
        fitting=("redis.shared.svc.cluster.local:6379",),
        refused=("redis://redis:6379", "redis"),
    ),
    _ambassador(
        on="edge-stack",
        keys=(
            "authService.create",
            "rateLimit.create",
            "redis.create",
            "createDevPortalMappings",
            "licenseKey.createSecret",
            "authService.optional_configurations.add_linkerd_headers",
        ),
        reader="the chart's templates",
        form="a boolean",
        source="edge-stack chart 8.10.2",
        fits=boolean,
        fitting=(True, False),
        refused=("false", None),
    ),
    _value(
        on="emissary-crds-chart",
        keys=("enableLegacyVersions", "enableV1"),
        producer="components/ambassador/values.py",
        reader="the chart's templates",
        form="a boolean",
        source="emissary charts/emissary-crds/values.yaml @ v4.1.0",
        fits=boolean,
        fitting=(True, False),
        refused=("true", None),
    ),
)
"""Rows about Helm values."""
