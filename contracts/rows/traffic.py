"""Traffic policies of exported Services, and what pods may reach outside of the cluster."""

from __future__ import annotations

from functools import partial

from contracts.contract import EDGE, Contract, Form, Subject
from contracts.forms.common import LOCAL_NAME
from contracts.forms.text import cidr, decimal, one_of, pattern, port

_INDEX = "linkerd2 policy-controller/k8s/index/src/outbound/index.rs @ edge-26.8.3"
_POLICY = "policy.linkerd.io"

_annotation = partial(
    Contract,
    "Service",
    subject=Subject.ANNOTATION,
    producer="config/links/traffic_policy.py",
    reader="policy controller, in both clusters",
    source=_INDEX,
    generations=EDGE,
)
_field = partial(
    Contract,
    subject=Subject.FIELD,
    producer="config/linkerd/egress.py",
    reader="policy controller",
    source="linkerd2 policy-controller/k8s/index/src/outbound/index @ edge-26.8.3",
    generations=EDGE,
)

_SPAN = Form(
    "a whole number and a unit of ms, s, m, h or d",
    pattern(r"[0-9]+(?:ms|s|m|h|d)", "a duration of one number and one unit"),
    ("300ms", "5s", "1m"),
    ("5", "1.5s", "1m30s", "", 5),
)
_HOST = Form(
    "a host name in lower case, or *.<domain>",
    pattern(r"(?:\*\.)?[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?", "a host name"),
    ("api.example.com", "*.example.com"),
    ("*", "API.example.com", "api.example.com:443", ""),
)
_CONSECUTIVE = "balancer.linkerd.io/failure-accrual-consecutive-"
_RATE = "balancer.alpha.linkerd.io/failure-accrual-success-rate-"

# fmt: off
TRAFFIC: tuple[Contract, ...] = (
    _annotation("retry.linkerd.io/http",
        Form("status codes, ranges of them, 5xx or gateway-error, separated by commas alone",
            pattern(r"(?:5xx|gateway-error|[1-5]\d\d(?:-[1-5]\d\d)?)"
                r"(?:,(?:5xx|gateway-error|[1-5]\d\d(?:-[1-5]\d\d)?))*", "status codes"),
            ("5xx", "503,gateway-error", "500-504"), ("4xx", "503, 504", "600", ""))),
    _annotation("retry.linkerd.io/grpc",
        Form("names of gRPC status codes, separated by commas alone",
            pattern(r"(?:cancelled|deadline-exceeded|internal|resource-exhausted|unavailable)"
                r"(?:,(?:cancelled|deadline-exceeded|internal|resource-exhausted|unavailable))*",
                "gRPC status codes"),
            ("internal", "unavailable,internal"), ("UNKNOWN", "internal, unavailable", "13", ""))),
    _annotation("retry.linkerd.io/limit",
        Form("a whole number", decimal(1, 65535), ("1", "3"), ("0", "-1", "two", 3, ""))),
    _annotation("retry.linkerd.io/timeout timeout.linkerd.io/request timeout.linkerd.io/response "
        f"timeout.linkerd.io/idle {_CONSECUTIVE}min-penalty {_CONSECUTIVE}max-penalty "
        f"{_RATE}window balancer.alpha.linkerd.io/load-biaser-penalty "
        "balancer.alpha.linkerd.io/load-biaser-max-retry-after", _SPAN),
    _annotation("balancer.linkerd.io/failure-accrual",
        Form("consecutive or unified", one_of("consecutive", "unified"),
            ("consecutive", "unified"), ("true", "enabled", ""))),
    _annotation(f"{_CONSECUTIVE}max-failures {_RATE}min-requests",
        Form("a whole number", decimal(1), ("7", "20"), ("0.5", "seven", 7, ""))),
    _annotation(f"{_CONSECUTIVE}jitter-ratio {_RATE}threshold",
        Form("a number", pattern(r"\d+(?:\.\d+)?(?:e-\d+)?", "a number"), ("0.5", "0.8"),
            ("50%", "", 0.5))),
    _annotation("balancer.alpha.linkerd.io/penalize-failures",
        Form('"true"', one_of("true"), ("true",), (True, "yes", "on"))),
    _field("EgressNetwork v1alpha1", "spec.trafficPolicy",
        Form("Allow or Deny", one_of("Allow", "Deny"), ("Allow", "Deny"), ("allow", "deny", ""))),
    _field("EgressNetwork v1alpha1", "spec.networks[].cidr",
        Form("a CIDR", cidr, ("203.0.113.0/24", "2001:db8::/32"), ("203.0.113.7", "*", ""))),
    *(
        row
        for kind in ("TLSRoute v1alpha2", "HTTPRoute v1")
        for row in (
            _field(kind, "spec.hostnames[]", _HOST, source="Gateway API docs, Hostname"),
            _field(kind, "spec.rules[].backendRefs[].group",
                Form(_POLICY, one_of(_POLICY), (_POLICY,), ("", "linkerd.io"))),
            _field(kind, "spec.rules[].backendRefs[].kind",
                Form("EgressNetwork", one_of("EgressNetwork"), ("EgressNetwork",), ("Service",))),
        )
    ),
    _field("TLSRoute v1alpha2", "spec.parentRefs[].group",
        Form(_POLICY, one_of(_POLICY), (_POLICY,), ("", "core"))),
    _field("TLSRoute v1alpha2", "spec.parentRefs[].kind",
        Form("EgressNetwork", one_of("EgressNetwork"), ("EgressNetwork",), ("Service",))),
    _field("TLSRoute v1alpha2", "spec.parentRefs[].name spec.rules[].backendRefs[].name",
        LOCAL_NAME),
    _field("TLSRoute v1alpha2", "spec.parentRefs[].port",
        Form("the number of a port; without it, the route is refused", port, (443.0, 8443.0),
            ("https", 0, 70000.0)),
        source="linkerd2 policy-controller/runtime/src/admission.rs @ edge-26.8.3"),
)
# fmt: on
"""Rows about traffic."""
