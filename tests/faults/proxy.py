"""A proxy before an API server that counts writes and can act on one, refuse, or freeze.

Clients trust its own CA. One with the operator's token is the operator; all others have their own.
"""

from __future__ import annotations

import base64
import http.client
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.api_servers import AUTHORITY, CA_PEM
from tests.stack_builders import certificate, ec_key, key_pem

OPERATOR = "operator"
"""The operator's token, which the proxy replaces by the client certificate."""
REVIEWS = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "tokenreviews")
"""What is posted and changes nothing."""


class Counter:
    """Counts the writes of all proxies of a run."""

    def __init__(self) -> None:
        self.value = 0
        """Writes since it was set to 0, dry runs left out."""
        self._lock = threading.Lock()

    def next(self) -> int:
        """The number of one more write."""
        with self._lock:
            self.value += 1
            return self.value


class Proxy:
    """The proxy of one cluster."""

    def __init__(self, kubeconfig: Path, counter: Counter) -> None:
        content = yaml.safe_load(kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        parts = urlsplit(cluster["server"])
        self._address = (parts.hostname, parts.port)
        self._operator = _client_context(cluster, user)
        self._others = _client_context(cluster, None)
        self._counter = counter
        self.before: Callable[[int, str], bool] = lambda number, what: False
        """Called with the number of each write, and with what it is; it is sent on unless this
        returns True."""
        self.after: Callable[[int, str], object] = lambda number, what: None
        """Called when the API server has answered, before the client has the answer."""
        self.frozen = threading.Event()
        """While it is set, no request is answered."""
        self.refusing = threading.Event()
        """While it is set, connections are closed at once."""
        self._server = _server(self)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"

    def count(self, method: str, path: str) -> int | None:
        """The number of a request among the writes; None where it is none."""
        parts = urlsplit(path)
        dry = "dryRun" in parse_qs(parts.query)
        if method in ("GET", "HEAD") or dry or parts.path.endswith(REVIEWS):
            return None
        return self._counter.next()

    def upstream(self, *, operator: bool) -> http.client.HTTPSConnection:
        """A connection to the API server, logged in as the operator or not at all."""
        host, port = self._address
        context = self._operator if operator else self._others
        return http.client.HTTPSConnection(host, port, context=context, timeout=900)

    @contextmanager
    def serving(self) -> Iterator[Proxy]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.frozen.clear()
            self._server.shutdown()
            self._server.server_close()


def _server(proxy: Proxy) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one_request(self) -> None:
            if proxy.refusing.is_set():
                self.close_connection = True
                return
            super().handle_one_request()

        def _forward(self) -> None:
            while proxy.frozen.is_set():
                threading.Event().wait(0.05)
            if proxy.refusing.is_set():
                self.close_connection = True
                return
            number = proxy.count(self.command, self.path)
            what = f"{self.command} {urlsplit(self.path).path}"
            body = self._body()
            if number is not None and proxy.before(number, what):
                self.close_connection = True
                return
            operator = self.headers.get("Authorization") == f"Bearer {OPERATOR}"
            connection = proxy.upstream(operator=operator)
            try:
                headers = {
                    key: value
                    for key, value in self.headers.items()
                    if key.lower() not in ("host", "transfer-encoding")
                    and not (operator and key.lower() == "authorization")
                }
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                if number is not None:
                    proxy.after(number, what)
                self._answer(answer)
            except (OSError, http.client.HTTPException):
                self.close_connection = True
            finally:
                connection.close()

        def _body(self) -> bytes | None:
            length = self.headers.get("Content-Length")
            if length is not None:
                return self.rfile.read(int(length))
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return None
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _answer(self, answer: http.client.HTTPResponse) -> None:
            self.send_response_only(answer.status, answer.reason)
            length = answer.getheader("Content-Length")
            for key, value in answer.getheaders():
                if key.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(key, value)
            bare = length is not None or self.command == "HEAD" or answer.status in (204, 304)
            if not bare:
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while piece := answer.read1(65536):
                self.wfile.write(
                    piece if bare else f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
                )
                self.wfile.flush()
            if not bare:
                self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _forward

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # A client that was killed is what these tests are about.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = _server_context().wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    return server


def _server_context() -> ssl.SSLContext:
    key = ec_key("proxy")
    issuer = (AUTHORITY, ec_key(AUTHORITY))
    pem = certificate(key, names=("127.0.0.1",), authority=False, key_usage=False, issuer=issuer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem + key_pem(key))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _client_context(cluster: dict[str, Any], user: dict[str, Any] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=_data(cluster, "certificate-authority").decode())
    if user is None:
        return context
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(_data(user, "client-certificate") + _data(user, "client-key"))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _data(entry: dict[str, Any], key: str) -> bytes:
    if f"{key}-data" in entry:
        return base64.b64decode(entry[f"{key}-data"])
    return Path(entry[key]).read_bytes()


def proxied(proxies: dict[str, Proxy], path: Path) -> Path:
    """A kubeconfig with a context for each proxy."""
    authority = base64.b64encode(CA_PEM.encode()).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": it.url, "certificate-authority-data": authority}}
            for name, it in proxies.items()
        ],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": "proxy"}} for name in proxies
        ],
        "current-context": next(iter(proxies)),
        "users": [{"name": "proxy", "user": {"token": OPERATOR}}],
    }
    path.write_text(yaml.safe_dump(content))
    path.chmod(0o600)
    return path
