"""Objects of policy.linkerd.io that are written for ports of Ambassador and of other pods."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from contracts.contract import EDGE, Complaint, Contract, Form, Subject
from contracts.forms.common import LOCAL_NAME
from contracts.forms.text import (
    at,
    cidr,
    either,
    integer,
    label_value,
    labels,
    one_of,
    pattern,
    port,
)

_CRDS = "linkerd2 charts/linkerd-crds/templates/policy @ edge-26.8.3"
_ADMISSION = "linkerd2 policy-controller/runtime/src/admission.rs @ edge-26.8.3"
_GROUP = "policy.linkerd.io"
_DEFAULTS = (
    "all-unauthenticated",
    "all-authenticated",
    "cluster-unauthenticated",
    "cluster-authenticated",
    "deny",
    "audit",
)
_AUTHENTICATIONS = ("MeshTLSAuthentication", "NetworkAuthentication")

_ADMITS = "components/links/admission.py"
_HOSTS = "linkerd2-proxy linkerd/http/route/src/http/match/host.rs"
_SAME_GROUP = Form(_GROUP, one_of(_GROUP), (_GROUP,), ("", "linkerd.io", f"{_GROUP}/v1alpha1"))

_field = partial(
    Contract,
    subject=Subject.FIELD,
    producer="components/core/policy.py",
    reader="policy controller",
    source=f"{_CRDS}; {_ADMISSION}",
    generations=EDGE,
)


def authorization(value: object) -> Complaint | None:
    """A policy with one authentication of each kind at most, all of which have to pass.

    Several of one kind are refused. Without any, everybody is let in.
    """
    listed = at(value, "spec", "requiredAuthenticationRefs")
    kinds = [at(item, "kind") for item in listed] if isinstance(listed, list) else []
    if not kinds:
        return Complaint("requires no authentication at all, which lets every client in")
    for kind in kinds:
        if kind not in _AUTHENTICATIONS:
            return Complaint(f"requires {kind!r}, which is no authentication")
        if kinds.count(kind) > 1:
            return Complaint(f"requires several of {kind}, and the admission webhook accepts one")
    return None


def _policy(*kinds: str) -> dict[str, object]:
    return {"spec": {"requiredAuthenticationRefs": [{"kind": kind} for kind in kinds]}}


def server(value: object) -> Complaint | None:
    """A Server that selects pods by labels, and not ExternalWorkloads as well."""
    spec = at(value, "spec")
    if not isinstance(spec, Mapping):
        return Complaint("has no spec")
    if "podSelector" not in spec or "externalWorkloadSelector" in spec:
        return Complaint("has not exactly a podSelector")
    if at(spec, "podSelector", "matchExpressions"):
        return None
    return labels(at(spec, "podSelector", "matchLabels"))


# fmt: off
POLICY: tuple[Contract, ...] = (
    _field("Server", "*",
        Form("a podSelector with labels; an empty one is every pod of the namespace", server,
            ({"spec": {"podSelector": {"matchLabels": {"app": "edge"}}, "port": 8080}},),
            ({"spec": {"port": 8080}}, {"spec": {"podSelector": {}, "port": 8080}},
                {"spec": {"podSelector": {"matchLabels": {}}, "port": 8080}})),
        subject=Subject.OBJECT),
    _field("Server v1beta3", "spec.port",
        Form("the name or the number of a container's port",
            either(port, pattern(r"[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?", "the name of a port")),
            ("linkerd-proxy", "linkerd-admin", 8080.0),
            (0, "", "Proxy", "the-name-of-a-port-that-is-too-long"))),
    _field("Server v1beta3", "spec.proxyProtocol",
        Form("unknown, HTTP/1, HTTP/2, gRPC, opaque or TLS",
            one_of("unknown", "HTTP/1", "HTTP/2", "gRPC", "opaque", "TLS"),
            ("HTTP/1", "opaque", "unknown"), ("HTTP", "http/1", "TCP")),
        source=f"linkerd2 policy-controller/k8s/api/src/policy/server.rs @ edge-26.8.3; {_CRDS}"),
    _field("Server v1beta3", "spec.podSelector.matchLabels.*",
        Form("labels of the pods", label_value, ("ambassador",), ("two words", True))),
    _field("Server v1beta3", "spec.podSelector.matchExpressions[].key",
        Form("key of a label", pattern(r"(?:[a-z0-9.-]+/)?[A-Za-z0-9][-A-Za-z0-9_.]*", "a key"),
            ("component", "linkerd.io/control-plane-ns"), ("", "two words"))),
    _field("Server v1beta3", "spec.podSelector.matchExpressions[].operator",
        Form("Exists or NotIn (or In, DoesNotExist, which are not used here)",
            one_of("Exists", "NotIn"), ("Exists", "NotIn"), ("exists", "Equals"))),
    _field("Server v1beta3", "spec.podSelector.matchExpressions[].values[]",
        Form("values of a label", label_value, ("prometheus",), ("two words", True))),
    _field("Server v1beta3", "spec.accessPolicy",
        Form("a default inbound policy", one_of(*_DEFAULTS), _DEFAULTS,
            ("", "allow", "all-meshed")),
        producer="components/platform/policy.py",
        source="linkerd2 policy-controller/k8s/index/src/inbound/server.rs @ edge-26.8.3"),
    _field("AuthorizationPolicy", "*",
        Form("at least one authentication, and not two of one kind", authorization,
            (_policy("MeshTLSAuthentication"), _policy("NetworkAuthentication"),
                _policy("MeshTLSAuthentication", "NetworkAuthentication")),
            (_policy(), _policy("MeshTLSAuthentication", "MeshTLSAuthentication"),
                _policy("NetworkAuthentication", "NetworkAuthentication"),
                _policy("ServerAuthorization"))),
        subject=Subject.OBJECT, source=_ADMISSION),
    _field("AuthorizationPolicy v1alpha1",
        "spec.targetRef.group spec.requiredAuthenticationRefs[].group",
        _SAME_GROUP),
    _field("AuthorizationPolicy v1alpha1", "spec.targetRef.kind",
        Form("Server or HTTPRoute (or GRPCRoute, Namespace, which are not used here)",
            one_of("Server", "HTTPRoute"), ("Server", "HTTPRoute"), ("server", "Service")),
        source="linkerd2 policy-controller/k8s/index/src/inbound/authorization_policy.rs "
        "@ edge-26.8.3"),
    _field("AuthorizationPolicy v1alpha1", "spec.requiredAuthenticationRefs[].kind",
        Form("MeshTLSAuthentication or NetworkAuthentication", one_of(*_AUTHENTICATIONS),
            _AUTHENTICATIONS, ("MeshTlsAuthentication", "ServiceAccount"))),
    _field("AuthorizationPolicy v1alpha1",
        "spec.targetRef.name spec.requiredAuthenticationRefs[].name", LOCAL_NAME),
    _field("HTTPRoute v1beta3", "spec.parentRefs[].group", _SAME_GROUP, producer=_ADMITS),
    _field("HTTPRoute v1beta3", "spec.parentRefs[].kind",
        Form("Server", one_of("Server"), ("Server",), ("server", "Service")), producer=_ADMITS),
    _field("HTTPRoute v1beta3", "spec.parentRefs[].name", LOCAL_NAME, producer=_ADMITS),
    _field("HTTPRoute v1beta3", "spec.hostnames[]",
        Form("a name of a Service or of its pods: the authority that the source's proxy sends",
            pattern(r"(?:\*\.)?[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)+",
                "a host name"), ("web.shop.svc.cluster.local", "*.db.shop.svc.cluster.local"),
            ("web.shop.svc.cluster.local:80", "*", "")),
        producer=_ADMITS, source=_HOSTS),
    _field("HTTPRoute v1beta3", "spec.rules[].matches[].path.type",
        Form("PathPrefix", one_of("PathPrefix"), ("PathPrefix",), ("Prefix", "path")),
        producer=_ADMITS),
    _field("HTTPRoute v1beta3", "spec.rules[].matches[].path.value",
        Form("the path that every request has", one_of("/"), ("/",), ("", "*")), producer=_ADMITS),
    _field("HTTPLocalRateLimitPolicy v1alpha1", "spec.targetRef.group", _SAME_GROUP),
    _field("HTTPLocalRateLimitPolicy v1alpha1", "spec.targetRef.kind",
        Form("Server, and nothing else", one_of("Server"), ("Server",), ("HTTPRoute", "server")),
        source="linkerd2 policy-controller/k8s/index/src/inbound/ratelimit_policy.rs "
        "@ edge-26.8.3"),
    _field("HTTPLocalRateLimitPolicy v1alpha1", "spec.targetRef.name", LOCAL_NAME),
    _field("HTTPLocalRateLimitPolicy v1alpha1",
        "spec.total.requestsPerSecond spec.identity.requestsPerSecond",
        Form("requests a second", integer(1), (1, 200.0), (0, "200", None))),
    _field("MeshTLSAuthentication v1alpha1", "spec.identities[]",
        Form("an identity, *.<domain>, or * for every meshed client",
            pattern(r"\*|(?:\*\.)?[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*",
                "an identity"), ("*", "*.cluster.local"),
            ("", "a.*.cluster.local", "spiffe:///ns/a/sa/b")),
        source="linkerd2 policy-controller/runtime/src/validation.rs @ edge-26.8.3"),
    _field("NetworkAuthentication v1alpha1", "spec.networks[].cidr spec.networks[].except[]",
        Form("a CIDR", cidr, ("0.0.0.0/0", "::/0", "10.0.0.0/8"),
            ("0.0.0.0", "10.0.0.1/8", "*", ""))),
    _field("NetworkAuthentication", "*",
        Form("at least one network; an empty list is refused",
            lambda value: None if at(value, "spec", "networks", 0) else Complaint("has none"),
            ({"spec": {"networks": [{"cidr": "0.0.0.0/0"}]}},),
            ({"spec": {"networks": []}}, {"spec": {}})),
        subject=Subject.OBJECT, source=_ADMISSION),
)
# fmt: on
"""Rows about policy."""
