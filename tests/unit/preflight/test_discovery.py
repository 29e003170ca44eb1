"""A cert-manager and a trust-manager that are expected to be there are looked for first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config import MeshConfig
from config.preconditions import Needed, expectations
from preflight import ClusterError
from preflight.guard import examine
from tests.api_servers import CA_PEM, Answer, api_server, healthy, kubeconfig, written

Mesh = Callable[[str], MeshConfig]

UID = "01234567-89ab-4def-8123-456789abcdef"
CERT_MANAGER, TRUST_MANAGER = "cert-manager.io/v1", "trust.cert-manager.io/v1alpha1"
BOTH = "clusters: {a: {context: a, certManager: {trustManager: {}}}}"


def needed(mesh: Mesh, text: str) -> dict[str, Needed]:
    """What the cluster a has to serve, by API versions."""
    return {item.api_version: item for item in expectations(mesh(text), "a").needed}


def serving(**groups: tuple[str, ...] | int) -> Callable[[str], Answer]:
    """An API server with these kinds, or with an answer of this status; 404 for all others."""
    names = {"cert": CERT_MANAGER, "trust": TRUST_MANAGER}

    def respond(path: str) -> Answer:
        for key, kinds in groups.items():
            if path.startswith(f"/apis/{names[key]}"):
                if isinstance(kinds, int):
                    return kinds, {}
                return 200, {"resources": [{"kind": kind} for kind in kinds]}
        return (404, {}) if path.startswith("/apis/") else healthy(UID)(path)

    return respond


def told(
    mesh: Mesh,
    text: str,
    respond: Callable[[str], Answer],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[tuple[str, str]]:
    """Messages and remedies of the guard, where such a server is cluster a."""
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    config = mesh(text)
    with api_server(respond) as server:
        written(kubeconfig({"a": server.url}, {"token": "x"}, CA_PEM), folder / "kubeconfig")
        try:
            examine(config.clusters, {"a": expectations(config, "a")}, deadline=30)
        except ClusterError as error:
            return [(problem.message, problem.remedy) for problem in error.problems]
    return []


def test_what_is_installed_by_us_is_not_checked(mesh: Mesh) -> None:
    assert set(needed(mesh, BOTH)) == {CERT_MANAGER, TRUST_MANAGER}
    ours = BOTH.replace("trustManager: {}", "install: true, trustManager: {install: true}")
    assert needed(mesh, ours) == {}
    assert needed(mesh, "clusters: {a: {context: a}}") == {}


def test_the_remedy_names_the_key_that_has_it_installed(mesh: Mesh) -> None:
    found = needed(mesh, BOTH)
    assert "clusters.a.certManager.install: true" in found[CERT_MANAGER].remedy
    assert "clusters.a.certManager.trustManager.install: true" in found[TRUST_MANAGER].remedy


ALL: dict[str, Any] = {"cert": ("Certificate", "ClusterIssuer", "Issuer"), "trust": ("Bundle",)}


@pytest.mark.parametrize(
    ("served", "parts"),
    [
        (ALL, []),
        ({}, [CERT_MANAGER, TRUST_MANAGER]),
        ({**ALL, "trust": 404}, ["Bundle of trust.cert-manager.io/v1alpha1"]),
        ({**ALL, "cert": ("Certificate", "Issuer")}, ["ClusterIssuer of cert-manager.io/v1"]),
        # A user without the right to read it learns it from the API server later.
        ({"cert": 403, "trust": 403}, []),
    ],
)
def test_kinds_that_are_not_served_are_named(
    mesh: Mesh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    served: dict[str, Any],
    parts: list[str],
) -> None:
    found = told(mesh, BOTH, serving(**served), tmp_path, monkeypatch)
    assert len(found) == len(parts)
    for (message, remedy), part in zip(found, parts, strict=True):
        assert part in message
        assert remedy in {item.remedy for item in needed(mesh, BOTH).values()}
