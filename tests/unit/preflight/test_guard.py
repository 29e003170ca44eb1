"""The guard, asked of real servers on loopback: what it learns, and how it says no."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.core.cluster import ClusterConfig
from config.links.exports import ServiceRef
from config.preconditions import Expectations, Limit, expectations
from kube import kubeconfig as kubeconfig_module
from preflight import ClusterError, examine, guard
from tests.api_servers import (
    CA_PEM,
    Answer,
    ApiServer,
    api_server,
    dripping_server,
    encoded,
    frozen_server,
    healthy,
    kubeconfig,
    unused_url,
    written,
)
from tests.stack_builders import certificate, ec_key, key_pem, loaded, pair

UID, OTHER_UID = "01234567-89ab-4def-8123-456789abcdef", "11111111-1111-4111-8111-111111111111"
ROOT = Path(__file__).resolve().parents[3]
PLENTY = 30.0
"""Seconds that no test waits for, because its server answers or its plugin fails."""
SHORT = 1.0
"""Seconds after which the guard gives up where nothing would ever come."""


SILENCE = (
    *("refuses connections", "not answer", "no answer", "cannot be resolved"),
    *("closed the connection", "answers with status 5"),
)
"""Words of the problems in which an API server gives no answer of its own."""


class Surroundings:
    """The operator's kubeconfig, and the servers of its contexts."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._file = folder / "kubeconfig"
        self._servers: dict[str, str] = {}
        self._user: dict[str, Any] = {"token": "hunter2-token"}
        self._ca = CA_PEM
        self._stack = stack

    def context(self, name: str, url: str) -> None:
        """Let a context name a server."""
        self._servers[name] = url
        self._write()

    def user(self, **entry: Any) -> None:
        """Let the operator log in otherwise."""
        self._user = entry
        self._write()

    def trust(self, ca: str) -> None:
        """Let the kubeconfig name another CA."""
        self._ca = ca
        self._write()

    def server(
        self, context: str, respond: Callable[[str], Answer] | None = None, **options: Any
    ) -> ApiServer:
        """Start an API server and let a context name it."""
        made = self._stack.enter_context(api_server(respond or healthy(UID), **options))
        self.context(context, made.url)
        return made

    def _write(self) -> None:
        written(kubeconfig(self._servers, self._user, self._ca), self._file)


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with ExitStack() as stack:
        yield Surroundings(tmp_path, stack)


def clusters(*names: str, **fields: Any) -> dict[str, ClusterConfig]:
    """Clusters whose contexts have their names."""
    return {name: ClusterConfig(context=name, **fields) for name in names}


def refusal(
    wanted: dict[str, ClusterConfig],
    deadline: float = PLENTY,
    expected: dict[str, Expectations] | None = None,
) -> tuple[ClusterError, dict[str, str]]:
    """The guard's refusal, and what it says of each cluster."""
    with pytest.raises(ClusterError) as raised:
        examine(wanted, expected, deadline=deadline)
    text = str(raised.value)
    assert text.startswith("nothing was changed")
    assert "hunter2" not in text
    assert "Traceback" not in text
    told = {}
    for problem in raised.value.problems:
        assert f"cluster '{problem.cluster}' ({problem.context}): {problem.message}" in text
        assert problem.remedy in text
        assert len(problem.remedy) > 10
        assert problem.unreachable == any(words in problem.message for words in SILENCE)
        told[problem.cluster] = problem.message
    return raised.value, told


# What it learns -----------------------------------------------------------------------------


def test_it_learns_who_a_cluster_is_and_where(around: Surroundings, tmp_path: Path) -> None:
    servers = {
        "source": around.server("source", healthy(UID, "v1.31.0")),
        "target": around.server("target", healthy(OTHER_UID, "v1.34.1")),
    }
    found = examine(clusters("source", "target"))
    assert {name: (reach.uid, reach.version) for name, reach in found.items()} == {
        "source": (UID, "v1.31.0"),
        "target": (OTHER_UID, "v1.34.1"),
    }
    for name, reach in found.items():
        assert reach.endpoint.server == servers[name].url
        assert reach.endpoint.certificate_authority == CA_PEM
        assert reach.login is not None
        assert reach.login.context == name
        assert Path(reach.login.kubeconfig).expanduser() == tmp_path / "kubeconfig"
        assert not reach.login.secret


def test_it_logs_in_as_the_operator_and_asks_nothing_twice(around: Surroundings) -> None:
    server = around.server("source")
    examine(clusters("source"))
    assert {request.authorization for request in server.requests} == {"Bearer hunter2-token"}
    paths = [request.path for request in server.requests]
    assert sorted(paths) == sorted(set(paths))


def test_a_cluster_that_is_pinned_and_is_the_one_is_taken(around: Surroundings) -> None:
    around.server("source")
    assert examine(clusters("source", uid=UID))["source"].uid == UID


def test_what_other_clusters_reach_may_differ_from_what_the_operator_reaches(
    around: Surroundings,
) -> None:
    server = around.server("source")
    given = {"address": "https://elsewhere.example:6443"}
    reach = examine(clusters("source", api_server=given))["source"]
    assert reach.endpoint.server == "https://elsewhere.example:6443"
    assert reach.endpoint.certificate_authority == CA_PEM
    assert server.requests


def test_the_target_of_a_link_is_refused_where_its_sources_do_not_reach_it(
    around: Surroundings,
) -> None:
    # Every API server of a test listens on a loopback address.
    around.server("target")
    expected = {"target": Expectations(linked_as="clusters.target.apiServer")}
    error, told = refusal(clusters("target"), expected=expected)
    assert "loopback" in told["target"]
    (problem,) = error.problems
    assert "clusters.target.apiServer.address" in problem.remedy
    for remedy in ({"address": "https://elsewhere.example:6443"}, {"same_machine": True}):
        assert examine(clusters("target", api_server=remedy), expected)["target"].uid == UID


def test_what_links_end_in_a_cluster_the_guard_knows_from_the_stack_file() -> None:
    config = loaded(pair())
    paths = {name: expectations(config, name).linked_as for name in config.clusters}
    assert paths == {"source": None, "target": "clusters.target.apiServer"}


def test_a_kubeconfig_in_the_stack_file_needs_no_other(around: Surroundings) -> None:
    server = around.server("elsewhere")
    content = json.dumps(kubeconfig({"mine": server.url}))
    reach = examine({"source": ClusterConfig(kubeconfig=content)})["source"]
    assert reach.uid == UID
    assert reach.login is not None
    assert reach.login.secret


def test_it_has_which_of_the_services_that_are_wanted_are_not_there(around: Surroundings) -> None:
    there, gone, hidden = (ServiceRef("shop", name) for name in ("web", "gone", "hidden"))
    healthy_answers = healthy(UID)
    answers = {there.name: (200, {"kind": "Service"}), hidden.name: (403, {})}

    def respond(path: str) -> Answer:
        if "/services/" in path:
            return answers.get(path.rpartition("/")[2], (404, {}))
        return healthy_answers(path)

    around.server("source", respond)
    expected = {"source": Expectations(services=(there, gone, hidden))}
    assert examine(clusters("source"), expected)["source"].missing_services == {gone}


def test_a_version_that_is_not_reported_stops_no_one(around: Surroundings) -> None:
    answers = healthy(UID)
    around.server("source", lambda path: (200, {}) if path == "/version" else answers(path))
    reach = examine(clusters("source"))["source"]
    assert (reach.uid, reach.version) == (UID, None)


# How it says no -----------------------------------------------------------------------------


def test_one_cluster_by_two_contexts_is_refused(around: Surroundings) -> None:
    server = around.server("source")
    around.context("target", server.url)
    error, told = refusal(clusters("source", "target"))
    assert told == {"target": f"it is the same cluster as 'source' (UID {UID})"}
    assert "clusters.target.context" in error.problems[0].remedy
    assert error.problems[0].context == "context 'target'"


def test_another_cluster_than_the_pinned_one_is_refused(around: Surroundings) -> None:
    around.server("source", healthy(OTHER_UID))
    error, told = refusal(clusters("source", uid=UID))
    assert UID in told["source"] and OTHER_UID in told["source"]
    assert "clusters.source.uid" in error.problems[0].remedy


@pytest.mark.parametrize(
    ("respond", "message"),
    [
        (lambda path: (401, {"message": "hunter2"}), "does not accept the credentials"),
        (lambda path: (403, {"message": "hunter2"}), "cannot read namespace kube-system"),
        (lambda path: (500, {"message": "hunter2"}), "answers with status 500"),
        (lambda path: (503, b"hunter2"), "answers with status 503"),
        (lambda path: (404, b"hunter2"), "not an API server"),
        (lambda path: (200, b"<html>hunter2</html>"), "not an API server"),
        (lambda path: (200, {"metadata": "hunter2"}), "not an API server"),
        (lambda path: (200, {"metadata": {"uid": 7}}), "not an API server"),
        (lambda path: (200, [1, 2]), "not an API server"),
        (lambda path: (200, b"[" * 100_000), "not an API server"),
        (lambda path: (200, b"\xff\xfe"), "not an API server"),
    ],
)
def test_an_answer_that_is_no_good_is_refused(
    around: Surroundings, respond: Callable[[str], Answer], message: str
) -> None:
    around.server("source", respond)
    _, told = refusal(clusters("source"))
    assert message in told["source"]


@pytest.mark.parametrize("busy", [1, 3, 1000])
def test_a_server_that_asks_to_come_again_is_asked_again(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch, busy: int
) -> None:
    monkeypatch.setattr(kubeconfig_module, "BUSY_SECONDS", 0.0)
    answers = iter([(429, {"message": "storage is (re)initializing"})] * busy)
    around.server("source", lambda path: next(answers, None) or healthy(UID)(path))
    if busy < 1000:
        assert examine(clusters("source"))["source"].uid == UID
    else:
        assert "status 429" in refusal(clusters("source"))[1]["source"]


def test_credentials_are_not_sent_to_where_a_server_points(around: Surroundings) -> None:
    elsewhere = around.server("elsewhere")
    around.server("source", lambda path: (302, f"{elsewhere.url}{path}".encode()))
    refusal(clusters("source"))
    assert not elsewhere.requests


def test_a_server_that_refuses_connections_is_named(around: Surroundings) -> None:
    around.context("source", unused_url())
    error, told = refusal(clusters("source"))
    assert told == {"source": "the API server refuses connections"}
    assert "start the cluster" in error.problems[0].remedy


def test_a_server_that_accepts_connections_and_never_answers_is_given_up(
    around: Surroundings,
) -> None:
    with frozen_server() as url:
        around.context("source", url)
        _, told = refusal(clusters("source"), SHORT)
    assert "answer" in told["source"]


def test_the_guard_gives_up_within_the_documented_time(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def at_once(jobs: Any, deadline: float) -> dict[str, Any]:
        given.append(deadline)
        return {}

    monkeypatch.setattr(guard, "at_once", at_once)
    with pytest.raises(ClusterError):
        examine({"a": ClusterConfig(context="a")})
    page = (ROOT / "docs" / "failures.md").read_text()
    (documented,) = re.findall(r"because cluster … \(context …\)`, within (\d+) seconds", page)
    # The rest is for the program to print the error.
    assert given == [pytest.approx(float(documented), abs=1.5)]
    assert given[0] < float(documented)


def test_a_server_whose_answer_never_ends_is_given_up(around: Surroundings) -> None:
    with dripping_server() as url:
        around.context("source", url)
        _, told = refusal(clusters("source"), SHORT)
    assert told == {"source": "no answer within 1 seconds"}


def test_a_server_of_another_authority_is_refused(around: Surroundings) -> None:
    server = around.server("source")
    around.trust(certificate(ec_key("stranger"), names=("stranger",)))
    error, told = refusal(clusters("source"))
    assert told == {"source": "the API server's certificate is not signed by the kubeconfig's CA"}
    assert "fetch a new kubeconfig" in error.problems[0].remedy
    assert not server.requests


def test_a_server_with_a_certificate_for_another_address_is_refused(around: Surroundings) -> None:
    server = around.server("source", names=("192.0.2.1", "api.example.com"))
    _, told = refusal(clusters("source"))
    assert told == {"source": "the API server's certificate is for another IP address"}
    around.context("source", server.url.replace("127.0.0.1", "localhost"))
    _, told = refusal(clusters("source"))
    assert told == {"source": "the API server's certificate is for another host name"}


def test_a_server_with_an_expired_certificate_is_refused(around: Surroundings) -> None:
    around.server("source", ends=timedelta(days=-1))
    _, told = refusal(clusters("source"))
    assert told == {"source": "the API server's certificate has expired"}


def test_a_server_without_tls_is_refused_where_tls_was_expected(around: Surroundings) -> None:
    server = around.server("source", tls=False)
    around.context("source", server.url.replace("http:", "https:"))
    _, told = refusal(clusters("source"))
    assert told == {"source": "TLS handshake failed"}


def test_a_server_with_tls_is_refused_where_none_was_expected(around: Surroundings) -> None:
    server = around.server("source")
    around.context("source", server.url.replace("https:", "http:"))
    error, told = refusal(clusters("source"))
    assert told == {"source": "the API server closed the connection"}
    assert "https://" in error.problems[0].remedy


def test_a_name_that_no_one_knows_is_named(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    around.context("source", "https://nowhere.invalid:6443")
    _, told = refusal(clusters("source"))
    assert told == {"source": "the API server's name cannot be resolved"}


def test_a_context_that_is_not_there_is_refused_with_those_that_are(around: Surroundings) -> None:
    around.server("source")
    _, told = refusal(clusters("sauce"))
    assert "has no context 'sauce' (it has: source)" in told["sauce"]


def test_without_a_kubeconfig_the_file_is_named(around: Surroundings, tmp_path: Path) -> None:
    _, told = refusal(clusters("source"))
    assert told == {"source": f"there is no kubeconfig at {tmp_path / 'kubeconfig'}"}


def test_problems_of_several_clusters_are_reported_together(around: Surroundings) -> None:
    around.server("well")
    around.server("closed", lambda path: (401, {}))
    around.context("down", unused_url())
    with frozen_server() as url:
        around.context("frozen", url)
        error, told = refusal(
            {**clusters("well", uid=OTHER_UID), **clusters("closed", "down", "frozen", "unknown")},
            SHORT * 3,
        )
    assert set(told) == {"well", "closed", "down", "frozen", "unknown"}
    assert len(error.problems) == 5


def test_a_healthy_cluster_is_not_reported(around: Surroundings) -> None:
    around.server("well")
    around.context("down", unused_url())
    _, told = refusal(clusters("well", "down"))
    assert set(told) == {"down"}


# What it expects ----------------------------------------------------------------------------


OLD = Limit((1, 21), "Ambassador 1.14", "write clusters.source.ambassador.flavour: emissary")
"""What does not install on a newer Kubernetes than 1.21."""


def telling(version: dict[str, Any]) -> Callable[[str], Answer]:
    """An API server of this version."""
    answers = healthy(UID)
    return lambda path: (200, version) if path == "/version" else answers(path)


@pytest.mark.parametrize(
    "version",
    [
        {"gitVersion": "v1.34.1", "major": "1", "minor": "34"},
        {"gitVersion": "v1.22.0-rc.0"},
        {"gitVersion": "v1.27.3-eks-a5565ad", "major": "1", "minor": "27+"},
        {"gitVersion": "v1.22+", "major": "1", "minor": "22+"},
        {"gitVersion": "1.100.0+k3s1"},
        {"gitVersion": "v2.0.0"},
        {"gitVersion": "of our own", "major": "1", "minor": "27+"},
        {"major": 1, "minor": 27},
    ],
)
def test_a_cluster_that_is_too_new_is_refused(
    around: Surroundings, version: dict[str, Any]
) -> None:
    around.server("source", telling(version))
    error, told = refusal(clusters("source"), expected={"source": Expectations(limits=(OLD,))})
    assert "Ambassador 1.14 supports 1.21 at most" in told["source"]
    assert error.problems[0].remedy == OLD.remedy


@pytest.mark.parametrize(
    "version",
    [
        {"gitVersion": "v1.21.14-eks-fb459a0", "major": "1", "minor": "21+"},
        {"gitVersion": "v1.21+"},
        {"gitVersion": "v1.9.11"},
        {"gitVersion": "v0.99.0"},
        {"major": "1", "minor": "21+"},
        {},
        {"gitVersion": "latest"},
        {"gitVersion": None, "major": None, "minor": "+"},
        {"gitVersion": ["v1.34.1"], "major": {}, "minor": "34"},
        {"gitVersion": f"v1.{'9' * 5000}", "major": "1", "minor": "9" * 5000},
    ],
)
def test_a_cluster_that_is_old_enough_or_does_not_say_is_taken(
    around: Surroundings, version: dict[str, Any]
) -> None:
    around.server("source", telling(version))
    expected = {"source": Expectations(limits=(OLD,))}
    assert examine(clusters("source"), expected)["source"].uid == UID


def test_a_limit_of_one_cluster_is_none_of_another(around: Surroundings) -> None:
    around.server("source", telling({"gitVersion": "v1.34.1"}))
    examine(clusters("source"), {"target": Expectations(limits=(OLD,))})


def test_the_version_that_is_too_new_is_named(around: Surroundings) -> None:
    around.server("source", telling({"gitVersion": "v1.27.3-eks-a5565ad"}))
    _, told = refusal(clusters("source"), expected={"source": Expectations(limits=(OLD,))})
    assert "it runs Kubernetes v1.27.3-eks-a5565ad, and" in told["source"]


def test_everything_that_is_wrong_with_one_cluster_is_reported_together(
    around: Surroundings,
) -> None:
    other = replace(OLD, what="Linkerd 2.8.1", version=(1, 20))
    for name in ("source", "target"):
        around.server(name, telling({"gitVersion": "v1.34.1"}))
    around.context("down", unused_url())
    with pytest.raises(ClusterError) as raised:
        examine(
            {**clusters("source", uid=OTHER_UID), **clusters("target", "down")},
            {"source": Expectations(limits=(OLD, other))},
            deadline=PLENTY,
        )
    found = [(problem.cluster, problem.message) for problem in raised.value.problems]
    assert [name for name, _ in found] == ["source", "source", "source", "target", "down"]
    for (_, message), part in zip(
        found,
        ("the pinned cluster", "Ambassador 1.14", "Linkerd 2.8.1", "same cluster", "refuses"),
        strict=True,
    ):
        assert part in message


# Logging in ---------------------------------------------------------------------------------


def plugin(folder: Path, script: str) -> dict[str, Any]:
    """A login plugin that is this shell script."""
    file = folder / "login"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(file),
        "args": ["--word", "hunter2-argument"],
        "env": [{"name": "LOGIN_WORD", "value": "hunter2-variable"}],
    }


def credential(**status: Any) -> str:
    """What a plugin prints."""
    return json.dumps(
        {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": status,
        }
    )


def test_a_login_plugin_is_run_with_what_the_kubeconfig_gives_it(
    around: Surroundings, tmp_path: Path
) -> None:
    server = around.server("source")
    script = f"""
        echo "$1 $2 $LOGIN_WORD $KUBERNETES_EXEC_INFO" > {tmp_path}/seen
        echo '{credential(token="hunter2-of-the-plugin")}'
    """
    around.user(exec={**plugin(tmp_path, script), "provideClusterInfo": True})
    examine(clusters("source"))
    assert {item.authorization for item in server.requests} == {"Bearer hunter2-of-the-plugin"}
    words, _, info = (tmp_path / "seen").read_text().partition(" {")
    assert words == "--word hunter2-argument hunter2-variable"
    spec = json.loads("{" + info)["spec"]
    assert spec["interactive"] is False
    assert spec["cluster"] == {
        "server": server.url,
        "certificate-authority-data": encoded(CA_PEM),
    }


def test_a_login_plugin_may_give_a_client_certificate(around: Surroundings, tmp_path: Path) -> None:
    key, authority = ec_key("me"), ec_key("client authority")
    ca = certificate(authority, names=("client authority",))
    pem = certificate(key, names=("me",), authority=False, issuer=("client authority", authority))
    status = {"clientCertificateData": pem, "clientKeyData": key_pem(key)}
    (tmp_path / "answer").write_text(credential(**status))
    server = around.server("source", client_ca=ca)
    around.user(exec=plugin(tmp_path, f"cat {tmp_path}/answer"))
    assert examine(clusters("source"))["source"].uid == UID
    around.user(token="hunter2-token")
    served = len(server.requests)
    refusal(clusters("source"))
    assert len(server.requests) == served


def test_a_login_plugin_that_hangs_is_ended_with_all_that_it_started(
    around: Surroundings, tmp_path: Path
) -> None:
    around.server("source")
    script = f"sleep 3600 & echo $! $$ > {tmp_path}/pids; wait"
    around.user(exec=plugin(tmp_path, script))
    error, told = refusal(clusters("source"), SHORT * 3)
    assert "the login plugin 'login' did not finish within" in told["source"]
    assert "kubectl --context source" in error.problems[0].remedy
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        wait_for_the_end_of(pid)


def wait_for_the_end_of(pid: int) -> None:
    """Wait until a process is gone, or is dead and waits for its parent."""
    for _ in range(1000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.01)
    os.kill(pid, 9)
    pytest.fail(f"process {pid} still runs")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo hunter2 >&2; exit 7", "failed with status 7"),
        ("echo hunter2", "returned no usable credentials"),
        ("true", "returned no usable credentials"),
        ("echo '{}'", "returned no usable credentials"),
        ("echo '[1]'", "returned no usable credentials"),
        (f"echo '{credential()}'", "returned no usable credentials"),
        (f"echo '{credential(token='')}'", "returned no usable credentials"),
        (f"echo '{credential(clientCertificateData='hunter2')}'", "returned no usable credentials"),
        (
            f"echo '{credential(token='hunter2')}' | sed s,/v1,/v1beta1,",
            "returned no usable credentials",
        ),
        ("kill -9 $$", "failed with status -9"),
    ],
)
def test_a_login_plugin_that_fails_is_named_and_not_quoted(
    around: Surroundings, tmp_path: Path, script: str, message: str
) -> None:
    server = around.server("source")
    around.user(exec=plugin(tmp_path, script))
    _, told = refusal(clusters("source"))
    assert f"the login plugin 'login' {message}" in told["source"]
    assert not server.requests


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "/absent/login-plugin", "apiVersion": "client.authentication.k8s.io/v1"},
        {"command": "login\0plugin", "apiVersion": "client.authentication.k8s.io/v1"},
    ],
)
def test_a_login_plugin_that_is_not_there_is_named(
    around: Surroundings, entry: dict[str, Any]
) -> None:
    around.server("source")
    around.user(exec=entry)
    _, told = refusal(clusters("source"))
    assert "plugin' cannot be started" in told["source"]


@pytest.mark.parametrize(
    "entry", [{}, "login", {"command": "login"}, {"command": 7, "apiVersion": "v1"}, []]
)
def test_a_login_plugin_that_is_half_described_is_refused(around: Surroundings, entry: Any) -> None:
    around.server("source")
    around.user(exec=entry)
    _, told = refusal(clusters("source"))
    assert "(exec) of context 'source' is incomplete" in told["source"]
