"""The path of a request: backends of routes, and real requests to a server on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.ambassador import asking, backends, questions, requests
from checks.ambassador.asking import Question
from checks.facts import fetch
from checks.facts.case import Answer, ClusterCase
from checks.facts.results import Finding, Status
from checks.facts.view import View
from checks.run import reading
from checks.run import report as running
from config import MeshConfig
from tests.unit.checks.builders import (
    ambassador,
    by_status,
    certified,
    cluster_case,
    deployment,
    endpoints,
    failures,
    mesh,
    node,
    service,
    settings,
    thing,
    view,
    warnings,
    with_ambassador,
)
from vocabulary.kinds import ENDPOINTS

SHOP = {"name": "shop", "prefix": "/shop/", "service": "http://web.shop.svc.cluster.local:80"}
ROUTE = ambassador("Mapping", "shop")
ASKED = "a request for /shop/ is answered (Mapping shop)"
BACKEND = "Service shop/web, the target of a Mapping, has ready endpoints"
SAMPLE = "Service qotm/qotm-linkerd2, the target of a Mapping, has ready endpoints"

Seen = list[tuple[str, str, str | None]]
"""Method, path and Host of every request that a server got."""


@contextmanager
def serving(
    status: int,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    *,
    named: bool = True,
) -> Iterator[tuple[int, Seen]]:
    """A server on loopback that answers everything alike: its port, and what it was asked.

    Its answers name it in a header, unless `named` is false.
    """
    seen: Seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.command, self.path, self.headers["Host"]))
            if named:
                self.send_response(status)
            else:
                self.send_response_only(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_address[1], seen
    finally:
        server.shutdown()
        server.server_close()


def question(port: int, **fields: Any) -> Question:
    return Question(
        **{"scheme": "http", "address": "127.0.0.1", "port": port, "path": "/shop/", **fields}
    )


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def front(port: int = 80, **fields: Any) -> dict[str, Any]:
    ports = {"http": port}
    return service("ambassador", "ambassador", address="127.0.0.1", ports=ports, **fields)


def judged(*objects: dict[str, Any], config: MeshConfig | None = None) -> list[Finding]:
    """Requests that are really made, and what is reported of them."""
    config = config or with_ambassador(mappings=[SHOP])
    seen = view(*objects)
    answers = reading.requested(config, "west", seen)
    return list(requests.requests(ClusterCase(config, "west", seen, answers)))


# Real requests


@pytest.mark.parametrize(
    ("status", "headers", "found", "words"),
    [
        (200, {}, Status.OK, "gives status 200"),
        (204, {}, Status.OK, "gives status 204"),
        (301, {"Location": "https://elsewhere.invalid/"}, Status.OK, "which was not followed"),
        (404, {}, Status.FAILURE, "Ambassador has no such route"),
        (404, {"x-envoy-upstream-service-time": "2"}, Status.WARNING, "was refused"),
        (401, {}, Status.WARNING, "was refused"),
        (500, {"x-envoy-upstream-service-time": "2"}, Status.FAILURE, "the Service behind"),
        (503, {}, Status.FAILURE, "the Service behind"),
    ],
)
def test_the_status_of_an_answer_shows_what_part_of_the_path_is_broken(
    status: int, headers: dict[str, str], found: Status, words: str
) -> None:
    with serving(status, headers) as (port, asked):
        (line,) = judged(front(port), ROUTE)
    assert (line.title, line.status) == (ASKED, found)
    assert line.detail.startswith(f"GET http://127.0.0.1:{port}/shop/ gives status {status}")
    assert words in line.detail
    assert bool(line.hint) is (found is not Status.OK)
    assert asked == [("GET", "/shop/", f"127.0.0.1:{port}")]


def strict(default: str = "all-authenticated") -> tuple[dict[str, Any], dict[str, Any]]:
    """A meshed Ambassador under a default inbound policy of the control plane."""
    annotations = {"linkerd.io/inject": "enabled"}
    values = yaml.safe_dump({"proxy": {"defaultInboundPolicy": default}})
    config = thing("v1", "ConfigMap", "linkerd-config", "linkerd", data={"values": values})
    return deployment("ambassador", "ambassador", pod_annotations=annotations), config


def test_a_bare_403_is_reported_to_come_from_the_proxy_and_not_from_ambassador() -> None:
    with serving(403, named=False) as (port, _):
        (line,) = judged(front(port), ROUTE, *strict())
    assert line.status is Status.FAILURE
    assert "Linkerd's proxy in Ambassador's pod refused it" in line.detail
    assert "the default policy is all-authenticated" in line.detail
    assert "load balancer" not in line.hint
    with serving(403) as (port, _):
        (line,) = judged(front(port), ROUTE, *strict("all-unauthenticated"))
    assert (line.status, "Linkerd" in line.detail) == (Status.WARNING, False)


def test_where_the_cluster_shows_why_nothing_answers_no_load_balancer_is_blamed() -> None:
    waiting = endpoints("ambassador", "ambassador", "notReadyAddresses")
    (line,) = judged(front(closed_port()), ROUTE, waiting)
    assert line.status is Status.FAILURE
    assert "no ready pod backs Service ambassador" in line.detail
    ready = endpoints("ambassador", "ambassador")
    (line,) = judged(front(closed_port()), ROUTE, ready, *strict("deny"))
    assert (line.status, "default policy is deny" in line.detail) == (Status.FAILURE, True)
    (line,) = judged(front(closed_port()), ROUTE, ready, *strict("all-unauthenticated"))
    assert (line.status, "load balancer" in line.hint) == (Status.WARNING, True)


def test_no_one_is_followed_to_another_host() -> None:
    with serving(200) as (elsewhere, followed):
        location = {"Location": f"http://127.0.0.1:{elsewhere}/"}
        with serving(302, location) as (port, asked):
            judged(front(port), ROUTE)
    assert len(asked) == 1
    assert followed == []


def test_no_answer_is_a_warning_with_a_remedy() -> None:
    (line,) = judged(front(closed_port()), ROUTE)
    assert (line.status, line.title) == (Status.WARNING, ASKED)
    assert "fails (ConnectionRefusedError)" in line.detail
    assert "load balancer" in line.hint


def test_where_pods_are_simulated_no_request_is_made_and_this_is_reported() -> None:
    with serving(200) as (port, asked):
        (line,) = judged(front(port), ROUTE, node(kwok=True))
    assert asked == []
    assert line.status is Status.SKIPPED
    assert "the request was not made" in line.detail
    assert "simulated" in line.detail


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ((front(),), "the Mapping does not exist"),
        ((ROUTE,), "there is no Service of Ambassador"),
        ((ROUTE, service("ambassador", "ambassador")), "(of type ClusterIP) has no address"),
        (
            (ROUTE, service("ambassador", "ambassador", address="127.0.0.1", ports={"x": 81})),
            "no port for HTTP or HTTPS",
        ),
    ],
)
def test_why_a_request_was_not_made_is_reported(
    objects: tuple[dict[str, Any], ...], words: str
) -> None:
    (line,) = judged(*objects)
    assert line.status is Status.SKIPPED
    assert line.detail.startswith("the request was not made")
    assert words in line.detail


def test_a_request_that_was_not_made_in_time_is_reported_as_that() -> None:
    case = cluster_case(view(front(), ROUTE), with_ambassador(mappings=[SHOP]))
    (line,) = requests.requests(case)
    assert (line.status, "timed out" in line.detail) == (Status.SKIPPED, True)


def test_an_answer_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        answer = asking.ask(question(silent.getsockname()[1]))
    assert (answer.status, answer.detail) == (None, "TimeoutError")


@pytest.mark.parametrize("address", ["not a name", "x" * 300, "name\n.example"])
def test_an_invalid_address_is_no_answer(address: str) -> None:
    assert asking.ask(question(80, address=address)).status is None


def test_a_server_that_speaks_something_else_is_no_answer() -> None:
    with socket.socket() as strange:
        strange.bind(("127.0.0.1", 0))
        strange.listen()

        def answer() -> None:
            connection, _ = strange.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert asking.ask(question(strange.getsockname()[1])).detail == "BadStatusLine"


def test_tls_is_asked_for_by_name_and_its_certificate_is_not_judged_here(tmp_path: Path) -> None:
    leaf = certified("other", authority=False, begins=datetime.now(UTC) - timedelta(days=9), days=1)
    file = tmp_path / "tls.pem"
    file.write_text(leaf.pem + leaf.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    named: list[str | None] = []
    context.sni_callback = lambda _, name, __: named.append(name)
    with serving(200, tls=context) as (port, asked):
        answer = asking.ask(question(port, scheme="https", host="shop.example.org"))
    assert (answer.status, named) == (200, ["shop.example.org"])
    assert asked == [("GET", "/shop/", "shop.example.org")]


def test_where_the_first_request_is_not_answered_no_other_is_made() -> None:
    dead = closed_port()
    with serving(200) as (port, asked):
        silent = asking.ask_all({"one": question(dead), "two": question(port)})
        answered = asking.ask_all({"one": question(port), "two": question(port, path="/two/")})
    assert [one.status for one in silent.values()] == [None, None]
    assert [one.status for one in answered.values()] == [200, 200]
    assert {path for _, path, _ in asked} == {"/shop/", "/two/"}
    assert asking.ask_all({}) == {}


# What is asked


def asks(config: MeshConfig, *objects: dict[str, Any]) -> str:
    found = questions.questions(config, "west", view(*objects, ROUTE))
    assert not isinstance(found, str)
    return f"{found['shop'].url} as {found['shop'].host}"


TLS = {"name": "shop", "hostname": "shop.example.org", "tls": {}}


@pytest.mark.parametrize(
    ("hosts", "mapping", "asked"),
    [
        (None, {}, "http://203.0.113.9:80/shop/ as None"),
        (None, {"hostname": "a.example.org"}, "http://203.0.113.9:80/shop/ as a.example.org"),
        (None, {"hostname": "*.b.org"}, "http://203.0.113.9:80/shop/ as mesh-check.b.org"),
        ([TLS], {}, "http://203.0.113.9:80/shop/ as shop.example.org"),
        (
            [{**TLS, "insecure": "Redirect"}],
            {},
            "https://203.0.113.9:443/shop/ as shop.example.org",
        ),
        (
            [{**TLS, "insecure": "Redirect"}, {"name": "any", "hostname": "*"}],
            {},
            "http://203.0.113.9:80/shop/ as None",
        ),
    ],
)
def test_a_request_is_for_a_name_that_the_hosts_answer_for(
    hosts: list[dict[str, Any]] | None, mapping: dict[str, Any], asked: str
) -> None:
    own: dict[str, Any] = {} if hosts is None else {"hosts": hosts}
    config = with_ambassador(mappings=[{**SHOP, **mapping}], **own)
    ports = {"http": 80, "https": 443}
    both = service("ambassador", "ambassador", address="203.0.113.9", ports=ports)
    assert asks(config, both) == asked


def test_an_address_of_ipv6_is_written_in_brackets() -> None:
    six = service("ambassador", "ambassador", address="2001:db8::1", ports={"https": 8443})
    assert asks(with_ambassador(mappings=[SHOP]), six).startswith("https://[2001:db8::1]:8443/")


def test_an_adopted_ambassador_is_asked_by_its_owners_service_and_hosts() -> None:
    labels = {"app.kubernetes.io/name": "emissary-ingress", "app.kubernetes.io/instance": "edge"}
    config = with_ambassador(adopt={}, name="edge", gateway={}, mappings=[SHOP])
    ports = {"http": 80}
    ours = service(
        "edge-linkerd-gateway", "ambassador", address="203.0.113.1", ports=ports, selector=labels
    )
    inner = service("admin", "ambassador", ports=ports, selector=labels)
    other = service("other", "ambassador", address="203.0.113.2", ports=ports, selector={"a": "b"})
    theirs = service("theirs", "ambassador", address="203.0.113.3", ports=ports, selector=labels)
    host = ambassador("Host", "theirs", hostname="shop.example.org", tlsSecret={"name": "x"})
    workload = deployment("edge", "ambassador", pod_labels=labels)
    found = asks(config, ours, inner, other, theirs, host, workload)
    assert found == "http://203.0.113.3:80/shop/ as shop.example.org"
    nothing = questions.questions(config, "west", view(ours, workload, ROUTE))
    assert nothing == "there is no Service of Ambassador"


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        ({"requestPolicy": {"insecure": {"action": "Redirect"}}}, "http://203.0.113.3:80"),
        ({"tlsSecret": {"name": "x"}}, "https://203.0.113.3:443"),
        (
            {"tlsSecret": {"name": "x"}, "requestPolicy": {"insecure": {"action": "Reject"}}},
            "https://203.0.113.3:443",
        ),
        (
            {"tlsSecret": {"name": "x"}, "requestPolicy": {"insecure": {"action": "Route"}}},
            "http://203.0.113.3:80",
        ),
    ],
)
def test_what_the_owners_host_does_with_cleartext_is_heeded(
    spec: dict[str, Any], asked: str
) -> None:
    config = with_ambassador(adopt={"podLabels": {"a": "b"}}, mappings=[SHOP])
    ports = {"http": 80, "https": 443}
    theirs = service(
        "theirs", "ambassador", address="203.0.113.3", ports=ports, selector={"a": "b"}
    )
    found = asks(config, theirs, ambassador("Host", "theirs", hostname="x.example.org", **spec))
    assert found == f"{asked}/shop/ as x.example.org"


def test_of_several_hosts_the_one_for_the_routes_name_is_heeded() -> None:
    plain = {"name": "plain", "hostname": "plain.example.org"}
    config = with_ambassador(
        hosts=[{**TLS, "hostname": "a.example.org", "insecure": "Redirect"}, plain],
        mappings=[{**SHOP, "hostname": "plain.example.org"}],
    )
    ports = {"http": 80, "https": 443}
    both = service("ambassador", "ambassador", address="203.0.113.9", ports=ports)
    assert asks(config, both) == "http://203.0.113.9:80/shop/ as plain.example.org"


def test_requests_are_made_to_clusters_that_have_linkerd_and_to_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def requested(_: MeshConfig, name: str, __: View) -> dict[str, Answer]:
        asked.append(name)
        return {}

    monkeypatch.setattr(reading, "requested", requested)
    views = {"east": view(cluster="east"), "west": view(thing("v1", "Namespace", "linkerd"))}
    monkeypatch.setattr(reading, "view_of", lambda _, name, *, pre: views[name])
    running.run(mesh(), pre=True)
    assert asked == []
    running.run(mesh())
    assert asked == ["west"]


# Backends


WEB = service("web", "shop")
SPACE = thing("v1", "Namespace", "shop")
QUOTES = service("qotm-linkerd2", "qotm")
SAMPLES = thing("v1", "Namespace", "qotm")


def behind(*objects: dict[str, Any], **fields: Any) -> list[Finding]:
    config = with_ambassador(**(fields or {"mappings": [SHOP]}))
    return list(backends.backends(cluster_case(view(*objects), config)))


def test_a_service_with_endpoints_passes() -> None:
    (line,) = behind(SPACE, WEB, endpoints("web", "shop"))
    assert (line.title, line.status, line.detail) == (BACKEND, Status.OK, "10.1.0.7")


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ((SPACE,), "it does not exist"),
        ((SPACE, WEB), "it has no endpoints"),
        ((SPACE, WEB, endpoints("web", "shop", "notReadyAddresses")), "its pods are not ready"),
    ],
)
def test_a_route_into_nothing_is_one_failure(
    objects: tuple[dict[str, Any], ...], words: str
) -> None:
    (line,) = behind(*objects)
    assert (line.status, line.detail) == (Status.FAILURE, words)
    assert line.hint
    assert ("selector" in line.hint) is (words == "it has no endpoints")


def test_a_name_that_may_be_one_outside_the_cluster_is_only_warned_of() -> None:
    assert warnings(behind()) == [BACKEND]
    outside = [{**SHOP, "service": "http://www.example.com"}]
    assert behind(mappings=outside) == []
    alias = service("web", "shop", spec={"type": "ExternalName"})
    assert by_status(behind(SPACE, alias), Status.OK) == [BACKEND]


@pytest.mark.parametrize(
    ("objects", "status"),
    [
        ((SAMPLES,), Status.SKIPPED),
        ((SAMPLES, QUOTES), Status.SKIPPED),
        ((SAMPLES, QUOTES, deployment("qotm", "qotm", available=0)), Status.SKIPPED),
        ((SAMPLES, QUOTES, deployment("qotm", "qotm")), Status.FAILURE),
        ((SAMPLES, QUOTES, endpoints("qotm-linkerd2", "qotm")), Status.OK),
    ],
)
def test_what_the_sample_lacks_is_reported_once(
    objects: tuple[dict[str, Any], ...], status: Status
) -> None:
    (line,) = behind(*objects, sample={})
    assert (line.title, line.status) == (SAMPLE, status)


def test_two_routes_to_one_service_are_one_line_and_mirrors_have_lines_of_their_own() -> None:
    again = {**SHOP, "name": "again", "prefix": "/again/"}
    assert len(behind(SPACE, WEB, mappings=[SHOP, again])) == 1
    content = settings()
    content["links"][0]["exports"][0]["mapping"] = {"prefix": "/web/"}
    assert backends.backends_of(mesh(content), "east") == []


def test_only_the_endpoints_of_backends_and_of_ambassador_are_read() -> None:
    def read(config: MeshConfig) -> list[tuple[str, str]]:
        return sorted(
            (listing.namespace, listing.fields)
            for listing in fetch.plan(config, "west", pre=False)
            if listing.kind == ENDPOINTS and not listing.labels
        )

    assert read(with_ambassador(mappings=[SHOP])) == [
        ("ambassador", ""),
        ("shop", "metadata.name=web"),
    ]
    assert read(with_ambassador()) == [("ambassador", "")]


def test_a_cluster_without_ambassador_is_asked_nothing() -> None:
    content = settings(links=[])
    del content["clusters"]["west"]["ambassador"]
    config = mesh(content)
    case = cluster_case(view(), config)
    assert [*requests.requests(case), *backends.backends(case)] == []
    assert isinstance(questions.questions(config, "west", view()), str)
    assert failures(judged(config=config)) == []
