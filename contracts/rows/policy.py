"""Objects of policy.linkerd.io that are written for Ambassador's ports."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from contracts.contract import CURRENT, Complaint, Contract, Subject
from contracts.forms.text import (
    at,
    cidr,
    dns_name,
    either,
    label_value,
    labels,
    one_of,
    pattern,
    port,
)

_CRDS = "linkerd2 charts/linkerd-crds/templates/policy @ edge-26.8.3"
_ADMISSION = "linkerd2 policy-controller/runtime/src/admission.rs @ edge-26.8.3"
_GROUP = "policy.linkerd.io"
_AUTHENTICATIONS = ("MeshTLSAuthentication", "NetworkAuthentication")

_field = partial(
    Contract,
    subject=Subject.FIELD,
    producer="components/core/policy.py",
    reader="policy controller",
    source=f"{_CRDS}; {_ADMISSION}",
    generations=frozenset({CURRENT}),
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
    return labels(at(spec, "podSelector", "matchLabels"))


POLICY: tuple[Contract, ...] = (
    _field(
        subject=Subject.OBJECT,
        on="Server",
        keys=("*",),
        form="a podSelector with labels; an empty one is every pod of the namespace",
        fits=server,
        fitting=({"spec": {"podSelector": {"matchLabels": {"app": "edge"}}, "port": 8080}},),
        refused=(
            {"spec": {"port": 8080}},
            {"spec": {"podSelector": {}, "port": 8080}},
            {"spec": {"podSelector": {"matchLabels": {}}, "port": 8080}},
        ),
    ),
    _field(
        on="Server v1beta3",
        keys=("spec.port",),
        form="the name or the number of a container's port",
        fits=either(port, pattern(r"[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?", "the name of a port")),
        fitting=("linkerd-proxy", "linkerd-admin", 8080.0),
        refused=(0, "", "Proxy", "the-name-of-a-port-that-is-too-long"),
    ),
    _field(
        on="Server v1beta3",
        keys=("spec.proxyProtocol",),
        form="unknown, HTTP/1, HTTP/2, gRPC, opaque or TLS",
        source=f"linkerd2 policy-controller/k8s/api/src/policy/server.rs @ edge-26.8.3; {_CRDS}",
        fits=one_of("unknown", "HTTP/1", "HTTP/2", "gRPC", "opaque", "TLS"),
        fitting=("HTTP/1", "opaque", "unknown"),
        refused=("HTTP", "http/1", "TCP"),
    ),
    _field(
        on="Server v1beta3",
        keys=("spec.podSelector.matchLabels.*",),
        form="labels of Ambassador's pods",
        fits=label_value,
        fitting=("ambassador",),
        refused=("two words", True),
    ),
    _field(
        subject=Subject.OBJECT,
        on="AuthorizationPolicy",
        keys=("*",),
        form="at least one authentication, and not two of one kind",
        source=_ADMISSION,
        fits=authorization,
        fitting=(
            _policy("MeshTLSAuthentication"),
            _policy("NetworkAuthentication"),
            _policy("MeshTLSAuthentication", "NetworkAuthentication"),
        ),
        refused=(
            _policy(),
            _policy("MeshTLSAuthentication", "MeshTLSAuthentication"),
            _policy("NetworkAuthentication", "NetworkAuthentication"),
            _policy("ServerAuthorization"),
        ),
    ),
    _field(
        on="AuthorizationPolicy v1alpha1",
        keys=("spec.targetRef.group", "spec.requiredAuthenticationRefs[].group"),
        form=_GROUP,
        fits=one_of(_GROUP),
        fitting=(_GROUP,),
        refused=("", "linkerd.io", f"{_GROUP}/v1alpha1"),
    ),
    _field(
        on="AuthorizationPolicy v1alpha1",
        keys=("spec.targetRef.kind",),
        form="Server (or HTTPRoute, GRPCRoute, Namespace, which are not used here)",
        source="linkerd2 policy-controller/k8s/index/src/inbound/authorization_policy.rs "
        "@ edge-26.8.3",
        fits=one_of("Server"),
        fitting=("Server",),
        refused=("server", "Service"),
    ),
    _field(
        on="AuthorizationPolicy v1alpha1",
        keys=("spec.requiredAuthenticationRefs[].kind",),
        form="MeshTLSAuthentication or NetworkAuthentication",
        fits=one_of(*_AUTHENTICATIONS),
        fitting=_AUTHENTICATIONS,
        refused=("MeshTlsAuthentication", "ServiceAccount"),
    ),
    _field(
        on="AuthorizationPolicy v1alpha1",
        keys=("spec.targetRef.name", "spec.requiredAuthenticationRefs[].name"),
        form="the name of an object in the same namespace",
        fits=dns_name,
        fitting=("ambassador-gateway",),
        refused=("", "Gateway", "ambassador/gateway"),
    ),
    _field(
        on="MeshTLSAuthentication v1alpha1",
        keys=("spec.identities[]",),
        form="an identity, *.<domain>, or * for every meshed client",
        source="linkerd2 policy-controller/runtime/src/validation.rs @ edge-26.8.3",
        fits=pattern(
            r"\*|(?:\*\.)?[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*",
            "an identity",
        ),
        fitting=("*", "*.cluster.local"),
        refused=("", "a.*.cluster.local", "spiffe:///ns/a/sa/b"),
    ),
    _field(
        on="NetworkAuthentication v1alpha1",
        keys=("spec.networks[].cidr", "spec.networks[].except[]"),
        form="a CIDR",
        fits=cidr,
        fitting=("0.0.0.0/0", "::/0", "10.0.0.0/8"),
        refused=("0.0.0.0", "10.0.0.1/8", "*", ""),
    ),
    _field(
        subject=Subject.OBJECT,
        on="NetworkAuthentication",
        keys=("*",),
        form="at least one network; an empty list is refused",
        source=_ADMISSION,
        fits=lambda value: None if at(value, "spec", "networks", 0) else Complaint("has none"),
        fitting=({"spec": {"networks": [{"cidr": "0.0.0.0/0"}]}},),
        refused=({"spec": {"networks": []}}, {"spec": {}}),
    ),
)
"""Rows about policy."""
