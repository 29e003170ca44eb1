"""Labels that are written here, and who selects by them."""

from __future__ import annotations

from functools import partial

from contracts.contract import EDGE, Contract, Form, Subject
from contracts.forms.common import LABEL_VALUE, REMOTE_ACCESS, TRUE
from contracts.forms.text import dns_label, label_value, one_of

_EXTENSIONS = one_of("jaeger", "multicluster", "viz")
_STANDARDS = one_of("privileged", "baseline", "restricted")

_namespace = partial(
    Contract,
    subject=Subject.LABEL,
    producer="components/linkerd/control_plane.py, components/linkerd/linkerd_2_8.py",
)
_edge = partial(Contract, subject=Subject.LABEL, generations=EDGE)
_both = partial(Contract, subject=Subject.LABEL)

# fmt: off
LABELS: tuple[Contract, ...] = (
    _namespace("Namespace", "linkerd.io/is-control-plane linkerd.io/cni-resource", TRUE,
        "namespace selectors of webhooks, and linkerd check",
        source=(
            "linkerd2 charts/linkerd-control-plane/templates/namespace.yaml and values.yaml, "
            "pkg/healthcheck/healthcheck.go @ edge-26.8.3"
        )),
    _namespace("Namespace", "config.linkerd.io/admission-webhooks",
        Form("disabled", one_of("disabled"), ("disabled",), ("false", "enabled")),
        "namespace selectors of the webhooks, which leave out what is disabled",
        source=(
            "linkerd2 charts/linkerd-control-plane/values.yaml @ edge-26.8.3; "
            "charts/linkerd2/templates/proxy-injector-rbac.yaml @ stable-2.8.1"
        )),
    _namespace("Namespace", "linkerd.io/control-plane-ns",
        Form("the name of the control plane's namespace", dns_label, ("linkerd",),
            ("", "true.", "Linkerd")),
        "linkerd check and linkerd uninstall", source="linkerd2 pkg/k8s/labels.go @ edge-26.8.3"),
    _both("Namespace", "linkerd.io/extension",
        Form("jaeger, multicluster or viz", _EXTENSIONS, ("multicluster", "viz"),
            ("linkerd-multicluster", "true")),
        "linkerd check, by the name of the extension's command",
        producer="components/linkerd/control_plane.py, components/linkerd/jaeger.py",
        source="linkerd2 cli/cmd/check.go and pkg/k8s/api.go @ edge-26.8.3"),
    _namespace("Namespace", "pod-security.kubernetes.io/enforce",
        Form("privileged, baseline or restricted", _STANDARDS, ("privileged", "restricted"),
            ("strict", "true")),
        "Kubernetes' Pod Security admission", source="Kubernetes docs, Pod Security Standards"),
    *(
        _both(kind, "linkerd.io/extension",
            Form("multicluster", one_of("multicluster"), ("multicluster",),
                ("linkerd-multicluster", "true")),
            "linkerd multicluster unlink and uninstall", producer=REMOTE_ACCESS,
            source=(
                "linkerd2 "
                "multicluster/charts/linkerd-multicluster/templates/"
                "remote-access-service-mirror-rbac.yaml "
                "@ edge-26.8.3"
            ))
        for kind in ("ServiceAccount", "Secret", "ClusterRole", "ClusterRoleBinding")
    ),
    _edge("Secret", "multicluster.linkerd.io/cluster-name",
        Form("the Link's targetClusterName", dns_label, ("west",), ("", "West")),
        "destination controller, which passes over a Secret without it",
        producer=REMOTE_ACCESS,
        source="linkerd2 controller/api/destination/watcher/cluster_store.go @ edge-26.8.3"),
    _edge("Service", "mirror.linkerd.io/exported",
        Form("true through the gateway, remote-discovery on a flat network",
            one_of("true", "remote-discovery"), ("true", "remote-discovery"), (True, "gateway")),
        "service mirror, by the selectors of the Link", producer="components/links/exports.py",
        source="Linkerd docs, Multi-cluster communication; linkerd2 pkg/k8s/labels.go"),
    _edge("Service", "mirror.linkerd.io/federated",
        Form("member", one_of("member"), ("member",), ("true", True)),
        "service mirror, by the Link's federatedServiceSelector",
        producer="components/links/exports.py",
        source="Linkerd docs, Federated services; linkerd2 pkg/k8s/labels.go @ edge-26.8.3"),
    _edge("Service", "mirror.linkerd.io/not-exported-to.* mirror.linkerd.io/not-federated-to.*",
        Form("true", one_of("true"), ("true",), (True, "false")),
        "service mirror of that source, by the Link's selectors; no mirror gets a copy, as keys "
        "with this prefix are not copied",
        producer="config/links/selection.py",
        source="linkerd2 multicluster/service-mirror/cluster_watcher.go, isLabelExlucded "
        "@ edge-26.8.3"),
    _edge("Module", "app.kubernetes.io/managed-by",
        Form("the field manager's name", label_value, ("linkerd-ambassador-mesh",),
            ("linkerd ambassador mesh", True)),
        "this program, which patches a Module of others and declares its own",
        producer="components/ambassador/adoption.py", source="Kubernetes docs, Recommended Labels"),
    _edge("ConfigMap", "grafana_dashboard",
        Form('"1", its default value of sidecar.dashboards.labelValue, or another label value',
            label_value, ("1",), (1, "a b")),
        "sidecar of the chart grafana",
        producer="components/platform/monitoring.py, or the stack file",
        source="charts of Grafana and kube-prometheus-stack, sidecar.dashboards.label"),
    _edge("PodMonitor", "app release", LABEL_VALUE,
        "Prometheus operator, by Prometheus' podMonitorSelector",
        producer="the stack file, monitoring.labels",
        source="Prometheus operator docs, Prometheus, podMonitorSelector"),
    *(
        _both(on, "app", LABEL_VALUE, "selectors of the sample's Deployment and Service",
            producer="components/platform/sample_service.py",
            source="Kubernetes docs, Labels and Selectors")
        for on in ("Deployment", "Service", "Pod")
    ),
    *(
        Contract(on, keys,
            Form("labels that the chart, or the workload here, gives its pods", label_value,
                ("ambassador",), ("a b", True)),
            "Kubernetes: pods with all of these labels, and no pod where one differs",
            subject=Subject.FIELD, producer=producer,
            source="Kubernetes docs, Labels and Selectors; emissary-ingress chart, _helpers.tpl")
        for on, keys, producer in (
            ("Service",
                "spec.selector.app spec.selector.app.kubernetes.io/name "
                "spec.selector.app.kubernetes.io/instance",
                "components/platform/sample_service.py, components/ambassador/adoption.py"),
            ("Deployment", "spec.selector.matchLabels.app",
                "components/platform/sample_service.py"),
        )
    ),
)
# fmt: on
"""Rows about labels and the selectors that go by them."""
