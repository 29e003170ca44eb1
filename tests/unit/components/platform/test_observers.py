"""Policy for what is meshed and for who observes it is declared where its namespace exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from config import MeshConfig
from config.platform.recipes import WorkloadRef
from tests.unit.conftest import reach_of

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Any]

STACK = """
clusters:
  a:
    context: a
    linkerd: {proxy: {defaultInboundPolicy: deny}, viz: {enabled: true}}
    ambassador: {}
    sample: {}
    meshed: [{recipe: traefik}, {recipe: ingress-nginx}]
"""


def servers(mesh: MeshConfig, recorded: Records, *missing: WorkloadRef) -> dict[str, Any]:
    """The Servers that are declared, by namespace and name, with their parents' types."""
    reach = reach_of(mesh)
    reach["a"] = replace(reach["a"], missing_workloads=frozenset(missing))
    recording = recorded(mesh, reach=reach)
    types = {item.urn: item.type.rpartition(":")[2] for item in recording}
    return {
        f"{item.inputs['metadata']['namespace']}/{item.inputs['metadata']['name']}": types[
            item.parent
        ]
        for item in recording
        if item.inputs.get("kind") == "Server"
    }


def test_each_namespace_gets_its_servers(mesh: Mesh, recorded: Records) -> None:
    found = servers(mesh(STACK), recorded)
    assert {name for name, parent in found.items() if parent == "MeshedWorkloads"} == {
        "traefik/traefik-public-web",
        "traefik/traefik-public-websecure",
        "ingress-nginx/ingress-nginx-public-http",
        "ingress-nginx/ingress-nginx-public-https",
        "ingress-nginx/ingress-nginx-public-webhook",
    }
    spaces = ("linkerd-viz", "qotm", "ambassador", "traefik", "ingress-nginx")
    assert {name for name, parent in found.items() if parent == "Observers"} == {
        "linkerd-viz/linkerd-viz-admin",
        *(f"{space}/linkerd-metrics" for space in spaces),
    }


def test_where_a_product_is_missing_so_may_be_its_namespace(mesh: Mesh, recorded: Records) -> None:
    gone = WorkloadRef("Deployment", "traefik", "traefik")
    found = servers(mesh(STACK), recorded, gone)
    assert not [name for name in found if name.startswith("traefik/")]
    assert "ingress-nginx/linkerd-metrics" in found
