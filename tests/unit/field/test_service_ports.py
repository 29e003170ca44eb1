"""Ports that a stack file names are compared with the Services before anything is changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import StackFileError
from config.preconditions import expectations
from config.service_ports import named_ports
from preflight import ClusterError
from preflight.guard import examine
from tests.api_servers import CA_PEM, Answer, api_server, healthy, kubeconfig, written
from tests.stack_builders import changed, loaded, pair

UID = "01234567-89ab-4def-8123-456789abcdef"
EXPORT = "links[0].exports[0]"
SPLIT = {"weights": {"local": 90, "mirrored": 10}, "mapping": {"prefix": "/api/"}}
MAPPING = {"name": "web", "prefix": "/web/"}


def weighted(**export: Any) -> dict[str, Any]:
    """A Service whose requests are shared between two clusters, and routed to."""
    return changed({EXPORT: {"namespace": "shop", "service": "api", **SPLIT, **export}}, pair())


def refusals(
    settings: dict[str, Any],
    cluster: str,
    services: dict[str, dict[str, Any]],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[tuple[str, str]]:
    """Messages and remedies of the guard, where a cluster has these Services of `shop`."""
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    mesh = loaded(settings)
    answers = healthy(UID)

    def respond(path: str) -> Answer:
        if "/namespaces/shop/services/" not in path:
            return answers(path)
        spec = services.get(path.rpartition("/")[2])
        return (404, {}) if spec is None else (200, {"kind": "Service", "spec": spec})

    with api_server(respond) as server:
        contexts = {cluster: server.url}
        written(kubeconfig(contexts, {"token": "x"}, CA_PEM), folder / "kubeconfig")
        try:
            examine(
                {cluster: mesh.clusters[cluster]},
                # The API server of this test is on loopback, where no other cluster reaches it.
                {cluster: replace(expectations(mesh, cluster), linked_as=None)},
                deadline=30,
            )
        except ClusterError as error:
            return [(problem.message, problem.remedy) for problem in error.problems]
    return []


def ports(*numbers: int, **spec: Any) -> dict[str, Any]:
    """The spec of a Service with these ports."""
    return {"ports": [{"port": number} for number in numbers], **spec}


@pytest.mark.parametrize(("end", "use"), [("source", "weights"), ("target", "weights")])
def test_weights_on_a_port_that_the_service_lacks_are_refused_with_the_port_that_it_has(
    end: str, use: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = {"api": ports(8080)}
    ((message, remedy),) = refusals(weighted(), end, services, tmp_path, monkeypatch)
    assert f"Service shop/api has no port 80, which {EXPORT}.{use} uses" in message
    assert remedy == f"write {EXPORT}.port: 8080"
    assert refusals(weighted(port=8080), end, services, tmp_path, monkeypatch) == []


@pytest.mark.parametrize(
    ("spec", "refused"),
    [
        (ports(80, 8080), 0),
        (ports(8080, 9090), 1),
        (None, 0),
        ({"type": "ExternalName", "externalName": "api.example.com"}, 0),
        ({"type": "ExternalName", "externalName": "api.example.com", **ports(8080)}, 0),
    ],
)
def test_only_an_existing_service_with_other_ports_is_refused(
    spec: dict[str, Any] | None, refused: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = {} if spec is None else {"api": spec}
    found = refusals(weighted(), "target", services, tmp_path, monkeypatch)
    assert len(found) == refused
    if found:
        assert found[0][1] == f"write one of 8080, 9090 under {EXPORT}.port"


def test_routes_ingresses_and_opaque_ports_are_compared_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingress = {"name": "i", "namespace": "shop", "service": "web", "host": "a.io"}
    settings = changed(
        {
            "clusters.target.ingresses": [{**ingress, "controller": "traefik", "port": 81}],
            "clusters.target.ambassador.mappings": [
                {**MAPPING, "service": "http://web.shop.svc.cluster.local:82"},
                {"name": "s", "prefix": "/s/", "service": "https://web.shop.svc.cluster.local"},
                {"name": "o", "prefix": "/o/", "service": "http://web.example.com:83"},
            ],
            f"{EXPORT}.traffic": {"opaquePorts": [84, 85]},
            f"{EXPORT}.opaque": True,
        },
        pair(),
    )
    found = [
        (item.service.name, item.port, item.path)
        for item in named_ports(loaded(settings), "target")
    ]
    assert found == [
        ("web", 84, f"{EXPORT}.traffic.opaquePorts[0]"),
        ("web", 85, f"{EXPORT}.traffic.opaquePorts[1]"),
        ("web", 81, "clusters.target.ingresses[0].port"),
        ("web", 82, "clusters.target.ambassador.mappings[0].service"),
        ("web", 443, "clusters.target.ambassador.mappings[1].service"),
    ]
    refused = refusals(settings, "target", {"web": ports(85)}, tmp_path, monkeypatch)
    found_ports = [message.split()[5] for message, _ in refused if "has no port" in message]
    assert found_ports == ["84,", "81,", "82,", "443,"]


@given(st.integers(1, 65535), st.sampled_from(["weights", "mapping"]))
def test_the_remedy_of_a_wrong_port_names_one_that_is_not_refused(port: int, use: str) -> None:
    settings = changed({EXPORT: {"namespace": "shop", "service": "api", use: SPLIT[use]}}, pair())
    (wanted,) = (item for item in named_ports(loaded(settings), "target"))
    assert (wanted.port, wanted.use) == (80, f"{EXPORT}.{use}")
    try:
        mended = loaded(changed({wanted.path: port}, settings))
    except StackFileError as error:
        raise AssertionError(str(error)) from None
    assert [item.port for item in named_ports(mended, "target")] == [port]
