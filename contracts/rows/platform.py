"""Objects for programs around the mesh: Prometheus, Grafana, Traefik, ECK."""

from __future__ import annotations

import json
import re
from functools import partial

from contracts.contract import EDGE, Complaint, Contract, Form, Subject
from contracts.forms.common import BOOLEAN, LOCAL_NAME
from contracts.forms.text import dns_name, one_of, pattern, port

_ACTIONS = ("replace", "keep", "drop", "hashmod", "labelmap", "labeldrop", "labelkeep")
_MONITOR = "Prometheus operator docs, PodMonitor and RelabelConfig"
_TRAEFIK = "Traefik docs, Kubernetes CRDs IngressRoute and Middleware"
_RULE = r"[A-Z][A-Za-z]+\(`[^`]+`\)"
_written = partial(
    Contract,
    subject=Subject.FIELD,
    producer="components/platform/monitoring.py",
    reader="Prometheus operator",
    source=_MONITOR,
    generations=EDGE,
)
_field = partial(_written, "PodMonitor v1")
_traefik = partial(
    Contract,
    subject=Subject.FIELD,
    producer="components/platform/ingresses.py",
    reader="Traefik",
    source=_TRAEFIK,
    generations=EDGE,
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


# fmt: off
PLATFORM: tuple[Contract, ...] = (
    Contract("ConfigMap linkerd-dashboard-*", "*.json",
        Form("JSON of one dashboard, in a key that ends with .json", dashboard,
            ('{"title": "Linkerd", "panels": []}', '{"title": "a", "panels": [], "id": null}'),
            ("", "[]", '{"panels": []}', '{"title": "a"}', '{"title":"a","panels":[],"id":7}')),
        "sidecar of the chart grafana, and Grafana", subject=Subject.CONFIG_MAP_KEY,
        producer="components/platform/monitoring.py",
        source="Grafana docs, Dashboard JSON model; chart grafana, sidecar.dashboards",
        generations=EDGE),
    _field("spec.namespaceSelector.any", BOOLEAN),
    _field("spec.namespaceSelector.matchNames[]",
        Form("the name of a namespace", dns_name, ("linkerd",), ("", "*"))),
    _field("spec.podMetricsEndpoints[].relabelings[].action",
        Form("an action of relabelling", one_of(*_ACTIONS), ("keep", "labelmap"),
            ("label-map", ""))),
    _field("spec.podMetricsEndpoints[].relabelings[].regex",
        Form("a regular expression", expression, ("(.*-)?admin|admin-http",),
            ("(unclosed", "*", None))),
    _field("spec.podMetricsEndpoints[].relabelings[].sourceLabels[]",
        Form("the name of a label of Prometheus",
            pattern(r"[a-zA-Z_][a-zA-Z0-9_]*", "the name of a label of Prometheus"),
            ("__meta_kubernetes_pod_name",), ("pod-name", ""))),
    _field("spec.podMetricsEndpoints[].relabelings[].targetLabel "
        "spec.podMetricsEndpoints[].relabelings[].replacement",
        Form("the name or a value of a label, perhaps with $1",
            pattern(r"[a-zA-Z0-9_.$:{}-]+", "the name or a value of a label"),
            ("namespace", "__tmp_pod_label_$1"), ("", "two words"))),
    _traefik("IngressRoute v1alpha1", "spec.routes[].match",
        Form("a rule, its arguments in backquotes",
            pattern(rf"{_RULE}(?: (?:&&|\|\|) {_RULE})*", "a rule of Traefik"),
            ("Host(`b.example.com`)", "Host(`b.example.com`) && PathPrefix(`/a`)"),
            ("b.example.com", 'Host("b.example.com"', ""))),
    _traefik("IngressRoute v1alpha1", "spec.routes[].kind",
        Form("Rule", one_of("Rule"), ("Rule",), ("rule", ""))),
    _traefik("IngressRoute v1alpha1",
        "spec.routes[].middlewares[].name spec.routes[].services[].name spec.tls.secretName",
        LOCAL_NAME),
    _traefik("IngressRoute v1alpha1", "spec.routes[].services[].port",
        Form("a port of the Service", port, (8080, 80.0), ("", 0))),
    _traefik("Middleware v1alpha1", "spec.headers.customRequestHeaders.l5d-dst-override",
        Form("the Service's full name in the cluster, and its port",
            pattern(r"[a-z0-9-]+\.[a-z0-9-]+\.svc\.[a-z0-9.-]+:[0-9]{1,5}",
                "<service>.<namespace>.svc.<domain>:<port>"), ("web.shop.svc.cluster.local:80",),
            ("web.shop:80", "http://web.shop.svc.cluster.local:80", "web.shop.svc.a")),
        reader="Linkerd's proxy in ingress mode, by way of Traefik",
        source="Linkerd docs, Ingress traffic; linkerd2-proxy linkerd/app/outbound/src/ingress.rs"),
    _traefik("Middleware v1alpha1", "spec.basicAuth.secret",
        Form("the name of a Secret in the same namespace", dns_name, ("users",), ("", "ns/users"))),
    _written("Kibana v1", "spec.podTemplate.spec.automountServiceAccountToken",
        Form("true", one_of(True), (True,), (False, "true")),
        producer="components/platform/meshed_workloads.py",
        reader="Kubernetes, by way of ECK; the injector skips pods without a token",
        source="ECK docs, Service meshes; linkerd2 pkg/inject/report.go @ edge-26.8.3"),
)
# fmt: on
"""Rows about programs around the mesh."""
