"""Known products: which of their workloads are meshed, and what only their owner can change.

Facts: the charts longhorn 1.12, kube-prometheus-stack 88, eck-operator 3.5, fluentd 0.6,
fluent-bit 0.58, velero 12.1, traefik 41, ingress-nginx 4.15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from vocabulary.kubernetes import APP_COMPONENT, APP_NAME, ELASTIC_TYPE
from vocabulary.linkerd import INJECT, SKIP_OUTBOUND_PORTS


class WorkloadRef(NamedTuple):
    """A workload, or a Namespace, of a cluster."""

    kind: str
    """Namespace, Deployment, DaemonSet, StatefulSet, CronJob or Kibana."""
    namespace: str
    """Its namespace; empty for a Namespace."""
    name: str
    """Its name."""

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"

    @property
    def pods_in(self) -> str:
        """The namespace that its pods are in."""
        return self.namespace or self.name


@dataclass(frozen=True)
class Patch:
    """What is added to one workload, or to a Namespace."""

    kind: str
    """Namespace, Deployment, DaemonSet, StatefulSet, CronJob or Kibana (of ECK), whose pods also
    get the token of their ServiceAccount."""
    namespace: str
    """Its namespace; empty for a Namespace."""
    name: str
    """Its name."""
    annotations: dict[str, str]
    """Annotations of its pods, or of the Namespace."""
    container: str | None = None
    """Container that gets `env` and `command`."""
    env: dict[str, str] = field(default_factory=dict)
    """Environment variables that it gets."""
    command: tuple[str, ...] = ()
    """Command that it gets; empty where it keeps its own."""

    @property
    def ref(self) -> WorkloadRef:
        """What is patched."""
        return WorkloadRef(self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        return str(self.ref)


@dataclass(frozen=True)
class Called:
    """Ports of a product that clients without a proxy call."""

    name: str
    """What the names of their Servers begin with."""
    labels: Mapping[str, str]
    """Labels that select the pods."""
    ports: tuple[str, ...]
    """Names of the ports."""
    by: Literal["anyone", "cluster"] = "anyone"
    """Who calls them: any client, the API server among them, or the cluster's own networks."""


@dataclass(frozen=True)
class Recipe:
    """How one product is meshed."""

    title: str
    """Its name."""
    namespace: str
    """Its usual namespace."""
    workloads: tuple[tuple[str, str], ...] = ()
    """Kind and name of the meshed workloads; empty to mesh the Namespace."""
    annotations: Mapping[str, str] = field(default_factory=lambda: {INJECT: "enabled"})
    """Annotations that they get."""
    owner_values: Mapping[str, Any] = field(default_factory=dict)
    """Values that the owner writes for the product's own chart, because no patch can."""
    called: tuple[Called, ...] = ()
    """Ports that stay open to clients without a proxy, whatever the inbound policy is."""
    remarks: tuple[str, ...] = ()
    """What cannot be meshed, and further remarks."""

    def at(self, namespace: str | None) -> tuple[Patch, ...]:
        """What is patched where the product is in this namespace, or in its usual one."""
        space = namespace or self.namespace
        annotations = dict(self.annotations)
        if not self.workloads:
            return (Patch("Namespace", "", space, annotations),)
        return tuple(Patch(kind, space, name, annotations) for kind, name in self.workloads)


_VELERO = {"podAnnotations": {INJECT: "enabled"}}

RECIPES: Mapping[str, Recipe] = {
    "longhorn": Recipe(
        "Longhorn",
        "longhorn-system",
        (("DaemonSet", "longhorn-manager"), ("Deployment", "longhorn-ui")),
        called=(
            Called(
                "longhorn-manager",
                {"app": "longhorn-manager"},
                ("manager", "recov-backend"),
                "cluster",
            ),
            # The kubelet probes one of them by HTTPS.
            Called(
                "longhorn-webhook", {"app": "longhorn-manager"}, ("conversion-wh", "admission-wh")
            ),
        ),
        remarks=(
            "Only its manager and its UI are meshed, and only once Longhorn is deployed: its "
            "engines and replicas would read and write through the proxy.",
            "POD_IP stays as it is: since Linkerd 2.11 the proxy hands connections to the pod's "
            "own address, on which the manager listens. Under Linkerd 2.8 its owner sets it to "
            "0.0.0.0.",
        ),
    ),
    "kube-prometheus-stack": Recipe(
        "kube-prometheus-stack",
        "monitoring",
        owner_values={
            "prometheusOperator": {
                "admissionWebhooks": {"patch": {"podAnnotations": {INJECT: "disabled"}}}
            }
        },
        called=(
            Called("prometheus-operator", {"app": "kube-prometheus-stack-operator"}, ("https",)),
        ),
        remarks=(
            "Without native sidecars, its admission Jobs never end unless its owner writes these "
            "values before installing it.",
            "node-exporter uses the host network, where Linkerd injects no proxy.",
        ),
    ),
    "eck": Recipe(
        "Elasticsearch and Kibana under ECK",
        "logging",
        owner_values={"podTemplate": {"spec": {"automountServiceAccountToken": True}}},
        # The operator has no proxy, and the kubelet probes Kibana by HTTPS.
        called=tuple(
            Called(kind, {ELASTIC_TYPE: kind}, ("https", "http"), "cluster")
            for kind in ("elasticsearch", "kibana")
        ),
        remarks=(
            "The operator creates pods without the token of a ServiceAccount. Kibana gets one by "
            "a separate entry (kind: Kibana). For Elasticsearch, the owner writes this "
            "podTemplate into every node set: a patch of one node set would replace all node "
            "sets.",
            "Current Linkerd injects proxies into such pods too, unless its value "
            "identity.serviceAccountTokenProjection is false; Linkerd up to 2.11 did not.",
        ),
    ),
    "fluentd": Recipe("fluentd", "logging", (("DaemonSet", "fluentd"),)),
    "fluent-bit": Recipe("fluent-bit", "logging", (("DaemonSet", "fluent-bit"),)),
    "velero": Recipe(
        "Velero",
        "velero",
        (("Deployment", "velero"), ("DaemonSet", "node-agent")),
        owner_values=_VELERO,
        remarks=("Before Velero 1.10, node-agent is called restic: mesh it by kind and name.",),
    ),
    "traefik": Recipe(
        "Traefik",
        "traefik",
        (("Deployment", "traefik"),),
        annotations={
            INJECT: "ingress",
            # It reads its routes from the API server by TLS, which ingress mode would not route.
            SKIP_OUTBOUND_PORTS: "443",
        },
        owner_values={
            "deployment": {
                "podAnnotations": {
                    INJECT: "ingress",
                    SKIP_OUTBOUND_PORTS: "443",
                }
            }
        },
        called=(Called("traefik", {APP_NAME: "traefik"}, ("web", "websecure")),),
        remarks=(
            "Every route then names its Service by the header l5d-dst-override: see ingresses.",
            "In kube-system, where K3s installs it, Linkerd's injector skips it unless the value "
            "proxyInjector.namespaceSelector allows it.",
        ),
    ),
    "ingress-nginx": Recipe(
        "ingress-nginx",
        "ingress-nginx",
        (("Deployment", "ingress-nginx-controller"),),
        owner_values={"controller": {"podAnnotations": {INJECT: "enabled"}}},
        called=(
            Called(
                "ingress-nginx",
                {APP_NAME: "ingress-nginx", APP_COMPONENT: "controller"},
                ("http", "https", "webhook"),
            ),
        ),
        remarks=("Its controller is meshed and not its namespace, where its admission Jobs run.",),
    ),
}
"""Every recipe by its name in a stack file."""
