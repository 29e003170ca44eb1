"""The program looks for existing namespaces of its objects before it changes anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config import MeshConfig
from config.preconditions import expectations
from preflight import ClusterError
from preflight.guard import examine
from tests.api_servers import CA_PEM, Answer, api_server, healthy, kubeconfig, written

Mesh = Callable[[str], MeshConfig]

UID = "01234567-89ab-4def-8123-456789abcdef"
ASKED = """
clusters:
  a:
    context: a
    sample: {namespace: trial}
    monitoring: {dashboards: {namespace: watch}}
    ingresses:
      - {name: a, namespace: shop, host: a.example.com, service: a, controller: ingress-nginx}
      - {name: b, namespace: shop, host: b.example.com, service: b, controller: ingress-nginx}
      - {name: c, namespace: trial, host: c.example.com, service: c, controller: ingress-nginx}
"""


def test_each_namespace_of_another_owner_is_checked_once(mesh: Mesh) -> None:
    found = {item.name: item.path for item in expectations(mesh(ASKED), "a").namespaces}
    assert found == {
        "watch": "clusters.a.monitoring.dashboards.namespace",
        "shop": "clusters.a.ingresses[0].namespace",
    }
    assert not expectations(mesh("clusters: {a: {context: a}}"), "a").namespaces


@pytest.mark.parametrize(
    ("statuses", "missing"),
    [
        ({}, []),
        # A user without the right to read it learns it from the API server later.
        ({"shop": 403, "watch": 403}, []),
        ({"shop": 404}, ["shop"]),
        ({"shop": 404, "watch": 404}, ["watch", "shop"]),
    ],
)
def test_a_namespace_that_is_not_there_is_reported_with_its_place(
    mesh: Mesh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    statuses: dict[str, int],
    missing: list[str],
) -> None:
    def respond(path: str) -> Answer:
        name = path.partition("?")[0].removeprefix("/api/v1/namespaces/")
        if name in ("shop", "watch"):
            return statuses.get(name, 200), {}
        return healthy(UID)(path)

    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    config = mesh(ASKED)
    wanted = expectations(config, "a")
    paths = {item.name: item.path for item in wanted.namespaces}
    problems = []
    with api_server(respond) as server:
        written(kubeconfig({"a": server.url}, {"token": "x"}, CA_PEM), tmp_path / "kubeconfig")
        try:
            examine(config.clusters, {"a": wanted}, deadline=30)
        except ClusterError as error:
            problems = list(error.problems)
    assert len(problems) == len(missing)
    for problem, name in zip(problems, missing, strict=True):
        assert f"'{name}'" in problem.message
        assert paths[name] in problem.remedy
