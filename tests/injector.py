"""A small proxy injector: in simulated pods none runs, and no proxy.

Facts: linkerd2 edge-26.8.3, ``charts/partials/templates/_proxy.tpl`` and ``pkg/inject``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.certificates import certified
from tests.handshakes import ROOTS_VARIABLE

MESHED = {"linkerd.io/control-plane-ns": "linkerd"}
"""The label of a pod with a proxy."""


class Injector:
    """A webhook that gives pods the present bundle, and its hash, as Linkerd's does."""

    def __init__(self, folder: Path) -> None:
        self.bundle: Callable[[], str] = str
        """Reads the bundle, at each call as Linkerd's does."""
        injector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = injector.answer(review["request"])
                data = json.dumps({**review, "response": answer}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._authority = certified("injector authority")
        pair = certified(
            "injector", self._authority, hosts=("127.0.0.1",), authority=False, server=True
        )
        file = folder / "injector.pem"
        file.write_text(pair.key_pem + pair.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The response to an admission request for a pod."""
        bundle, pod = self.bundle().strip(), request["object"]
        digest = hashlib.sha256(bundle.encode()).hexdigest()
        annotations = {
            **(pod["metadata"].get("annotations") or {}),
            "linkerd.io/trust-root-sha256": digest,
        }
        variable = {"name": ROOTS_VARIABLE, "value": bundle}
        change = [
            {"op": "add", "path": "/metadata/annotations", "value": annotations},
            {"op": "add", "path": "/spec/containers/0/env", "value": [variable]},
        ]
        patch = base64.b64encode(json.dumps(change).encode()).decode()
        return {"uid": request["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}

    def registration(self, labels: Mapping[str, str]) -> dict[str, Any]:
        """The webhook's object, for pods with these labels."""
        bundle = base64.b64encode(self._authority.pem.encode()).decode()
        url = f"https://127.0.0.1:{self.server.server_port}/"
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "small-injector"},
            "webhooks": [
                {
                    "name": "injector.example.com",
                    "clientConfig": {"url": url, "caBundle": bundle},
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "objectSelector": {"matchLabels": dict(labels)},
                    "rules": [
                        {
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "resources": ["pods"],
                            "operations": ["CREATE"],
                        }
                    ],
                }
            ],
        }
