"""Objects of getambassador.io: Listeners, Hosts, Mappings, the Module, tracing."""

from __future__ import annotations

import re
from functools import partial

from contracts.contract import Complaint, Contract, Subject
from contracts.forms.text import (
    absolute_path,
    at,
    boolean,
    dns_name,
    either,
    host_pattern,
    host_port,
    http_url,
    integer,
    one_of,
    pattern,
    port,
    text,
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


AMBASSADOR: tuple[Contract, ...] = (
    _field(
        subject=Subject.OBJECT,
        on="Mapping",
        keys=("*",),
        form="of v3alpha1 with a hostname; without one it is dropped without a word",
        source=f"{_IR}/irhttpmapping.py @ v3.10.0 and v4.1.0",
        fits=mapping,
        fitting=(_mapping("v3alpha1", hostname="*", prefix="/"), _mapping("v2", prefix="/")),
        refused=(_mapping("v3alpha1", prefix="/"), _mapping("v3alpha1", host="*", prefix="/")),
    ),
    _field(
        on="Mapping v3alpha1",
        keys=("spec.hostname",),
        form="a Host name, perhaps with a leading *., or *",
        fits=host_pattern,
        fitting=("*", "*.example.com", "shop.example.com"),
        refused=("", "https://shop.example.com", "shop.example.com:443"),
    ),
    *(
        _field(
            on=on,
            keys=("spec.host",),
            form="a Host name, perhaps with a leading *.",
            fits=host_pattern,
            fitting=("shop.example.com", "*.example.com"),
            refused=("", "https://shop.example.com"),
        )
        for on in ("Mapping v1", "Mapping v2")
    ),
    _field(
        on="Mapping v*",
        keys=("spec.prefix",),
        form="a path with a leading /",
        fits=prefix,
        fitting=("/", "/-/ambassador/ready"),
        refused=("qotm/", "", "/v[0-9]*/"),
    ),
    _field(
        on="Mapping v*",
        keys=("spec.rewrite",),
        form="a path with a leading /, or empty, which leaves the path as it is",
        source="Emissary docs, Rewrites",
        fits=either(absolute_path, one_of("")),
        fitting=("/ambassador/v0/check_ready", ""),
        refused=("api/v1/", None),
    ),
    _field(
        on="Mapping v*",
        keys=("spec.service",),
        form="a host, perhaps with http:// or https:// before it and a port behind it",
        source="Emissary docs, Mapping, service",
        fits=pattern(_SERVICE, "a host with an optional scheme and port"),
        fitting=("http://qotm.shop.svc.cluster.local:80", "localhost:8877"),
        refused=("", "tcp://qotm", "qotm/api", "qotm:http"),
    ),
    _field(
        on="Mapping v*",
        keys=("spec.add_linkerd_headers", "spec.bypass_auth"),
        form="a boolean",
        fits=boolean,
        fitting=(True, False),
        refused=("true", 1),
    ),
    _field(
        on="Mapping v*",
        keys=("spec.timeout_ms",),
        form="a whole number of milliseconds",
        fits=integer(1),
        fitting=(5000, 2000.0),
        refused=("5s", "5000", 0, 0.5),
    ),
    _field(
        on="Mapping v*",
        keys=("spec.remove_request_headers[]",),
        form="the name of a header",
        fits=pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "the name of a header"),
        fitting=("l5d-dst-override",),
        refused=("", "l5d-dst-override:", "two words"),
    ),
    _field(
        subject=Subject.OBJECT,
        on="Host",
        keys=("*",),
        form="an acmeProvider.authority, and a Secret where it is not none",
        source="Edge Stack docs, Host; Emissary docs, Host",
        fits=host,
        fitting=(
            {"spec": {"hostname": "*", "acmeProvider": {"authority": "none"}}},
            {
                "spec": {
                    "acmeProvider": {"authority": "https://acme.example.com"},
                    "tlsSecret": {"name": "shop"},
                }
            },
        ),
        refused=(
            {"spec": {"hostname": "shop.example.com", "tlsSecret": {"name": "shop"}}},
            {"spec": {"acmeProvider": {"authority": "https://acme.example.com"}}},
        ),
    ),
    _field(
        on="Host v*",
        keys=("spec.hostname",),
        form="a Host name, perhaps with a leading *., or *",
        fits=host_pattern,
        fitting=("*", "*.example.com"),
        refused=("", "shop.example.com:443"),
    ),
    _field(
        on="Host v*",
        keys=("spec.requestPolicy.insecure.action",),
        form="Redirect, Reject or Route",
        fits=one_of("Redirect", "Reject", "Route"),
        fitting=("Route", "Redirect"),
        refused=("route", "Allow"),
    ),
    _field(
        on="Host v*",
        keys=("spec.acmeProvider.authority",),
        form="none, or the URL of an ACME directory",
        fits=either(one_of("none"), http_url),
        fitting=("none", "https://acme-v02.api.letsencrypt.org/directory"),
        refused=("letsencrypt", ""),
    ),
    _field(
        on="Host v*",
        keys=("spec.acmeProvider.email",),
        reader="Edge Stack",
        form="an e-mail address",
        source="Edge Stack docs, Host",
        fits=pattern(r"[^@\s]+@[^@\s]+", "an e-mail address"),
        fitting=("ops@example.com",),
        refused=("ops", ""),
    ),
    _field(
        on="Host v*",
        keys=("spec.tlsSecret.name",),
        form="the name of a Secret in the Host's namespace, as Ambassador's Module has it",
        fits=dns_name,
        fitting=("shop-tls",),
        refused=("", "certs/shop"),
    ),
    _field(
        on="Host v*",
        keys=("spec.tls.min_tls_version", "spec.tls.max_tls_version"),
        form="v1.0, v1.1, v1.2 or v1.3",
        source=f"{_IR}/irtlscontext.py @ v3.10.0 and v4.1.0",
        fits=one_of("v1.0", "v1.1", "v1.2", "v1.3"),
        fitting=("v1.2",),
        refused=("1.2", "TLSv1.2", 1.2),
    ),
    _field(
        on="Host v*",
        keys=("spec.tls.alpn_protocols",),
        form="protocols, separated by commas and nothing else, as one text",
        source=f"{_CRDS}; Emissary docs, TLSContext",
        fits=pattern(r"(?:h2|http/1\.[01])(?:,(?:h2|http/1\.[01]))*", "a list of protocols"),
        fitting=("h2,http/1.1", "http/1.1"),
        refused=("h2, http/1.1", ["h2"], "spdy"),
    ),
    _field(
        on="Host v*",
        keys=("spec.tls.cipher_suites[]",),
        form="the name of a cipher suite in BoringSSL",
        source="Envoy docs, TlsParameters.cipher_suites",
        fits=pattern(r"[A-Z0-9]+(?:-[A-Z0-9]+)*", "a name of BoringSSL"),
        fitting=("ECDHE-ECDSA-AES128-GCM-SHA256",),
        refused=("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ""),
    ),
    _field(
        on="Listener v3alpha1",
        keys=("spec.port",),
        form="a port of the pod, as a number",
        fits=port,
        fitting=(8080, 8443.0),
        refused=("8080", 0, 70000),
    ),
    _field(
        on="Listener v3alpha1",
        keys=("spec.protocol",),
        form="HTTP, HTTPS, HTTPPROXY, HTTPSPROXY, TCP, TLS or UDP",
        source=f"{_IR}/irlistener.py @ v3.10.0 and v4.1.0",
        fits=one_of("HTTP", "HTTPS", "HTTPPROXY", "HTTPSPROXY", "TCP", "TLS", "UDP"),
        fitting=("HTTP", "HTTPS"),
        refused=("http", "HTTP/2"),
    ),
    _field(
        on="Listener v3alpha1",
        keys=("spec.securityModel",),
        form="XFP, SECURE or INSECURE",
        fits=one_of("XFP", "SECURE", "INSECURE"),
        fitting=("XFP",),
        refused=("xfp", ""),
    ),
    _field(
        on="Listener v3alpha1",
        keys=("spec.hostBinding.namespace.from",),
        form="SELF, ALL or SELECTOR",
        fits=one_of("SELF", "ALL", "SELECTOR"),
        fitting=("ALL",),
        refused=("all", ""),
    ),
    _field(
        on="Module v*",
        keys=("spec.config.add_linkerd_headers",),
        producer="components/ambassador/adoption.py",
        form="a boolean",
        source="Emissary docs, The Ambassador Module",
        fits=boolean,
        fitting=(True, False),
        refused=("true", None),
    ),
    _field(
        on="TracingService v*",
        keys=("spec.driver",),
        form="lightstep, zipkin, datadog or opentelemetry",
        fits=one_of("lightstep", "zipkin", "datadog", "opentelemetry"),
        fitting=("zipkin", "opentelemetry"),
        refused=("jaeger", "otlp"),
    ),
    _field(
        on="TracingService v*",
        keys=("spec.service",),
        form="<host>:<port>",
        source=f"{_IR}/irtracing.py @ v3.10.0 and v4.1.0",
        fits=host_port,
        fitting=("tempo-distributor.tracing:9411",),
        refused=("tempo-distributor", "http://tempo:9411"),
    ),
    _field(
        on="TracingService v*",
        keys=("spec.sampling.overall",),
        form="percent, as a whole number",
        fits=integer(0, 100),
        fitting=(10, 100.0),
        refused=(0.1, "10", 101),
    ),
    _field(
        on="TracingService v*",
        keys=("spec.config.service_name",),
        form="a text",
        fits=text,
        fitting=("edge",),
        refused=(True, 1),
    ),
)
"""Rows about Ambassador's objects."""
