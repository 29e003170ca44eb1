"""The Link, the routes that share requests with mirrored Services, and the mirror's rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from contracts.contract import CURRENT, V2_8, Complaint, Contract, Fits, Subject
from contracts.forms.text import (
    absolute_path,
    addresses,
    at,
    decimal,
    dns_label,
    dns_name,
    duration,
    identity,
    integer,
    labels,
    one_of,
    pattern,
    port,
    port_text,
    text,
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
_link_field = partial(
    Contract,
    subject=Subject.FIELD,
    on="Link v1alpha3",
    producer="components/links/link.py",
    generations=frozenset({CURRENT}),
)
_route_field = partial(
    Contract,
    subject=Subject.FIELD,
    on="HTTPRoute v1",
    producer="components/links/traffic.py",
    reader="policy controller",
    source=_GATEWAY_API,
    generations=frozenset({CURRENT}),
)

LINKS: tuple[Contract, ...] = (
    _link_field(
        subject=Subject.OBJECT,
        on="Link",
        keys=("*",),
        reader="service mirror, destination controller, linkerd multicluster check",
        form="name, targetClusterName and credentials of one target; a gateway whole or not at all",
        source=f"{_WATCHER}; linkerd2 multicluster/cmd/check.go",
        fits=link_of_itself,
        fitting=(
            {"metadata": {"name": "west"}, "spec": _WHOLE},
            {"metadata": {"name": "west"}, "spec": _TARGET},
        ),
        refused=(
            {"metadata": {"name": "east"}, "spec": _TARGET},
            {
                "metadata": {"name": "west"},
                "spec": {**_TARGET, "clusterCredentialsSecret": "west"},
            },
            {"metadata": {"name": "west"}, "spec": {**_TARGET, **_THROUGH}},
            {"metadata": {"name": "west"}, "spec": {**_TARGET, "selector": {}}},
        ),
    ),
    _link_field(
        keys=("spec.targetClusterName", "spec.targetClusterLinkerdNamespace"),
        reader="service mirror",
        form="a name, which becomes part of the names of mirrored Services",
        source=_WATCHER,
        fits=dns_label,
        fitting=("west",),
        refused=("", "west.example", "West", "a" * 64),
    ),
    _link_field(
        keys=("spec.targetClusterDomain",),
        reader="service mirror; the gateway's proxy refuses another domain than its own",
        form="a domain",
        source=f"{_WATCHER}; linkerd2-proxy linkerd/app/gateway",
        fits=dns_name,
        fitting=("cluster.local",),
        refused=("", "cluster.local.", "svc cluster.local"),
    ),
    _link_field(
        keys=("spec.clusterCredentialsSecret",),
        reader="service mirror",
        form="the name of a Secret in the Link's namespace",
        source="linkerd2 multicluster/cmd/service-mirror/main.go @ edge-26.8.3",
        fits=dns_name,
        fitting=("cluster-credentials-west",),
        refused=("", "linkerd/cluster-credentials-west"),
    ),
    _link_field(
        keys=("spec.gatewayAddress",),
        reader="service mirror",
        form="IP addresses or DNS names, separated by commas, without spaces and ports",
        source=_WATCHER,
        fits=addresses,
        fitting=("198.51.100.9", "a.example.com,2001:db8::9"),
        refused=("", "a.example.com, b.example.com", "a.example.com:4143", "https://a.example.com"),
    ),
    _link_field(
        keys=("spec.gatewayPort", "spec.probeSpec.port"),
        reader="service mirror, by strconv.ParseInt",
        form="a port as a text",
        source=f"{_WATCHER}; {_LINK}",
        fits=port_text,
        fitting=("4143",),
        refused=(4143, "mc-gateway", "0", "70000"),
    ),
    _link_field(
        keys=("spec.gatewayIdentity",),
        reader="proxies of the source, by way of the mirrored Endpoints",
        form="the identity of the gateway's proxy",
        source=f"{_WATCHER}; Linkerd docs, identity",
        fits=identity,
        fitting=("ambassador.ambassador.serviceaccount.identity.linkerd.cluster.local",),
        refused=("", "ambassador", "spiffe://cluster.local/ns/ambassador/sa/ambassador"),
    ),
    _link_field(
        keys=("spec.probeSpec.path",),
        reader="prober of the service mirror, which puts it behind host and port",
        form="a path with a leading /",
        source=_PROBE,
        fits=absolute_path,
        fitting=("/ready", "/-/ambassador/ready"),
        refused=("ready", "", "-/ambassador/ready"),
    ),
    _link_field(
        keys=("spec.probeSpec.period", "spec.probeSpec.timeout"),
        reader="prober of the service mirror, by time.ParseDuration",
        form="a Go duration with its unit, as a text; without one the prober ends",
        source=f"{_PROBE}; {_LINK}",
        fits=duration,
        fitting=("3s", "1m30s"),
        refused=("3", 3, "3 s", ""),
    ),
    _link_field(
        keys=("spec.probeSpec.failureThreshold",),
        reader="prober of the service mirror, by strconv.ParseUint",
        form="a whole number as a text",
        source=f"{_PROBE}; {_LINK}",
        fits=decimal(1),
        fitting=("3",),
        refused=(3, "three", "0", "-1"),
    ),
    _link_field(
        keys=(
            "spec.selector.matchLabels",
            "spec.remoteDiscoverySelector.matchLabels",
            "spec.federatedServiceSelector.matchLabels",
        ),
        reader="service mirror",
        form="labels with their values; an empty selector selects nothing",
        source=f"{_LINK}; linkerd2 multicluster/service-mirror/cluster_watcher.go",
        fits=labels,
        fitting=({"mirror.linkerd.io/exported": "true"},),
        refused=({}, {"mirror.linkerd.io/exported": True}, "mirror.linkerd.io/exported=true"),
    ),
    _link_field(
        keys=(
            "spec.*Selector.matchExpressions[].operator",
            "spec.selector.matchExpressions[].operator",
        ),
        reader="service mirror",
        form="In, NotIn, Exists or DoesNotExist",
        source=_LINK,
        fits=one_of("In", "NotIn", "Exists", "DoesNotExist"),
        fitting=("In", "DoesNotExist"),
        refused=("in", "=="),
    ),
    _link_field(
        keys=(
            "spec.*Selector.matchExpressions[].key",
            "spec.selector.matchExpressions[].key",
            "spec.excludedLabels[]",
            "spec.excludedAnnotations[]",
        ),
        reader="service mirror",
        form="the name of a label or annotation; where it is excluded, <domain>/* as well",
        source=f"{_WATCHER}, isLabelExlucded; {_LINK}",
        fits=pattern(
            r"(?:[a-z0-9.-]+/)?[A-Za-z0-9][A-Za-z0-9._-]*|[a-z0-9.-]+/\*", "the name of a label"
        ),
        fitting=("example.com/federated", "app", "example.com/*"),
        refused=("two words", "a/b/c", "app*", "*"),
    ),
    _link_field(
        keys=(
            "spec.*Selector.matchExpressions[].values[]",
            "spec.selector.matchExpressions[].values[]",
        ),
        reader="service mirror",
        form="a text",
        source=_LINK,
        fits=text,
        fitting=("always",),
        refused=(True, 3),
    ),
    _route_field(
        keys=("spec.parentRefs[].group",),
        form="core or empty: the group of a Service",
        fits=one_of("core", ""),
        fitting=("core", ""),
        refused=("v1", "policy.linkerd.io", None),
    ),
    _route_field(
        keys=("spec.parentRefs[].kind",),
        form="Service",
        fits=one_of("Service"),
        fitting=("Service",),
        refused=("service", "Gateway"),
    ),
    _route_field(
        keys=("spec.parentRefs[].name", "spec.rules[].backendRefs[].name"),
        form="the name of a Service in the route's namespace",
        fits=dns_label,
        fitting=("orders-west",),
        refused=("", "orders.shop"),
    ),
    _route_field(
        keys=("spec.parentRefs[].port", "spec.rules[].backendRefs[].port"),
        form="a port of the Service, as a number",
        fits=port,
        fitting=(80, 8080.0),
        refused=("80", 0, "http"),
    ),
    _route_field(
        keys=("spec.rules[].backendRefs[].weight",),
        form="a whole number from 0 to 1000000",
        fits=integer(0, 1_000_000),
        fitting=(0, 9.0),
        refused=(-1, 0.5, "9", 1_000_001),
    ),
    *(
        Contract(
            subject=Subject.OBJECT,
            on="ClusterRole",
            keys=("rules",),
            producer="components/links/remote_access.py, components/links/remote_secrets.py",
            reader=reader,
            form="the rights that the reader's own chart gives, and no other",
            source=source,
            fits=rights(needed),
            fitting=(_rules(needed),),
            refused=(
                _rules(needed - {("", "services", "watch")}),
                _rules(needed | {("", "secrets", "get")}),
                [],
            ),
            generations=frozenset({generation}),
        )
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
"""Rows about links."""
