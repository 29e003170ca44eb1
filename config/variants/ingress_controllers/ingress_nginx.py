"""ingress-nginx. Facts: its annotations; Linkerd docs, "Ingress traffic"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.variants.ingress_controller import Backend, IngressController, Manifest, ingress
from vocabulary.ingress import (
    NGINX_AUTH_SECRET,
    NGINX_AUTH_TYPE,
    NGINX_SERVICE_UPSTREAM,
    NGINX_SNIPPET,
    NGINX_UPSTREAM_VHOST,
)

if TYPE_CHECKING:
    from config.platform.ingress import IngressBase

VIZ_SNIPPET = """\
proxy_set_header Origin "";
proxy_hide_header l5d-remote-ip;
proxy_hide_header l5d-server-id;
"""
"""The dashboard accepts WebSockets from its own origin only; the mesh's headers stay inside."""


def _objects(config: IngressBase, backend: Backend) -> Iterator[Manifest]:
    # Otherwise nginx chooses a pod itself, without what the proxy knows of it.
    annotations = {NGINX_SERVICE_UPSTREAM: "true"}
    if backend.dashboard:
        host = f"$service_name.$namespace.svc.{backend.domain}:{backend.port}"
        annotations |= {NGINX_UPSTREAM_VHOST: host, NGINX_SNIPPET: VIZ_SNIPPET}
    auth = config.basic_auth
    if auth is not None:
        secret = f"{auth.namespace}/{auth.secret}" if auth.namespace else auth.secret
        annotations |= {NGINX_AUTH_TYPE: "basic", NGINX_AUTH_SECRET: secret}
    yield ingress(config, backend, annotations)


CONTROLLERS = (
    IngressController(
        name="ingress-nginx",
        title="ingress-nginx",
        objects=_objects,
        class_name="nginx",
        shares_secrets=True,
        rewrites_host=True,
    ),
)
