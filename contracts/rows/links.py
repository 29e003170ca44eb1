"""The Link, the routes that share requests with mirrored Services, and the mirror's rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from contracts.contract import CURRENT, EDGE, V2_8, Complaint, Contract, Fits, Form, Subject
from contracts.forms.common import DOMAIN, IDENTITY, REMOTE_ACCESS, TEXT
from contracts.forms.text import (
    absolute_path,
    addresses,
    at,
    decimal,
    dns_label,
    dns_name,
    duration,
    integer,
    labels,
    one_of,
    pattern,
    port,
    port_text,
)

_LINK = "linkerd2 multicluster/charts/linkerd-multicluster/templates/link-crd.yaml @ edge-26.8.3"
_PROBE = "linkerd2 multicluster/service-mirror/probe_worker.go @ edge-26.8.3"
_WATCHER = "linkerd2 multicluster/service-mirror/cluster_watcher.go @ edge-26.8.3"
_RBAC = (
    "linkerd2 multicluster/charts/linkerd-multicluster/templates/"
    "remote-access-service-mirror-rbac.yaml @ edge-26.8.3"
)
_GATEWAY_API = "Gateway API docs, HTTPRoute v1, and GEP-1324 for Services as parents"

Right = tuple[str, str, str]
"""API group, resource and verb."""


def _of(resources: str, group: str = "", verbs: str = "get list watch") -> frozenset[Right]:
    return frozenset((group, name, verb) for name in resources.split() for verb in verbs.split())


RIGHTS = (
    _of("pods endpoints services")
    | _of("replicasets", "apps")
    | _of("jobs", "batch")
    | _of("endpointslices", "discovery.k8s.io")
    | _of("servers", "policy.linkerd.io")
    | _of("configmaps", verbs="get")
    | _of("events", verbs="create patch")
)
"""What service mirror and destination controller do in the target."""
RIGHTS_2_8 = _of("services") | _of("configmaps", verbs="get")
"""What the service mirror of Linkerd 2.8 does there, and what linkerd check compares."""


def rights(needed: frozenset[Right]) -> Fits:
    """Rules of a ClusterRole that grant all of these, and nothing else."""

    def fits(value: object) -> Complaint | None:
        granted = frozenset(_granted(value))
        for words, difference in (
            ("does not let its holder", needed - granted),
            ("lets its holder more than needed:", granted - needed),
        ):
            if difference:
                group, resource, verb = min(difference)
                return Complaint(f"{words} {verb} {resource}{f'.{group}' if group else ''}")
        return None

    return fits


def _granted(value: object) -> Iterator[Right]:
    rules = value if isinstance(value, list) else []
    for rule in rules:
        for group in rule.get("apiGroups", ()):
            for resource in rule.get("resources", ()):
                yield from ((group, resource, verb) for verb in rule.get("verbs", ()))


def _rules(granted: frozenset[Right]) -> list[dict[str, list[str]]]:
    return [
        {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        for group, resource, verb in sorted(granted)
    ]


def link_of_itself(value: object) -> Complaint | None:
    """A Link that is called as its target, with that target's credentials.

    The chart's controller watches the Link that its value names, and reads the Secret of its own
    name; linkerd multicluster check looks for a controller of the target's name.
    """
    target = at(value, "spec", "targetClusterName")
    if at(value, "metadata", "name") != target:
        return Complaint("has another name than its targetClusterName")
    if at(value, "spec", "clusterCredentialsSecret") != f"cluster-credentials-{target}":
        return Complaint("names another Secret than cluster-credentials-<target>")
    if at(value, "spec", "gatewayAddress") is not None:
        missing = {"gatewayPort", "gatewayIdentity", "probeSpec"} - set(_spec(value))
        if missing:
            return Complaint(f"has a gateway without {min(missing)}")
    elif at(value, "spec", "selector") is not None:
        return Complaint("selects Services for a gateway that it does not have")
    return None


def _spec(value: object) -> Mapping[str, Any]:
    found = at(value, "spec")
    return found if isinstance(found, Mapping) else {}


_TARGET = {"targetClusterName": "west", "clusterCredentialsSecret": "cluster-credentials-west"}
_THROUGH = {"gatewayAddress": "198.51.100.9", "gatewayPort": "4143"}
_WHOLE = {**_TARGET, **_THROUGH, "gatewayIdentity": "…", "probeSpec": {}, "selector": {}}
_link = partial(
    Contract,
    subject=Subject.FIELD,
    producer="components/links/link.py",
    generations=EDGE,
)
_link_field = partial(_link, "Link v1alpha3")
_route_field = partial(
    Contract,
    "HTTPRoute v1",
    subject=Subject.FIELD,
    producer="components/links/traffic.py",
    reader="policy controller",
    source=_GATEWAY_API,
    generations=EDGE,
)

# fmt: off
LINKS: tuple[Contract, ...] = (
    _link("Link", "*",
        Form("name, targetClusterName and credentials of one target; a gateway whole or not at all",
            link_of_itself,
            ({"metadata": {"name": "west"}, "spec": _WHOLE},
                {"metadata": {"name": "west"}, "spec": _TARGET}),
            ({"metadata": {"name": "east"}, "spec": _TARGET},
                {"metadata": {"name": "west"},
                    "spec": {**_TARGET, "clusterCredentialsSecret": "west"}},
                {"metadata": {"name": "west"}, "spec": {**_TARGET, **_THROUGH}},
                {"metadata": {"name": "west"}, "spec": {**_TARGET, "selector": {}}})),
        "service mirror, destination controller, linkerd multicluster check",
        subject=Subject.OBJECT, source=f"{_WATCHER}; linkerd2 multicluster/cmd/check.go"),
    _link_field("spec.targetClusterName spec.targetClusterLinkerdNamespace",
        Form("a name, which becomes part of the names of mirrored Services", dns_label, ("west",),
            ("", "west.example", "West", "a" * 64)),
        "service mirror", source=_WATCHER),
    _link_field("spec.targetClusterDomain", DOMAIN,
        "service mirror; the gateway's proxy refuses another domain than its own",
        source=f"{_WATCHER}; linkerd2-proxy linkerd/app/gateway"),
    _link_field("spec.clusterCredentialsSecret",
        Form("the name of a Secret in the Link's namespace", dns_name,
            ("cluster-credentials-west",), ("", "linkerd/cluster-credentials-west")),
        "service mirror", source="linkerd2 multicluster/cmd/service-mirror/main.go @ edge-26.8.3"),
    _link_field("spec.gatewayAddress",
        Form("IP addresses or DNS names, separated by commas, without spaces and ports", addresses,
            ("198.51.100.9", "a.example.com,2001:db8::9"),
            ("", "a.example.com, b.example.com", "a.example.com:4143", "https://a.example.com")),
        "service mirror", source=_WATCHER),
    _link_field("spec.gatewayPort spec.probeSpec.port",
        Form("a port as a text", port_text, ("4143",), (4143, "mc-gateway", "0", "70000")),
        "service mirror, by strconv.ParseInt", source=f"{_WATCHER}; {_LINK}"),
    _link_field("spec.gatewayIdentity", IDENTITY,
        "proxies of the source, by way of the mirrored Endpoints",
        source=f"{_WATCHER}; Linkerd docs, identity"),
    _link_field("spec.probeSpec.path",
        Form("a path with a leading /", absolute_path, ("/ready", "/-/ambassador/ready"),
            ("ready", "", "-/ambassador/ready")),
        "prober of the service mirror, which puts it behind host and port", source=_PROBE),
    _link_field("spec.probeSpec.period spec.probeSpec.timeout",
        Form("a Go duration with its unit, as a text; without one the prober ends", duration,
            ("3s", "1m30s"), ("3", 3, "3 s", "")),
        "prober of the service mirror, by time.ParseDuration", source=f"{_PROBE}; {_LINK}"),
    _link_field("spec.probeSpec.failureThreshold",
        Form("a whole number as a text", decimal(1), ("3",), (3, "three", "0", "-1")),
        "prober of the service mirror, by strconv.ParseUint", source=f"{_PROBE}; {_LINK}"),
    _link_field("spec.selector.matchLabels spec.remoteDiscoverySelector.matchLabels "
        "spec.federatedServiceSelector.matchLabels",
        Form("labels with their values; an empty selector selects nothing", labels,
            ({"mirror.linkerd.io/exported": "true"},),
            ({}, {"mirror.linkerd.io/exported": True}, "mirror.linkerd.io/exported=true")),
        "service mirror",
        source=f"{_LINK}; linkerd2 multicluster/service-mirror/cluster_watcher.go"),
    _link_field(
        "spec.*Selector.matchExpressions[].operator spec.selector.matchExpressions[].operator",
        Form("In, NotIn, Exists or DoesNotExist", one_of("In", "NotIn", "Exists", "DoesNotExist"),
            ("In", "DoesNotExist"), ("in", "==")),
        "service mirror", source=_LINK),
    _link_field("spec.*Selector.matchExpressions[].key spec.selector.matchExpressions[].key "
        "spec.excludedLabels[] spec.excludedAnnotations[]",
        Form("the name of a label or annotation; where it is excluded, <domain>/* as well",
            pattern(r"(?:[a-z0-9.-]+/)?[A-Za-z0-9][A-Za-z0-9._-]*|[a-z0-9.-]+/\*",
                "the name of a label"), ("example.com/federated", "app", "example.com/*"),
            ("two words", "a/b/c", "app*", "*")),
        "service mirror", source=f"{_WATCHER}, isLabelExlucded; {_LINK}"),
    _link_field(
        "spec.*Selector.matchExpressions[].values[] spec.selector.matchExpressions[].values[]",
        TEXT, "service mirror", source=_LINK),
    _route_field("spec.parentRefs[].group",
        Form("core or empty, the group of a Service, or that of EgressNetwork",
            one_of("core", "", "policy.linkerd.io"), ("core", ""), ("v1", "linkerd.io", None))),
    _route_field("spec.parentRefs[].kind",
        Form("Service or EgressNetwork", one_of("Service", "EgressNetwork"), ("Service",),
            ("service", "Gateway"))),
    _route_field("spec.parentRefs[].name spec.rules[].backendRefs[].name",
        Form("the name of a Service in the route's namespace", dns_label, ("orders-west",),
            ("", "orders.shop"))),
    _route_field("spec.parentRefs[].port spec.rules[].backendRefs[].port",
        Form("a port of the Service, as a number", port, (80, 8080.0), ("80", 0, "http"))),
    _route_field("spec.rules[].backendRefs[].weight",
        Form("a whole number from 0 to 1000000", integer(0, 1_000_000), (0, 9.0),
            (-1, 0.5, "9", 1_000_001))),
    *(
        Contract("ClusterRole", "rules",
            Form("the rights that the reader's own chart gives, and no other", rights(needed),
                (_rules(needed),),
                (_rules(needed - {("", "services", "watch")}),
                    _rules(needed | {("", "secrets", "get")}), [])),
            reader, subject=Subject.OBJECT, producer=REMOTE_ACCESS,
            source=source, generations=frozenset({generation}))
        for reader, needed, generation, source in (
            ("service mirror and destination controller of the source", RIGHTS, CURRENT, _RBAC),
            (
                "service mirror of Linkerd 2.8, and its linkerd check",
                RIGHTS_2_8,
                V2_8,
                "linkerd2 charts/linkerd2-multicluster/templates/remote-access-service-mirror-rbac"
                ".yaml @ stable-2.8.1",
            ),
        )
    ),
)
# fmt: on
"""Rows about links."""
