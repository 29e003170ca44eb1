"""What tests of `./mesh verify` share: clusters as they are seen, and servers that answer."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from checks.facts.view import EVERYTHING, View
from config import MeshConfig
from kube.access import Access
from tests.certificates import Certified
from tests.unit.checks.builders import certified

SPACE = "mesh-verify-abcde"
ROOTS = "the roots of {}"


def service(
    namespace: str, name: str, ports: Mapping[str, int], address: str | None = None
) -> dict[str, Any]:
    """A Service, with the address of a load balancer where one is given."""
    ingress = [{"ip": address}] if address is not None else []
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": [{"name": key, "port": port} for key, port in ports.items()]},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


def seen(
    mesh: MeshConfig,
    *,
    simulated: bool = False,
    access: Mapping[Access, bool] | None = None,
    addresses: bool = True,
) -> dict[str, View]:
    """All clusters of a mesh as they are once everything is deployed."""
    return {
        name: _view(mesh, name, f"192.0.2.{place + 1}" if addresses else None, simulated, access)
        for place, name in enumerate(mesh.clusters)
    }


def _view(
    mesh: MeshConfig,
    name: str,
    address: str | None,
    simulated: bool,
    access: Mapping[Access, bool] | None,
) -> View:
    config = mesh.clusters[name]
    objects = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "one"},
            "status": {"nodeInfo": {"kubeletVersion": "v1.34+kwok" if simulated else "v1.34"}},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "linkerd-identity-trust-roots",
                "namespace": config.linkerd.namespace,
            },
            "data": {"ca-bundle.crt": ROOTS.format(name)},
        },
    ]
    for ambassador in config.every_ambassador:
        ports = {"http": 80, "https": 443}
        if ambassador.gateway_service != ambassador.name:
            objects.append(service(ambassador.namespace, ambassador.gateway_service, {}, address))
        owned = service(ambassador.namespace, ambassador.name, ports, address)
        owned["spec"]["selector"] = ambassador.pod_labels
        objects.append(owned)
    for link in mesh.links_to(name):
        objects += [
            service(export.namespace, export.service, {"http": export.port})
            for export in link.exports
        ]
    return View(cluster=name, objects=tuple(objects), access=access or {EVERYTHING: True})


class Answers(BaseHTTPRequestHandler):
    """Answers by path: a status, headers, a body."""

    protocol_version = "HTTP/1.1"
    routes: Mapping[str, tuple[int, Mapping[str, str], str]] = {}

    def do_GET(self) -> None:
        status, headers, body = self.routes.get(self.path, (404, {}, "no such path"))
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(
    routes: Mapping[str, tuple[int, Mapping[str, str], str]] | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """A server on this machine, with TLS where a context is given; its port."""
    handler = type("Handler", (Answers,), {"routes": routes or {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def fresh(name: str, signer: Certified | None = None, **given: Any) -> Certified:
    """A certificate that is valid now."""
    begins = given.pop("begins", datetime.now(UTC) - timedelta(hours=1))
    return certified(name, signer, begins=begins, **given)


def files(folder: Path, pair: Certified, name: str) -> tuple[str, str]:
    """A certificate and its key as files; their paths."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.write_text(pair.pem)
    key.write_text(pair.key_pem)
    return str(certificate), str(key)
