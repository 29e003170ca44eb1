"""Labels that are written here, and who selects by them."""

from __future__ import annotations

from contracts.contract import CURRENT, Contract, Subject
from contracts.forms.text import dns_label, label_value, one_of

_EDGE = frozenset({CURRENT})
_EXTENSIONS = one_of("jaeger", "multicluster", "viz")
_STANDARDS = one_of("privileged", "baseline", "restricted")

LABELS: tuple[Contract, ...] = (
    Contract(
        subject=Subject.LABEL,
        on="Namespace",
        keys=("linkerd.io/is-control-plane", "linkerd.io/cni-resource"),
        producer="components/linkerd/control_plane.py, components/linkerd/linkerd_2_8.py",
        reader="namespace selectors of webhooks, and linkerd check",
        form='"true"',
        source="linkerd2 charts/linkerd-control-plane/templates/namespace.yaml and values.yaml, "
        "pkg/healthcheck/healthcheck.go @ edge-26.8.3",
        fits=one_of("true"),
        fitting=("true",),
        refused=(True, "1", "enabled"),
    ),
    Contract(
        subject=Subject.LABEL,
        on="Namespace",
        keys=("config.linkerd.io/admission-webhooks",),
        producer="components/linkerd/control_plane.py, components/linkerd/linkerd_2_8.py",
        reader="namespace selectors of the webhooks, which leave out what is disabled",
        form="disabled",
        source="linkerd2 charts/linkerd-control-plane/values.yaml @ edge-26.8.3; "
        "charts/linkerd2/templates/proxy-injector-rbac.yaml @ stable-2.8.1",
        fits=one_of("disabled"),
        fitting=("disabled",),
        refused=("false", "enabled"),
    ),
    Contract(
        subject=Subject.LABEL,
        on="Namespace",
        keys=("linkerd.io/control-plane-ns",),
        producer="components/linkerd/control_plane.py, components/linkerd/linkerd_2_8.py",
        reader="linkerd check and linkerd uninstall",
        form="the name of the control plane's namespace",
        source="linkerd2 pkg/k8s/labels.go @ edge-26.8.3",
        fits=dns_label,
        fitting=("linkerd",),
        refused=("", "true.", "Linkerd"),
    ),
    Contract(
        subject=Subject.LABEL,
        on="Namespace",
        keys=("linkerd.io/extension",),
        producer="components/linkerd/control_plane.py, components/linkerd/jaeger.py",
        reader="linkerd check, by the name of the extension's command",
        form="jaeger, multicluster or viz",
        source="linkerd2 cli/cmd/check.go and pkg/k8s/api.go @ edge-26.8.3",
        fits=_EXTENSIONS,
        fitting=("multicluster", "viz"),
        refused=("linkerd-multicluster", "true"),
    ),
    Contract(
        subject=Subject.LABEL,
        on="Namespace",
        keys=("pod-security.kubernetes.io/enforce",),
        producer="components/linkerd/control_plane.py, components/linkerd/linkerd_2_8.py",
        reader="Kubernetes' Pod Security admission",
        form="privileged, baseline or restricted",
        source="Kubernetes docs, Pod Security Standards",
        fits=_STANDARDS,
        fitting=("privileged", "restricted"),
        refused=("strict", "true"),
    ),
    *(
        Contract(
            subject=Subject.LABEL,
            on=kind,
            keys=("linkerd.io/extension",),
            producer="components/links/remote_access.py, components/links/remote_secrets.py",
            reader="linkerd multicluster unlink and uninstall",
            form="multicluster",
            source="linkerd2 multicluster/charts/linkerd-multicluster/templates/"
            "remote-access-service-mirror-rbac.yaml @ edge-26.8.3",
            fits=one_of("multicluster"),
            fitting=("multicluster",),
            refused=("linkerd-multicluster", "true"),
        )
        for kind in ("ServiceAccount", "Secret", "ClusterRole", "ClusterRoleBinding")
    ),
    Contract(
        subject=Subject.LABEL,
        on="Secret",
        keys=("multicluster.linkerd.io/cluster-name",),
        producer="components/links/remote_access.py, components/links/remote_secrets.py",
        reader="destination controller, which passes over a Secret without it",
        form="the Link's targetClusterName",
        source="linkerd2 controller/api/destination/watcher/cluster_store.go @ edge-26.8.3",
        fits=dns_label,
        fitting=("west",),
        refused=("", "West"),
        generations=_EDGE,
    ),
    Contract(
        subject=Subject.LABEL,
        on="Service",
        keys=("mirror.linkerd.io/exported",),
        producer="components/links/exports.py",
        reader="service mirror, by the selectors of the Link",
        form="true through the gateway, remote-discovery on a flat network",
        source="Linkerd docs, Multi-cluster communication; linkerd2 pkg/k8s/labels.go",
        fits=one_of("true", "remote-discovery"),
        fitting=("true", "remote-discovery"),
        refused=(True, "gateway"),
        generations=_EDGE,
    ),
    Contract(
        subject=Subject.LABEL,
        on="Service",
        keys=("mirror.linkerd.io/federated",),
        producer="components/links/exports.py",
        reader="service mirror, by the Link's federatedServiceSelector",
        form="member",
        source="Linkerd docs, Federated services; linkerd2 pkg/k8s/labels.go @ edge-26.8.3",
        fits=one_of("member"),
        fitting=("member",),
        refused=("true", True),
        generations=_EDGE,
    ),
    Contract(
        subject=Subject.LABEL,
        on="Module",
        keys=("app.kubernetes.io/managed-by",),
        producer="components/ambassador/adoption.py",
        reader="this program, which patches a Module of others and declares its own",
        form="the field manager's name",
        source="Kubernetes docs, Recommended Labels",
        fits=label_value,
        fitting=("linkerd-ambassador-mesh",),
        refused=("linkerd ambassador mesh", True),
        generations=_EDGE,
    ),
    Contract(
        subject=Subject.LABEL,
        on="ConfigMap",
        keys=("grafana_dashboard",),
        producer="components/platform/monitoring.py, or the stack file",
        reader="sidecar of the chart grafana",
        form='"1", its default value of sidecar.dashboards.labelValue, or another label value',
        source="charts of Grafana and kube-prometheus-stack, sidecar.dashboards.label",
        fits=label_value,
        fitting=("1",),
        refused=(1, "a b"),
        generations=_EDGE,
    ),
    Contract(
        subject=Subject.LABEL,
        on="PodMonitor",
        keys=("app", "release"),
        producer="the stack file, monitoring.labels",
        reader="Prometheus operator, by Prometheus' podMonitorSelector",
        form="a label's value",
        source="Prometheus operator docs, Prometheus, podMonitorSelector",
        fits=label_value,
        fitting=("kube-prometheus-stack",),
        refused=(True, "two words"),
        generations=_EDGE,
    ),
    *(
        Contract(
            subject=Subject.LABEL,
            on=on,
            keys=("app",),
            producer="components/platform/sample_service.py",
            reader="selectors of the sample's Deployment and Service",
            form="a label's value",
            source="Kubernetes docs, Labels and Selectors",
            fits=label_value,
            fitting=("qotm",),
            refused=("a b", True),
        )
        for on in ("Deployment", "Service", "Pod")
    ),
    *(
        Contract(
            subject=Subject.FIELD,
            on=on,
            keys=keys,
            producer=producer,
            reader="Kubernetes: pods with all of these labels, and no pod where one differs",
            form="labels that the chart, or the workload here, gives its pods",
            source="Kubernetes docs, Labels and Selectors; emissary-ingress chart, _helpers.tpl",
            fits=label_value,
            fitting=("ambassador",),
            refused=("a b", True),
        )
        for on, keys, producer in (
            (
                "Service",
                (
                    "spec.selector.app",
                    "spec.selector.app.kubernetes.io/name",
                    "spec.selector.app.kubernetes.io/instance",
                ),
                "components/platform/sample_service.py, components/ambassador/adoption.py",
            ),
            (
                "Deployment",
                ("spec.selector.matchLabels.app",),
                "components/platform/sample_service.py",
            ),
        )
    ),
)
"""Rows about labels and the selectors that go by them."""
