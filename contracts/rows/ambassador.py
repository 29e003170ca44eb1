"""Objects of getambassador.io: Listeners, Hosts, Mappings, the Module, tracing."""

from __future__ import annotations

import re
from functools import partial

from contracts.contract import Complaint, Contract, Form, Subject
from contracts.forms.common import BOOLEAN, COUNT, HOST_NAME, HOST_PORT, NAME, TEXT
from contracts.forms.text import (
    absolute_path,
    at,
    dns_name,
    either,
    host_pattern,
    http_url,
    integer,
    one_of,
    pattern,
    port,
)

_CRDS = "emissary manifests/emissary/emissary-crds.yaml.in @ v3.10.0 and v4.1.0"
_IR = "emissary python/ambassador/ir"
_field = partial(
    Contract,
    subject=Subject.FIELD,
    producer="components/ambassador_objects",
    reader="Ambassador",
    source=_CRDS,
)
_RETRIED = (
    "5xx",
    "gateway-error",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
)
_SERVICE = r"(?:https?://)?[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?(?::[0-9]{1,5})?"


def mapping(value: object) -> Complaint | None:
    """A Mapping that is not dropped: of v3alpha1, with a hostname."""
    if str(at(value, "apiVersion")).endswith("/v3alpha1") and not at(value, "spec", "hostname"):
        return Complaint("has no hostname, and a Mapping of v3alpha1 without one is dropped")
    return None


def host(value: object) -> Complaint | None:
    """A Host that says what is to be done without TLS, and that no ACME is asked unawares."""
    authority = at(value, "spec", "acmeProvider", "authority")
    if authority is None:
        return Complaint("has no acmeProvider.authority, and Edge Stack then asks Let's Encrypt")
    if authority != "none" and not at(value, "spec", "tlsSecret", "name"):
        return Complaint("asks an ACME provider and names no Secret for what it gets")
    return None


def _mapping(version: str, **spec: object) -> dict[str, object]:
    return {"apiVersion": f"getambassador.io/{version}", "spec": spec}


def prefix(value: object) -> Complaint | None:
    """A prefix that begins with a slash, and no regular expression."""
    found = absolute_path(value)
    if found or not isinstance(value, str):
        return found
    return Complaint("looks like a regular expression") if re.search(r"[*^$]", value) else None


# fmt: off
AMBASSADOR: tuple[Contract, ...] = (
    _field("Mapping", "*",
        Form("of v3alpha1 with a hostname; without one it is dropped without a word", mapping,
            (_mapping("v3alpha1", hostname="*", prefix="/"), _mapping("v2", prefix="/")),
            (_mapping("v3alpha1", prefix="/"), _mapping("v3alpha1", host="*", prefix="/"))),
        subject=Subject.OBJECT, source=f"{_IR}/irhttpmapping.py @ v3.10.0 and v4.1.0"),
    _field("Mapping v3alpha1", "spec.hostname", HOST_NAME),
    *(
        _field(on, "spec.host",
            Form("a Host name, perhaps with a leading *.", host_pattern,
                ("shop.example.com", "*.example.com"), ("", "https://shop.example.com")))
        for on in ("Mapping v1", "Mapping v2")
    ),
    _field("Mapping v*", "spec.prefix",
        Form("a path with a leading /", prefix, ("/", "/-/ambassador/ready"),
            ("qotm/", "", "/v[0-9]*/"))),
    _field("Mapping v*", "spec.rewrite",
        Form("a path with a leading /, or empty, which leaves the path as it is",
            either(absolute_path, one_of("")), ("/ambassador/v0/check_ready", ""),
            ("api/v1/", None)),
        source="Emissary docs, Rewrites"),
    _field("Mapping v*", "spec.service",
        Form("a host, perhaps with http:// or https:// before it and a port behind it",
            pattern(_SERVICE, "a host with an optional scheme and port"),
            ("http://qotm.shop.svc.cluster.local:80", "localhost:8877"),
            ("", "tcp://qotm", "qotm/api", "qotm:http")),
        source="Emissary docs, Mapping, service"),
    *(
        _field(on, "spec.ambassador_id[]", TEXT, source="Emissary docs, Running Ambassador")
        for on in ("Host v*", "Listener v3alpha1", "Mapping v*")
    ),
    _field("Mapping v*", "spec.add_linkerd_headers spec.bypass_auth spec.grpc", BOOLEAN),
    _field("Mapping v*", "spec.timeout_ms spec.idle_timeout_ms",
        Form("a whole number of milliseconds; 0 is no limit", integer(), (5000, 2000.0, 0),
            ("5s", "5000", 0.5))),
    _field("Mapping v*", "spec.allow_upgrade[]",
        Form("a protocol of the header Upgrade", pattern(r"[!-~]+", "a protocol"), ("websocket",),
            ("", "web socket"))),
    _field("Mapping v*", "spec.retry_policy.retry_on",
        Form("a condition of Envoy", one_of(*_RETRIED), ("5xx", "gateway-error"),
            ("500", "reset"))),
    _field("Mapping v*", "spec.retry_policy.num_retries", COUNT),
    _field("Mapping v*", "spec.circuit_breakers[].priority",
        Form("default or high", one_of("default", "high"), ("default",), ("low", "DEFAULT"))),
    _field("Mapping v*",
        "spec.circuit_breakers[].max_connections spec.circuit_breakers[].max_requests", COUNT),
    _field("Mapping v3alpha1", "spec.cors.origins[]",
        Form("an origin, or *", either(http_url, one_of("*")), ("https://shop.example.com", "*"),
            ("shop.example.com", ""))),
    _field("Mapping v*", "spec.remove_request_headers[]",
        Form("the name of a header",
            pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "the name of a header"), ("l5d-dst-override",),
            ("", "l5d-dst-override:", "two words"))),
    _field("Host", "*",
        Form("an acmeProvider.authority, and a Secret where it is not none", host,
            ({"spec": {"hostname": "*", "acmeProvider": {"authority": "none"}}},
                {"spec": {"acmeProvider": {"authority": "https://acme.example.com"},
                    "tlsSecret": {"name": "shop"}}}),
            ({"spec": {"hostname": "shop.example.com", "tlsSecret": {"name": "shop"}}},
                {"spec": {"acmeProvider": {"authority": "https://acme.example.com"}}})),
        subject=Subject.OBJECT, source="Edge Stack docs, Host; Emissary docs, Host"),
    _field("Host v*", "spec.hostname", HOST_NAME),
    _field("Host v*", "spec.requestPolicy.insecure.action",
        Form("Redirect, Reject or Route", one_of("Redirect", "Reject", "Route"),
            ("Route", "Redirect"), ("route", "Allow"))),
    _field("Host v*", "spec.requestPolicy.insecure.additionalPort",
        Form("a port, or -1 for none", either(port, one_of(-1)), (8080, -1), ("8080", 0, 70000))),
    _field("Host v*", "spec.acmeProvider.authority",
        Form("none, or the URL of an ACME directory", either(one_of("none"), http_url),
            ("none", "https://acme-v02.api.letsencrypt.org/directory"), ("letsencrypt", ""))),
    _field("Host v*", "spec.acmeProvider.email",
        Form("an e-mail address", pattern(r"[^@\s]+@[^@\s]+", "an e-mail address"),
            ("ops@example.com",), ("ops", "")),
        reader="Edge Stack", source="Edge Stack docs, Host"),
    _field("Host v*", "spec.tlsSecret.name",
        Form("the name of a Secret in the Host's namespace, as Ambassador's Module has it",
            dns_name, ("shop-tls",), ("", "certs/shop"))),
    _field("Host v*", "spec.tlsSecret.namespace", NAME,
        source=f"{_IR}/irhost.py @ v3.10.0 and v4.1.0"),
    _field("Host v*", "spec.tls.min_tls_version spec.tls.max_tls_version",
        Form("v1.0, v1.1, v1.2 or v1.3", one_of("v1.0", "v1.1", "v1.2", "v1.3"), ("v1.2",),
            ("1.2", "TLSv1.2", 1.2)),
        source=f"{_IR}/irtlscontext.py @ v3.10.0 and v4.1.0"),
    _field("Host v*", "spec.tls.alpn_protocols",
        Form("protocols, separated by commas and nothing else, as one text",
            pattern(r"(?:h2|http/1\.[01])(?:,(?:h2|http/1\.[01]))*", "a list of protocols"),
            ("h2,http/1.1", "http/1.1"), ("h2, http/1.1", ["h2"], "spdy")),
        source=f"{_CRDS}; Emissary docs, TLSContext"),
    _field("Host v*", "spec.tls.cipher_suites[]",
        Form("the name of a cipher suite in BoringSSL",
            pattern(r"[A-Z0-9]+(?:-[A-Z0-9]+)*", "a name of BoringSSL"),
            ("ECDHE-ECDSA-AES128-GCM-SHA256",), ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "")),
        source="Envoy docs, TlsParameters.cipher_suites"),
    _field("Listener v3alpha1", "spec.port",
        Form("a port of the pod, as a number", port, (8080, 8443.0), ("8080", 0, 70000))),
    _field("Listener v3alpha1", "spec.protocol",
        Form("HTTP, HTTPS, HTTPPROXY, HTTPSPROXY, TCP, TLS or UDP",
            one_of("HTTP", "HTTPS", "HTTPPROXY", "HTTPSPROXY", "TCP", "TLS", "UDP"),
            ("HTTP", "HTTPS"), ("http", "HTTP/2")),
        source=f"{_IR}/irlistener.py @ v3.10.0 and v4.1.0"),
    _field("Listener v3alpha1", "spec.protocolStack[]",
        Form("HTTP, PROXY, TLS, TCP or UDP", one_of("HTTP", "PROXY", "TLS", "TCP", "UDP"),
            ("PROXY", "TLS"), ("HTTPS", "proxy"))),
    _field("Listener v3alpha1", "spec.l7Depth",
        Form("how many proxies in front are trusted", integer(), (0, 1), ("1", -1))),
    _field("Listener v3alpha1", "spec.statsPrefix", TEXT),
    _field("Listener v3alpha1", "spec.securityModel",
        Form("XFP, SECURE or INSECURE", one_of("XFP", "SECURE", "INSECURE"), ("XFP",),
            ("xfp", ""))),
    _field("Listener v3alpha1", "spec.hostBinding.namespace.from",
        Form("SELF, ALL or SELECTOR", one_of("SELF", "ALL", "SELECTOR"), ("ALL",), ("all", ""))),
    _field("Module v*", "spec.config.add_linkerd_headers", BOOLEAN,
        producer="components/ambassador/adoption.py",
        source="Emissary docs, The Ambassador Module"),
    _field("TracingService v*", "spec.driver",
        Form("lightstep, zipkin, datadog or opentelemetry",
            one_of("lightstep", "zipkin", "datadog", "opentelemetry"), ("zipkin", "opentelemetry"),
            ("jaeger", "otlp"))),
    _field("TracingService v*", "spec.service", HOST_PORT,
        source=f"{_IR}/irtracing.py @ v3.10.0 and v4.1.0"),
    _field("TracingService v*", "spec.sampling.overall",
        Form("percent, as a whole number", integer(0, 100), (10, 100.0), (0.1, "10", 101))),
    _field("TracingService v*", "spec.config.service_name", TEXT),
)
# fmt: on
"""Rows about Ambassador's objects."""
