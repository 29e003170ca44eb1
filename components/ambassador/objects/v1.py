"""Ambassador's objects in getambassador.io/v1, which has no Host.

Ambassador 1.14 needs none: TLSContexts replace Hosts that terminate TLS, and redirect cleartext
where the stack file says so. Those that convert v1 ignore TLSContexts without a Host and redirect
all cleartext, so that they get Hosts of v2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.ambassador.objects import shapes
from components.ambassador.objects.routing import Routing
from config.ambassador.routes import HostConfig, HostTls
from vocabulary.ambassador import HTTP_PORT
from vocabulary.kinds import MAPPING, TLS_CONTEXT

CLEARTEXT_PORT = HTTP_PORT
"""Port of the pod whose requests a TLSContext redirects."""


def translate(routing: Routing) -> Iterator[shapes.Manifest]:
    """Manifests of everything that an Ambassador serves."""
    yield from shapes.listeners(routing)
    yield from shapes.module("v1", routing)
    yield from shapes.tracing("v1", routing)
    if routing.converted:
        yield from shapes.hosts("v2", routing)
    for host in routing.hosts:
        if host.tls is not None and not routing.converted:
            spec = _tls_context(host, host.tls, routing.namespace)
            yield shapes.manifest("v1", TLS_CONTEXT.name, host.name, routing.namespace, spec)
    for mapping in routing.mappings:
        spec = shapes.mapping_spec(mapping, shapes.older_host(mapping, routing))
        yield shapes.manifest("v1", MAPPING.name, mapping.name, routing.namespace, spec)


def _tls_context(host: HostConfig, tls: HostTls, namespace: str) -> dict[str, Any]:
    secret = host.tls_secret or ""
    if tls.namespace is not None or "." in secret:
        # Ambassador reads what follows the last dot as a namespace.
        secret = f"{secret}.{tls.namespace or namespace}"
    spec: dict[str, Any] = {
        "hosts": [host.hostname],
        "secret": secret,
        **shapes.tls_settings(tls),
    }
    if host.insecure == "Redirect":
        spec["redirect_cleartext_from"] = CLEARTEXT_PORT
    return spec
