"""Small API servers on loopback, with TLS, for tests of how clusters are reached."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.stack_builders import certificate, ec_key, key_pem

AUTHORITY = "test authority"
CA_PEM = certificate(ec_key(AUTHORITY), names=(AUTHORITY,))
"""The CA that signs the servers' certificates."""

Answer = tuple[int, Any]
"""Status, and a body: JSON, or bytes as they are."""


@dataclass
class Request:
    """What a server was asked."""

    path: str
    authorization: str | None
    body: Any = None
    """What was sent, from JSON; None where nothing was."""


@dataclass
class ApiServer:
    """An API server with scripted answers."""

    url: str
    requests: list[Request] = field(default_factory=list)


def healthy(uid: str, version: str = "v1.34.1") -> Callable[[str], Answer]:
    """The answers of an API server in good health; it has no Services."""

    def respond(path: str) -> Answer:
        if path == "/api/v1/namespaces/kube-system":
            return 200, {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": uid}}
        if path == "/version":
            return 200, {"major": "1", "minor": "34", "gitVersion": version}
        return 404, {"kind": "Status", "code": 404}

    return respond


@contextmanager
def api_server(
    respond: Callable[[str], Answer],
    *,
    names: tuple[str, ...] = ("127.0.0.1",),
    ends: timedelta = timedelta(days=30),
    tls: bool = True,
    client_ca: str | None = None,
) -> Iterator[ApiServer]:
    """A server whose certificate is for `names`; with `client_ca` it wants one of its clients."""
    made = ApiServer("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length)) if length else None
            made.requests.append(Request(self.path, self.headers.get("Authorization"), sent))
            status, body = respond(self.path)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", data.decode())
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_DELETE = do_GET
        do_POST = do_GET
        do_PATCH = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # What a client does to a test's server is no news.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls:
        server.socket = _context(names, ends, client_ca).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    made.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _context(names: tuple[str, ...], ends: timedelta, client_ca: str | None) -> ssl.SSLContext:
    key = ec_key("server")
    pem = certificate(
        key,
        names=names,
        authority=False,
        key_usage=False,
        begins=timedelta(days=-30),
        ends=ends,
        issuer=(AUTHORITY, ec_key(AUTHORITY)),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem + key_pem(key))
        file.flush()
        context.load_cert_chain(file.name)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_ca)
    return context


@contextmanager
def frozen_server() -> Iterator[str]:
    """The URL of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def dripping_server() -> Iterator[str]:
    """The URL of a server whose answer never ends, though a letter of it comes now and then."""
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{")
                while not stop.wait(0.05):
                    connection.sendall(b" ")
            except OSError:
                pass

    def accept(listening: socket.socket) -> None:
        while not stop.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            stop.set()


def unused_url() -> str:
    """An address on which no program listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"https://127.0.0.1:{listening.getsockname()[1]}"


def encoded(text: str) -> str:
    """Base64, as kubeconfigs hold data."""
    return base64.b64encode(text.encode()).decode()


def kubeconfig(
    servers: Mapping[str, str], user: Mapping[str, Any] | None = None, ca: str = CA_PEM
) -> dict[str, Any]:
    """A kubeconfig with a context for each server (URL by name), all for one user."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": f"cluster-{name}",
                "cluster": {"server": url, "certificate-authority-data": encoded(ca)},
            }
            for name, url in servers.items()
        ],
        "contexts": [
            {"name": name, "context": {"cluster": f"cluster-{name}", "user": "me"}}
            for name in servers
        ],
        "users": [{"name": "me", "user": dict(user or {"token": "hunter2-token"})}],
    }


def written(content: Mapping[str, Any] | str, path: Path) -> Path:
    """A kubeconfig as a file."""
    text = content if isinstance(content, str) else yaml.safe_dump(dict(content))
    path.write_text(text, encoding="utf-8")
    return path
