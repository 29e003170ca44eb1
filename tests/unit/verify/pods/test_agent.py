"""The agent of `./mesh verify`: as a process, and against servers that answer, by TLS too."""

from __future__ import annotations

import ast
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Certified
from tests.unit.verify.builders import files, fresh, serving
from verify.pods import agent

pytestmark = pytest.mark.timeout(60)

GATEWAY = "ambassador-east.ambassador.serviceaccount.identity.linkerd.cluster.local"


@contextmanager
def process(folder: Path, plan: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """The agent as pods run it."""
    file = folder / f"{plan['cluster']}.json"
    file.write_text(json.dumps(plan))
    command = [sys.executable, "-I", agent.__file__, str(file)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        if running.stdout is not None:
            running.stdout.close()


def lines(running: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert running.stdout is not None
    for text in running.stdout:
        yield json.loads(text)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def test_the_agent_needs_nothing_but_the_standard_library_of_python_3_9() -> None:
    tree = ast.parse(Path(agent.__file__).read_text(encoding="utf-8"), feature_version=(3, 9))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    assert names <= set(sys.stdlib_module_names)


def test_a_client_says_who_answered_and_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/some/path"
    task = {"id": "a", "do": "requests", "url": url, "count": 7, "patience": 20}
    with (
        process(tmp_path, {"cluster": "east", "serve": port}) as server,
        process(tmp_path, {"cluster": "west", "tasks": [task]}) as client,
    ):
        answer, done = (next(printed) for printed in [lines(client)] * 2)
        assert (answer["seq"], done["seq"], done["kind"]) == (0, 1, "done")
        (group,) = answer["groups"]
        assert (group["status"], group["cluster"], group["count"]) == (200, "east", 7)
        assert answer["ms"]["p50"] <= answer["ms"]["max"]
        for running in (client, server):
            assert running.poll() is None
            running.terminate()
            assert running.wait(10) == 0


def test_a_server_repeats_the_headers_that_it_got() -> None:
    server = agent.server("east", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with socket.create_connection(("127.0.0.1", server.server_port), 5) as tcp:
            tcp.sendall(b"GET / HTTP/1.0\r\nl5d-client-id: web.shop\r\n\r\n")
            body = tcp.makefile("rb").read().partition(b"\r\n\r\n")[2]
    finally:
        server.shutdown()
        server.server_close()
    assert json.loads(body)["mesh-verify"]["headers"]["l5d-client-id"] == "web.shop"


def test_it_gives_up_after_three_failures_in_a_row() -> None:
    answer = agent.requests({"url": f"http://127.0.0.1:{free_port()}/", "count": 50})
    assert answer["sent"] == 3
    assert answer["groups"][0]["stage"] == "connect"


def test_an_answer_that_a_proxy_made_differs_from_others() -> None:
    routes = {
        "/proxy": (503, {"l5d-proxy-error": "unavailable"}, ""),
        "/envoy": (404, {"x-envoy-upstream-service-time": "1"}, "{}"),
        "/moved": (301, {"location": "https://a.example.com/"}, ""),
    }
    with serving(routes) as port:
        proxy = agent.get({"url": f"http://127.0.0.1:{port}/proxy"})
        envoy = agent.get({"url": f"http://127.0.0.1:{port}/envoy"})
        moved = agent.get({"url": f"http://127.0.0.1:{port}/moved"})
    assert (proxy["status"], proxy["proxy_error"]) == (503, "unavailable")
    assert (envoy["status"], envoy["proxy_error"], envoy["upstream"]) == (404, None, True)
    assert (moved["status"], moved["location"]) == (301, "https://a.example.com/")
    assert moved["upstream"] is False


def test_a_name_that_does_not_exist_is_known_as_such() -> None:
    found = agent.resolve({"name": "nothing.invalid"})
    assert found["addresses"] == []
    assert agent.resolve({"name": "localhost"})["addresses"]


METRICS = f"""
# TYPE tcp_open_total counter
tcp_open_total{{direction="outbound",peer="dst",target_addr="10.9.0.2:4143",tls="true",server_id="{GATEWAY}"}} 3
tcp_open_total{{direction="outbound",peer="src",target_addr="10.1.1.1:80",tls="no_identity"}} 9
tcp_open_total{{direction="outbound",peer="dst",target_addr="10.9.0.3:4143",tls="true",server_id="x"}} 0
tcp_open_total{{direction="inbound",peer="dst",target_addr="10.9.0.4:4143",tls="true"}} 4
tcp_close_total{{direction="outbound",peer="dst",target_addr="10.9.0.5:4143",tls="true"}} 4
"""  # noqa: E501 - as a proxy prints it


def test_the_proxys_metrics_give_the_connections_that_it_opened() -> None:
    with serving({"/metrics": (200, {}, METRICS)}) as port:
        found = agent.metrics({"admin": f"http://127.0.0.1:{port}"})
    (one,) = found["connections"]
    assert (one["address"], one["tls"], one["server_id"]) == ("10.9.0.2:4143", "true", GATEWAY)


def test_metrics_that_a_policy_refuses_are_no_metrics() -> None:
    with serving({"/metrics": (403, {}, METRICS)}) as port:
        found = agent.metrics({"admin": f"http://127.0.0.1:{port}"})
    assert found["status"] == 403 and "connections" not in found


def test_a_client_waits_for_its_proxy_and_says_where_that_is_in_vain(tmp_path: Path) -> None:
    task = {"id": "r", "do": "resolve", "name": "localhost"}
    with serving({"/ready": (503, {}, "")}) as port:
        plan = {
            "cluster": "west",
            "proxy": True,
            "admin": f"http://127.0.0.1:{port}",
            "patience": 0.5,
            "tasks": [task],
        }
        with process(tmp_path, plan) as client:
            printed = lines(client)
            first, second = next(printed), next(printed)
    assert (first["kind"], first["ready"], second["kind"]) == ("proxy", False, "done")


@contextmanager
def greeting(text: bytes) -> Iterator[int]:
    """A server that speaks first, and no HTTP."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.sendall(text)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()


def test_an_export_that_does_not_speak_http_is_greeted() -> None:
    with greeting(b"SSH-2.0-server\r\n") as port:
        found = agent.export({"host": "127.0.0.1", "port": port, "server_id": GATEWAY})
    assert found["http"]["status"] is None
    assert found["greeting"].startswith("SSH-2.0")
    assert found["opened"] == 0


# TLS ------------------------------------------------------------------------------------------


class Gateway:
    """A server that accepts clients of one anchor only, as a gateway's proxy does."""

    def __init__(self, folder: Path, newest: ssl.TLSVersion) -> None:
        self.folder = folder
        self.anchor = fresh("the anchor")
        self.newest = newest

    def context(self, server: Certified | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = self.newest
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=self.anchor.pem)
        own = server or fresh("gateway", self.anchor, authority=False, host=GATEWAY)
        context.load_cert_chain(*files(self.folder, own, "server"))
        return context

    def ask(self, port: int, signer: Certified, roots: str | None = None) -> dict[str, Any]:
        pair = fresh("a client", signer, authority=False)
        certificate, key = files(self.folder, pair, "client")
        return agent.handshake(
            {
                "address": "127.0.0.1",
                "port": port,
                "name": GATEWAY,
                "client_certificate": certificate,
                "client_key": key,
                "roots": roots or self.anchor.pem,
            }
        )


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Gateway:
    return Gateway(tmp_path, request.param)


def test_a_client_of_another_anchor_is_refused_and_one_of_the_same_is_not(
    gateway: Gateway,
) -> None:
    with serving(context=gateway.context()) as port:
        stranger = gateway.ask(port, fresh("another anchor"))
        known = gateway.ask(port, gateway.anchor)
    assert stranger["accepted"] is False, stranger
    assert stranger["stage"] in ("alert", "handshake")
    assert known["accepted"] is True, known
    assert known["verified"] is True, known


def test_the_servers_certificate_is_checked_for_roots_name_and_time(gateway: Gateway) -> None:
    past = datetime.now(UTC) - timedelta(days=9)
    expired = fresh("old", gateway.anchor, authority=False, host=GATEWAY, begins=past, days=2)
    other = fresh("someone.else", gateway.anchor, authority=False)
    found = {}
    for name, server in (("fine", None), ("expired", expired), ("other", other)):
        with serving(context=gateway.context(server)) as port:
            found[name] = gateway.ask(port, gateway.anchor)["verified"]
    with serving(context=gateway.context()) as port:
        found["roots"] = gateway.ask(port, gateway.anchor, fresh("another").pem)["verified"]
    assert found == {"fine": True, "expired": False, "other": False, "roots": False}


def test_where_no_server_listens_no_handshake_is_called_refused() -> None:
    found = agent.handshake({"address": "127.0.0.1", "port": free_port(), "name": GATEWAY})
    assert found["stage"] == "connect"


def test_https_is_asked_with_the_name_that_a_host_header_gives(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files(tmp_path, fresh("shop.example.com", authority=False), "host"))
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with serving({"/": (200, {}, "ok")}, context) as port:
        found = agent.get({"url": f"https://127.0.0.1:{port}/", "host": "shop.example.com"})
    assert found["status"] == 200
    assert names == ["shop.example.com"]


# While something lasts -------------------------------------------------------------------------


class Lines:
    """Keeps what an agent prints."""

    def __init__(self) -> None:
        self.printed: list[dict[str, Any]] = []

    def write(self, text: str) -> None:
        self.printed.append(json.loads(text))

    def flush(self) -> None:
        pass

    def sums(self) -> tuple[int, int]:
        counts = [line for line in self.printed if line["kind"] == "count"]
        return sum(line["requests"] for line in counts), sum(line["failed"] for line in counts)


def test_each_failed_request_is_printed_and_all_are_counted() -> None:
    kept = Lines()
    stop = threading.Event()
    reached = threading.Event()

    class Stops(agent.Printer):
        def line(self, kind: str, **fields: Any) -> None:
            super().line(kind, **fields)
            if kept.sums()[0] >= 10:
                reached.set()
                stop.set()

    routes = {"/": (503, {"l5d-proxy-error": "unavailable"}, "")}
    with serving(routes) as port:
        task = {"id": "t", "url": f"http://127.0.0.1:{port}/", "cluster": "east", "every": 0.01}
        agent.keep_asking(task, Stops(kept), stop, period=0.05)
    assert reached.is_set()
    made, failed = kept.sums()
    printed = [line for line in kept.printed if line["kind"] == "failed"]
    assert made == failed <= len(printed)
    assert all("unavailable" in line["why"] for line in printed)


@pytest.mark.parametrize(
    ("found", "fine_for_others"),
    [
        ({"status": None, "error": "refused"}, False),
        ({"status": 503, "proxy_error": "unavailable"}, False),
        ({"status": 500, "proxy_error": None}, True),
        ({"status": 200, "proxy_error": None, "cluster": "west"}, True),
    ],
)
def test_our_server_has_to_answer_itself_and_any_other_has_to_answer(
    found: dict[str, Any], fine_for_others: bool
) -> None:
    assert agent.complaint({"cluster": "east"}, found) is not None
    assert (agent.complaint({}, found) is None) == fine_for_others


@pytest.mark.parametrize(("usual", "fine"), [(200, False), (404, False), (503, True)])
def test_an_error_that_a_server_does_not_always_give_counts_as_failed(
    usual: int, fine: bool
) -> None:
    found = {"status": 503, "proxy_error": None}
    assert (agent.complaint({"usual": usual}, found) is None) == fine


def test_while_a_command_runs_an_error_that_replaces_an_answer_is_reported() -> None:
    kept = Lines()
    routes: dict[str, tuple[int, dict[str, str], str]] = {"/": (404, {}, "")}
    stop = threading.Event()

    class Turns(agent.Printer):
        def line(self, kind: str, **fields: Any) -> None:
            super().line(kind, **fields)
            if kind == "begin":
                routes["/"] = (503, {}, "")
            if kind == "failed":
                stop.set()

    with serving(routes) as port:
        target = {"id": "t", "url": f"http://127.0.0.1:{port}/", "every": 0.01}
        end = threading.Timer(20.0, stop.set)
        end.start()
        agent.during({"targets": [target]}, Turns(kept), stop)
        end.cancel()
    assert [line["why"] for line in kept.printed if line["kind"] == "failed"] == ["status 503"]


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    found = agent.percentiles([float(n) for n in range(1, 101)])
    assert (found["p50"], found["p90"], found["p99"], found["max"]) == (50, 90, 99, 100)
    assert set(agent.percentiles([3.0]).values()) == {3.0}
