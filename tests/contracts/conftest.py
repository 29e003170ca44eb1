"""Recordings of all stack files, once for all tests of contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import yaml

from config import PROJECT, MeshConfig, load_settings, load_stack_file
from kube import Endpoint
from preflight import Reach
from render import Recording
from tests.contracts.material import authority
from tests.contracts.produced import Item, produced
from tests.stack_files import STACK_FILES

# Recordings are made as those of the unit tests are.
from tests.unit.conftest import (  # noqa: F401
    Records,
    chart_folder,
    helm,
    no_surroundings,
    reach_of,
    recorded,
)

VARIANTS: dict[str, tuple[str, tuple[str, ...], Any]] = {
    "cert-manager, roots from a Secret": (
        "cert-manager",
        ("trustAnchor", "certManager", "rootsSecret"),
        {"name": "house-roots", "key": "ca.crt"},
    ),
    "charts before 2025.3.1": (
        "tracing",
        ("clusters", "earlier", "linkerd", "version"),
        "2025.2.1",
    ),
}
"""What no stack file has: the stack file to start from, a path in its settings, and a value."""


@pytest.fixture(scope="session")
def configs() -> dict[str, MeshConfig]:
    """Every stack file, and the variants."""
    found = {name: load_stack_file(path) for name, path in STACK_FILES.items()}
    for name, (base, path, value) in VARIANTS.items():
        content = yaml.safe_load(STACK_FILES[base].read_text(encoding="utf-8"))["config"]
        settings = {
            key.removeprefix(f"{PROJECT}:"): given
            for key, given in content.items()
            if key.startswith(f"{PROJECT}:")
        }
        place = settings
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        found[name] = load_settings(settings, name)
    return found


@pytest.fixture(scope="session")
def recordings(configs: dict[str, MeshConfig], recorded: Records) -> Mapping[str, Recording]:  # noqa: F811
    """What the program registers for each of them."""
    return {
        name: recorded(config, reach=_reach_with_authority(config))
        for name, config in configs.items()
    }


@pytest.fixture(scope="session")
def items(configs: dict[str, MeshConfig], recordings: Mapping[str, Recording]) -> list[Item]:
    """Everything that it writes for any of them."""
    return [
        item
        for name, recording in recordings.items()
        for item in produced(name, recording, partial(_version, configs[name]))
    ]


def _version(config: MeshConfig, cluster: str) -> str:
    return config.clusters[cluster].linkerd.version


def _reach_with_authority(config: MeshConfig) -> dict[str, Reach]:
    """Clusters that the guard has seen, each with a real CA."""
    return {
        name: replace(known, endpoint=Endpoint(known.endpoint.server, authority().pem))
        for name, known in reach_of(config).items()
    }
