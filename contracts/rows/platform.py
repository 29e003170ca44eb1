"""Objects for programs around the mesh: Prometheus, Grafana, Traefik, ECK."""

from __future__ import annotations

import json
import re
from functools import partial

from contracts.contract import CURRENT, Complaint, Contract, Subject
from contracts.forms.text import boolean, dns_name, one_of, pattern, port

_ACTIONS = ("replace", "keep", "drop", "hashmod", "labelmap", "labeldrop", "labelkeep")
_MONITOR = "Prometheus operator docs, PodMonitor and RelabelConfig"
_TRAEFIK = "Traefik docs, Kubernetes CRDs IngressRoute and Middleware"
_RULE = r"[A-Z][A-Za-z]+\(`[^`]+`\)"
_field = partial(
    Contract,
    subject=Subject.FIELD,
    on="PodMonitor v1",
    producer="components/platform/monitoring.py",
    reader="Prometheus operator",
    source=_MONITOR,
    generations=frozenset({CURRENT}),
)
_traefik = partial(
    Contract,
    subject=Subject.FIELD,
    producer="components/platform/ingresses.py",
    reader="Traefik",
    source=_TRAEFIK,
    generations=frozenset({CURRENT}),
)


def expression(value: object) -> Complaint | None:
    """A regular expression."""
    if not isinstance(value, str):
        return Complaint("is no text")
    try:
        re.compile(value)
    except re.error:
        return Complaint("is no regular expression")
    return None


def dashboard(value: object) -> Complaint | None:
    """JSON of a dashboard: an object with a title and panels, and without an id."""
    try:
        found = json.loads(value if isinstance(value, (str, bytes)) else "")
    except ValueError:
        return Complaint("is no JSON")
    if not isinstance(found, dict) or not found.get("title") or "panels" not in found:
        return Complaint("has no title, or no panels")
    return Complaint("has an id, which is another Grafana's") if found.get("id") else None


PLATFORM: tuple[Contract, ...] = (
    Contract(
        subject=Subject.CONFIG_MAP_KEY,
        on="ConfigMap linkerd-dashboard-*",
        keys=("*.json",),
        producer="components/platform/monitoring.py",
        reader="sidecar of the chart grafana, and Grafana",
        form="JSON of one dashboard, in a key that ends with .json",
        source="Grafana docs, Dashboard JSON model; chart grafana, sidecar.dashboards",
        fits=dashboard,
        fitting=('{"title": "Linkerd", "panels": []}', '{"title": "a", "panels": [], "id": null}'),
        refused=("", "[]", '{"panels": []}', '{"title": "a"}', '{"title":"a","panels":[],"id":7}'),
        generations=frozenset({CURRENT}),
    ),
    _field(
        keys=("spec.namespaceSelector.any",),
        form="a boolean",
        fits=boolean,
        fitting=(True,),
        refused=("true", None),
    ),
    _field(
        keys=("spec.namespaceSelector.matchNames[]",),
        form="the name of a namespace",
        fits=dns_name,
        fitting=("linkerd",),
        refused=("", "*"),
    ),
    _field(
        keys=("spec.podMetricsEndpoints[].relabelings[].action",),
        form="an action of relabelling",
        fits=one_of(*_ACTIONS),
        fitting=("keep", "labelmap"),
        refused=("label-map", ""),
    ),
    _field(
        keys=("spec.podMetricsEndpoints[].relabelings[].regex",),
        form="a regular expression",
        fits=expression,
        fitting=("(.*-)?admin|admin-http",),
        refused=("(unclosed", "*", None),
    ),
    _field(
        keys=("spec.podMetricsEndpoints[].relabelings[].sourceLabels[]",),
        form="the name of a label of Prometheus",
        fits=pattern(r"[a-zA-Z_][a-zA-Z0-9_]*", "the name of a label of Prometheus"),
        fitting=("__meta_kubernetes_pod_name",),
        refused=("pod-name", ""),
    ),
    _field(
        keys=(
            "spec.podMetricsEndpoints[].relabelings[].targetLabel",
            "spec.podMetricsEndpoints[].relabelings[].replacement",
        ),
        form="the name or a value of a label, perhaps with $1",
        fits=pattern(r"[a-zA-Z0-9_.$:{}-]+", "the name or a value of a label"),
        fitting=("namespace", "__tmp_pod_label_$1"),
        refused=("", "two words"),
    ),
    _traefik(
        on="IngressRoute v1alpha1",
        keys=("spec.routes[].match",),
        form="a rule, its arguments in backquotes",
        fits=pattern(rf"{_RULE}(?: (?:&&|\|\|) {_RULE})*", "a rule of Traefik"),
        fitting=("Host(`b.example.com`)", "Host(`b.example.com`) && PathPrefix(`/a`)"),
        refused=("b.example.com", 'Host("b.example.com"', ""),
    ),
    _traefik(
        on="IngressRoute v1alpha1",
        keys=("spec.routes[].kind",),
        form="Rule",
        fits=one_of("Rule"),
        fitting=("Rule",),
        refused=("rule", ""),
    ),
    _traefik(
        on="IngressRoute v1alpha1",
        keys=(
            "spec.routes[].middlewares[].name",
            "spec.routes[].services[].name",
            "spec.tls.secretName",
        ),
        form="the name of an object in the same namespace",
        fits=dns_name,
        fitting=("web-l5d-header",),
        refused=("", "web@kubernetescrd"),
    ),
    _traefik(
        on="IngressRoute v1alpha1",
        keys=("spec.routes[].services[].port",),
        form="a port of the Service",
        fits=port,
        fitting=(8080, 80.0),
        refused=("", 0),
    ),
    _traefik(
        on="Middleware v1alpha1",
        keys=("spec.headers.customRequestHeaders.l5d-dst-override",),
        reader="Linkerd's proxy in ingress mode, by way of Traefik",
        form="the Service's full name in the cluster, and its port",
        source="Linkerd docs, Ingress traffic; linkerd2-proxy linkerd/app/outbound/src/ingress.rs",
        fits=pattern(
            r"[a-z0-9-]+\.[a-z0-9-]+\.svc\.[a-z0-9.-]+:[0-9]{1,5}",
            "<service>.<namespace>.svc.<domain>:<port>",
        ),
        fitting=("web.shop.svc.cluster.local:80",),
        refused=("web.shop:80", "http://web.shop.svc.cluster.local:80", "web.shop.svc.a"),
    ),
    _traefik(
        on="Middleware v1alpha1",
        keys=("spec.basicAuth.secret",),
        form="the name of a Secret in the same namespace",
        fits=dns_name,
        fitting=("users",),
        refused=("", "ns/users"),
    ),
    _field(
        on="Kibana v1",
        keys=("spec.podTemplate.spec.automountServiceAccountToken",),
        producer="components/platform/meshed_workloads.py",
        reader="Kubernetes, by way of ECK; the injector skips pods without a token",
        form="true",
        source="ECK docs, Service meshes; linkerd2 pkg/inject/report.go @ edge-26.8.3",
        fits=one_of(True),
        fitting=(True,),
        refused=(False, "true"),
    ),
)
"""Rows about programs around the mesh."""
