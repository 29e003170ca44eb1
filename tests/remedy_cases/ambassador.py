"""Ambassador: its Services, objects, values, tracing, and several in a cluster."""

from __future__ import annotations

from typing import Any

from tests.remedy_cases.builders import Wrong, edge, one, several
from tests.stack_builders import Settings

LISTENER = {"name": "a", "port": 8080}
MAPPING = {"name": "m", "prefix": "/m/", "service": "m.shop"}
HOST = {"name": "h", "hostname": "h.example.com"}
X, Y = {"name": "x"}, {"name": "y"}
PROXY = {"load-balancer.hetzner.cloud/uses-proxyprotocol": "true"}


def ports(*entries: Any) -> Settings:
    """A gateway with these ports among the values of its chart."""
    return edge(gateway={}, values={"service": {"ports": list(entries)}})


def classed(name: str) -> Settings:
    """Extra values with this name for the IngressClass."""
    return {"values": {"ingressClassResource": {"name": name}}}


WRONG: Wrong = [
    ("zipkin's name", edge(tracing={"service": "t:9411", "driver": "zipkin", "serviceName": "e"})),
    ("zipkin's port", edge(tracing={"service": "t:9411"})),
    ("OTLP's port", edge(tracing={"service": "t:4317", "driver": "zipkin"})),
    ("Listener on the proxy's port", edge(listeners=[{"name": "a", "port": 4143}])),
    ("public admin port", edge(publicPorts=[8080, 4191])),
    ("probe beside http", edge(gateway={"probe": "ambassador", "probePort": 8001})),
    ("opentelemetry of 3.4", edge(version="3.4.0", tracing={"service": "t:4317"})),
    ("derived value", edge(values={"fullnameOverride": "other"})),
    ("value that shapes", edge(values={"daemonSet": True})),
    ("port without a name", ports({"port": 8883})),
    ("port twice", ports({"name": "m", "port": 1}, {"name": "m", "port": 2})),
    ("port of another", ports({"name": "web", "port": 80})),
    # The gateway and its Service
    (
        "limit of an old Linkerd",
        one(linkerd={"version": "2024.11.1"}, ambassador={"gateway": {"rateLimit": {"total": 9}}}),
    ),
    (
        "admission of 2.8",
        one(
            linkerd={"version": "2.8.1"},
            ambassador={
                "flavour": "ambassador",
                "gateway": {"probe": "ambassador", "admits": "exports"},
            },
        ),
    ),
    ("limit of nothing", edge(gateway={"rateLimit": {}})),
    ("limit that another makes idle", edge(gateway={"rateLimit": {"total": 1, "perClient": 2}})),
    ("Service declined", edge(gateway={"ownService": False, "service": {}})),
    ("health route of everything", edge(gateway={"healthPath": "/"})),
    ("gateway's Service of an adopted one", edge(adopt={}, gateway={"service": {}})),
    (
        "probe without the PROXY header",
        edge(
            gateway={"probe": "ambassador", "ownService": True},
            listeners=[{**LISTENER, "protocol": "HTTPPROXY"}],
        ),
    ),
    (
        "probe without the layer PROXY",
        edge(
            gateway={"probe": "ambassador", "ownService": True},
            listeners=[{**LISTENER, "protocolStack": ["PROXY", "HTTP", "TCP"]}],
        ),
    ),
    ("changed bytes", edge(gateway={"service": {"annotations": PROXY}})),
    (
        "node port of another Service",
        edge(gateway={"service": {}}, service={"nodePorts": {"gateway": 30143}}),
    ),
    (
        "node port of an adopted one's own",
        edge(adopt={}, gateway={}, service={"nodePorts": {"https": 30443}}),
    ),
    # The proxy
    ("annotation of a key", edge(sidecar={"annotations": {"linkerd.io/inject": "enabled"}})),
    (
        "annotation of a port",
        edge(sidecar={"annotations": {"config.linkerd.io/inbound-port": "1"}}),
    ),
    # Listeners, Hosts, routes
    ("two stacks", edge(listeners=[{**LISTENER, "protocol": "HTTP", "protocolStack": ["TCP"]}])),
    (
        "HTTP before PROXY",
        edge(listeners=[{**LISTENER, "protocolStack": ["HTTP", "PROXY", "TCP"]}]),
    ),
    ("UDP without HTTP", edge(listeners=[{**LISTENER, "protocolStack": ["TLS", "UDP"]}])),
    ("PROXY within TLS", edge(listeners=[{**LISTENER, "protocol": "HTTPSPROXY"}])),
    (
        "a try as long as the request",
        edge(
            mappings=[{**MAPPING, "retryPolicy": {"retryOn": "5xx", "perTryTimeoutMs": 3000}}],
        ),
    ),
    ("limits twice", edge(mappings=[{**MAPPING, "circuitBreakers": [{}, {}]}])),
    (
        "Secret of another namespace",
        edge(
            flavour="ambassador",
            apiVersion="v2",
            hosts=[{**HOST, "tls": {"secret": "s", "namespace": "certificates"}}],
        ),
    ),
    ("derived field", edge(listeners=[{**LISTENER, "spec": {"port": 8081}}])),
    ("id of an object", edge(mappings=[{**MAPPING, "spec": {"ambassador_id": ["a"]}}])),
    ("field of two keys", edge(mappings=[{**MAPPING, "timeoutMs": 1, "spec": {"timeout_ms": 2}}])),
    ("misspelled field", edge(mappings=[{**MAPPING, "spec": {"metod": "GET"}}])),
    ("unknown field", edge(mappings=[{**MAPPING, "spec": {"x-unknown": 1}}])),
    ("field of another type", edge(mappings=[{**MAPPING, "spec": {"timeout_ms": "long"}}])),
    (
        "mapping in place of a list",
        edge(mappings=[{**MAPPING, "spec": {"error_response_overrides": {}}}]),
    ),
    ("number in place of a mapping", edge(mappings=[{**MAPPING, "spec": {"cors": 1}}])),
    ("none of the choices", edge(listeners=[{**LISTENER, "spec": {"securityModel": "X"}}])),
    (
        "spec of a Host that is none",
        edge(flavour="ambassador", apiVersion="v1", hosts=[{**HOST, "spec": {"a": 1}}]),
    ),
    ("id in a text", edge(values={"envRaw": "- {name: AMBASSADOR_ID, value: b}"})),
    # Several
    ("one name", several(X, {**Y, **X, "namespace": "y", "ambassadorId": "y"})),
    ("one id", several(X, {**Y, "ambassadorId": "x"})),
    (
        "two gateways of 2.8",
        one(
            linkerd={"version": "2.8.1"},
            ambassador=[
                {**end, "gateway": {"probe": "ambassador"}, "flavour": "ambassador"}
                for end in (X, Y)
            ],
        ),
    ),
    ("two versions", several(X, {**Y, "version": "3.10.0"})),
    ("two versions of objects", several(X, {**Y, "apiVersion": "v2"})),
    ("CRDs twice", several(X, {**Y, "installCrds": False})),
    ("ClusterRole of another", several(X, {**Y, "name": "x-crd"})),
    ("ClusterRole of a webhook", edge(name="emissary-apiext")),
    ("class of the main one", several(X, {**Y, **classed("ambassador")})),
    ("class of a further one", several({**X, **classed("ambassador-y")}, Y)),
    ("class of both", several({**X, **classed("edge")}, {**Y, **classed("edge")})),
    ("CRDs of another owner", several(X, {**Y, "adopt": {}})),
    ("key of the models", one(otherAmbassadors=[])),
    ("none in the list", several()),
    ("no name in the list", several({"namespace": "x"}, Y)),
]
