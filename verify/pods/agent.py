"""What runs in the pods of `./mesh verify`: a server that names its cluster, or a client.

``agent.py PLAN`` reads a plan (JSON) and either serves, or does the plan's tasks one after another
and prints an answer for each as one line of JSON. Every line has the process's ``boot`` and a
sequence number ``seq``, so that a reader whose log stream was cut can resume. After the last task
it prints ``{"kind": "done"}`` and waits for SIGTERM, because a pod that ends is restarted.

It is mounted from a ConfigMap into an image that has Python and nothing else: the standard library
only, Python 3.9 or later, no import of this project.

Facts: Linkerd docs, "Proxy metrics" (``tcp_open_total``), "Inbound proxy: l5d-client-id", header
``l5d-proxy-error``; the proxy's admin port 4191.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import secrets
import signal
import socket
import ssl
import sys
import threading
import time
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Task = dict[str, Any]
Answer = dict[str, Any]

ADMIN = "http://127.0.0.1:4191"
"""The admin server of this pod's own proxy."""
PROXY_ERROR = "l5d-proxy-error"
"""Header of an answer that a Linkerd proxy made itself."""
UPSTREAM = "x-envoy-upstream-service-time"
"""Header of an answer that came from behind Envoy."""
LARGEST_BODY = 65536
"""Bytes of an answer that are read."""


# Printing -----------------------------------------------------------------------------------------


class Printer:
    """Prints lines of JSON, each with its number; several threads may use it."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self._next = 0
        self._boot = secrets.token_hex(4)

    def line(self, kind: str, **fields: Any) -> None:
        """Print one line."""
        with self._lock:
            head = {"boot": self._boot, "seq": self._next, "at": round(time.time(), 3)}
            text = json.dumps({**head, "kind": kind, **fields}, separators=(",", ":"))
            self._next += 1
            self._stream.write(text + "\n")
            self._stream.flush()


# Serving ------------------------------------------------------------------------------------------


def server(cluster: str, port: int) -> ThreadingHTTPServer:
    """A server whose answers name the cluster, the pod, and the request's headers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer in one packet: Nagle's algorithm would show as latency.
        wbufsize = LARGEST_BODY
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            headers = {k.lower()[:80]: v[:300] for k, v in list(self.headers.items())[:40]}
            body = {
                "cluster": cluster,
                "pod": os.environ.get("HOSTNAME", ""),
                "path": self.path[:200],
                "headers": headers,
            }
            content = json.dumps({"mesh-verify": body}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the log holds answers only."""

    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer(("", port), Handler)


# Asking -------------------------------------------------------------------------------------------


class Asker:
    """Makes requests to one URL, over one connection that is kept or over one each."""

    def __init__(self, url: str, host: str | None, timeout: float, keep: bool = False) -> None:
        self._parts = urlsplit(url)
        self._path = self._parts.path or "/"
        self._headers = {"User-Agent": "linkerd-ambassador-mesh verify"}
        if host:
            self._headers["Host"] = host
        self._host, self._timeout, self._keep = host, timeout, keep
        self._connection: http.client.HTTPConnection | None = None

    def ask(self) -> Answer:
        """One request; what came of it, with the milliseconds that it took.

        ``status`` is None where nothing that is HTTP came; then ``stage`` says how far it got
        (``resolve``, ``connect``, ``answer``) and ``error`` why.
        """
        began = time.perf_counter()
        stage = "connect"
        try:
            if self._connection is None:
                self._connection = self._connect()
            stage = "answer"
            self._connection.request("GET", self._path, headers=self._headers)
            response = self._connection.getresponse()
            body = response.read(LARGEST_BODY)
            found = {
                "status": response.status,
                "proxy_error": response.getheader(PROXY_ERROR),
                "server": response.getheader("server"),
                "upstream": response.getheader(UPSTREAM) is not None,
                "location": (response.getheader("location") or "")[:300] or None,
                **_echoed(body),
            }
            if not self._keep or response.will_close or response.length:
                self.close()
        except socket.gaierror as error:
            found = {"status": None, "stage": "resolve", "error": _line(error)}
            self.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            found = {"status": None, "stage": stage, "error": _line(error)}
            self.close()
        found["ms"] = round(1000 * (time.perf_counter() - began), 2)
        return found

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connect(self) -> http.client.HTTPConnection:
        parts = self._parts
        name, secure = parts.hostname or "", parts.scheme == "https"
        usual = 443 if secure else 80
        connection = http.client.HTTPConnection(name, parts.port or usual, timeout=self._timeout)
        # The Host header has no port where it is this one.
        connection.default_port = usual
        connection.connect()
        if secure:
            # Whether a server answers is asked here, and nothing secret is sent.
            context = _context({})
            context.verify_mode = ssl.CERT_NONE
            try:
                connection.sock = _shake(context, connection.sock, self._host or name)
            except BaseException:
                connection.close()
                raise
        return connection


def _echoed(body: bytes) -> Answer:
    """Who answered, where it was a server of this program; the body's beginning otherwise."""
    with suppress(ValueError, AttributeError, RecursionError):
        found = json.loads(body).get("mesh-verify")
        if isinstance(found, dict):
            headers = found.get("headers") or {}
            return {
                "cluster": found.get("cluster"),
                "pod": found.get("pod"),
                "client_id": headers.get("l5d-client-id"),
            }
    return {"body": body[:200].decode("utf-8", "replace")}


def _line(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"TLS: {error.reason.lower().replace('_', ' ')}"
    text = " ".join(str(error).split())[:200]
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def get(task: Task) -> Answer:
    """One request; where ``patience`` seconds are given, again until the answer is 200."""
    asker = Asker(task["url"], task.get("host"), task.get("timeout", 5.0))
    end = time.monotonic() + task.get("patience", 0.0)
    while True:
        found = asker.ask()
        if found["status"] == 200 or time.monotonic() >= end:
            return found
        time.sleep(0.5)


def requests(task: Task) -> Answer:
    """``count`` requests: how many gave what, and how long they took.

    First it asks until the answer is 200, for at most ``patience`` seconds; those requests do not
    count. After three failures with nothing in between, it gives up.
    """
    first = get(task)
    asker = Asker(
        task["url"], task.get("host"), task.get("timeout", 5.0), keep=bool(task.get("keep"))
    )
    groups: dict[str, Answer] = {}
    took: list[float] = []
    sent = failed = 0
    while sent < task["count"] and failed < 3:
        found = asker.ask()
        sent += 1
        failed = 0 if found["status"] == 200 else failed + 1
        took.append(found.pop("ms"))
        key = json.dumps(found, sort_keys=True)
        if key in groups or len(groups) < 12:
            groups.setdefault(key, {**found, "count": 0})["count"] += 1
    asker.close()
    listed = list(groups.values())
    return {"first": first, "sent": sent, "groups": listed, "ms": percentiles(took)}


def percentiles(took: list[float]) -> Answer:
    """p50, p90, p99 and max of some durations, in their own unit (nearest rank)."""
    if not took:
        return {}
    ordered = sorted(took)

    def at(share: float) -> float:
        return ordered[max(0, -(-len(ordered) * int(share * 100) // 100) - 1)]

    return {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": ordered[-1]}


def resolve(task: Task) -> Answer:
    """Addresses of a name; none, with the reason, where it has none."""
    try:
        found = socket.getaddrinfo(task["name"], None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return {"addresses": [], "missing": error.errno == socket.EAI_NONAME, "error": _line(error)}
    except (OSError, ValueError) as error:
        return {"addresses": [], "missing": False, "error": _line(error)}
    return {"addresses": sorted({str(item[4][0]) for item in found})}


# TLS ----------------------------------------------------------------------------------------------


def handshake(task: Task) -> Answer:
    """A TLS handshake as a proxy makes one, with a client certificate of an anchor of its own.

    ``accepted`` says whether the server went on with that client; ``error`` why it did not.
    ``certificate`` is the server's (base64 of DER), and ``verified`` whether it chains to the roots
    of ``roots`` (PEM), is for ``name`` and is valid now; ``doubt`` says why not.
    """
    found: Answer = {}
    context = _context(task)
    context.verify_mode = ssl.CERT_NONE
    try:
        tcp = _dial(task)
    except OSError as error:
        return {"accepted": False, "stage": "connect", "error": _line(error)}
    try:
        with closing(tcp), closing(_shake(context, tcp, task["name"])) as tls:
            der = tls.getpeercert(binary_form=True)
            if der:
                found["certificate"] = base64.b64encode(der).decode()
            found.update(_accepted(tls))
    except OSError as error:
        found.update(accepted=False, stage="handshake", error=_line(error))
    if task.get("roots"):
        found.update(_verified(task))
    return found


def _shake(context: ssl.SSLContext, tcp: socket.socket, name: str) -> ssl.SSLSocket:
    return context.wrap_socket(tcp, server_hostname=name)


def _dial(task: Task) -> socket.socket:
    return socket.create_connection((task["address"], task["port"]), task.get("timeout", 5.0))


def _context(task: Task) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if task.get("alpn"):
        context.set_alpn_protocols([task["alpn"]])
    if task.get("client_certificate"):
        context.load_cert_chain(task["client_certificate"], task["client_key"])
    return context


def _accepted(tls: ssl.SSLSocket) -> Answer:
    """With TLS 1.3 a client is refused after its own handshake is over, by an alert."""
    tls.settimeout(3.0)
    try:
        data = tls.recv(1)
    except socket.timeout:  # noqa: UP041 - another class before Python 3.10
        return {"accepted": True}
    except ssl.SSLError as error:
        return {"accepted": False, "stage": "alert", "error": _line(error)}
    except OSError as error:
        return {"accepted": False, "stage": "closed", "error": _line(error)}
    return {"accepted": True} if data else {"accepted": False, "stage": "closed", "error": "closed"}


def _verified(task: Task) -> Answer:
    context = _context(task)
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    # An anchor may be a certificate that another one has signed.
    context.verify_flags |= 0x80000  # X509_V_FLAG_PARTIAL_CHAIN, which Python names since 3.10
    try:
        context.load_verify_locations(cadata=task["roots"])
        with closing(_dial(task)) as tcp, closing(_shake(context, tcp, task["name"])):
            return {"verified": True}
    except ssl.SSLCertVerificationError as error:
        return {"verified": False, "doubt": error.verify_message}
    except (OSError, ValueError) as error:
        return {"verified": None, "doubt": _line(error)}


# The pod's own proxy ------------------------------------------------------------------------------

_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def connections(text: str) -> list[Answer]:
    """Outbound connections that the proxy's metrics count, each with how many were opened."""
    found = []
    for line in text.splitlines():
        name, brace, rest = line.partition("{")
        inner, closing_brace, value = rest.rpartition("}")
        if name != "tcp_open_total" or not brace or not closing_brace:
            continue
        labels = dict(_LABEL.findall(inner))
        if labels.get("direction") != "outbound" or labels.get("peer") != "dst":
            continue
        with suppress(ValueError):
            opened = float(value.split()[0])
            if opened > 0:
                named = {"address": "target_addr", "tls": "tls", "server_id": "server_id"}
                read = {key: labels.get(label, "") for key, label in named.items()}
                found.append({**read, "opened": opened})
    return found


def metrics(task: Task) -> Answer:
    """Outbound connections of this pod's proxy, most recent state; at most 40."""
    url = urlsplit(task.get("admin", ADMIN))
    try:
        with closing(http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)) as asked:
            asked.request("GET", "/metrics")
            response = asked.getresponse()
            text = response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return {"status": None, "error": _line(error)}
    if response.status != 200:
        return {"status": response.status, "error": f"status {response.status}"}
    wanted = task.get("server_ids")
    found = [c for c in connections(text) if not wanted or c["server_id"] in wanted]
    return {"status": 200, "connections": found[:40]}


def wait_for_proxy(admin: str, seconds: float) -> bool:
    """Whether this pod's proxy became ready within that time."""
    end = time.monotonic() + seconds
    while True:
        if Asker(f"{admin}/ready", None, 2.0).ask()["status"] == 200:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.3)


def export(task: Task) -> Answer:
    """A request to an exported Service; where it does not speak HTTP, its greeting.

    ``opened`` says how many connections to ``server_id`` the proxy opened for the latter.
    """
    asker = Asker(f"http://{task['host']}:{task['port']}/", None, task.get("timeout", 5.0))
    found = asker.ask()
    end = time.monotonic() + task.get("patience", 0.0)
    while found.get("stage") == "resolve" and time.monotonic() < end:
        time.sleep(0.5)
        found = asker.ask()
    if found["status"] is not None or found.get("stage") == "resolve":
        return {"http": found}
    before = _opened(task)
    answer: Answer = {"http": found, "greeting": None}
    try:
        with closing(socket.create_connection((task["host"], task["port"]), 5.0)) as tcp:
            tcp.settimeout(2.0)
            with suppress(socket.timeout):
                data = tcp.recv(200)
                answer["greeting"] = data.decode("latin-1") if data else None
                answer["closed"] = not data
            answer["opened"] = _opened(task) - before
    except OSError as error:
        answer["error"] = _line(error)
    return answer


def _opened(task: Task) -> float:
    found = metrics({**task, "server_ids": [task.get("server_id")]})
    return sum(float(one["opened"]) for one in found.get("connections", ()) if one["tls"] == "true")


# Asking for as long as something lasts ------------------------------------------------------------


def keep_asking(task: Task, printer: Printer, stop: threading.Event, period: float = 1.0) -> None:
    """Ask a URL ``every`` so many seconds until `stop`; report each failure, and counts.

    A line ``count`` a second says how many requests ended since the last one, how many of them
    failed. A request that has not ended is in no count.
    """
    asker = Asker(task["url"], task.get("host"), task.get("timeout", 5.0))
    done = failed = 0
    reported = due = time.monotonic()
    while not stop.is_set():
        found = asker.ask()
        why = complaint(task, found)
        done += 1
        if why is not None:
            failed += 1
            printer.line("failed", id=task["id"], why=why, ms=found["ms"], status=found["status"])
        now = time.monotonic()
        if now - reported >= period:
            printer.line("count", id=task["id"], requests=done, failed=failed)
            done = failed = 0
            reported = now
        due = max(due + task["every"], now)
        stop.wait(due - now)


def complaint(task: Task, found: Answer) -> str | None:
    """Why an answer is none; None where it is one.

    A server of this program has to answer 200 as the cluster ``cluster``. Of any other server,
    whatever does not come from a proxy is an answer, but for an error that is not its ``usual``
    status: the errors of proxies on the way are not marked as such.
    """
    if found["status"] is None:
        return str(found["error"])
    if found["proxy_error"]:
        return f"status {found['status']}, {PROXY_ERROR}: {found['proxy_error']}"
    status = found["status"]
    if not task.get("cluster"):
        unusual = status >= 500 and status != task.get("usual", status)
        return f"status {status}" if unusual else None
    if found["status"] != 200:
        return f"status {found['status']}"
    if found.get("cluster") != task["cluster"]:
        return f"answered by {found.get('cluster') or 'another server'}"
    return None


def during(task: Task, printer: Printer, stop: threading.Event) -> Answer:
    """Ask several URLs at once until `stop`, those that answer at the beginning."""
    threads = []
    for one in task["targets"]:
        end = time.monotonic() + task.get("patience", 0.0)
        while not stop.is_set():
            found = Asker(one["url"], one.get("host"), one.get("timeout", 5.0)).ask()
            why = complaint(one, found)
            if why is None or time.monotonic() >= end:
                break
            stop.wait(0.5)
        printer.line("begin", id=one["id"], why=why)
        if why is None:
            given = ({**one, "usual": found["status"]}, printer, stop)
            work = threading.Thread(target=keep_asking, args=given, daemon=True)
            threads.append(work)
    for work in threads:
        work.start()
    for work in threads:
        work.join()
    return {}


# The process --------------------------------------------------------------------------------------

DOES = {
    "get": get,
    "requests": requests,
    "resolve": resolve,
    "handshake": handshake,
    "metrics": metrics,
    "export": export,
}
"""What a task may be."""


def work(plan: Task, printer: Printer, stop: threading.Event) -> None:
    """Do every task of a plan and print its answer."""
    if plan.get("proxy"):
        admin = plan.get("admin", ADMIN)
        ready = wait_for_proxy(admin, plan.get("patience", 120.0))
        printer.line("proxy", ready=ready)
        if not ready:
            printer.line("done")
            return
    for task in plan["tasks"]:
        if stop.is_set():
            return
        try:
            if task["do"] == "during":
                answer = during(task, printer, stop)
            else:
                answer = DOES[task["do"]](task)
        except Exception as error:  # one task's trouble is not that of the others
            answer = {"trouble": _line(error)}
        printer.line("answer", id=task["id"], **answer)
    printer.line("done")


def main(path: str) -> None:
    """Serve, or work and then wait, until SIGTERM."""
    stop = threading.Event()
    # Blocked in every thread that begins after this, so that it is this one that gets them.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    plan = json.loads(Path(path).read_text(encoding="utf-8"))
    printer = Printer()
    if plan.get("serve"):
        serving = server(plan["cluster"], plan["serve"])
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        printer.line("serving")
    else:
        threading.Thread(target=work, args=(plan, printer, stop), daemon=True).start()
    signal.sigwait(ends)
    stop.set()


if __name__ == "__main__":
    main(sys.argv[1])
