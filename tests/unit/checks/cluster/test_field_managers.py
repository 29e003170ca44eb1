"""An object that a killed update also owns is reported, before a change of it is refused."""

from __future__ import annotations

from typing import Any

from checks.cluster.field_managers import field_managers
from checks.facts.results import Finding, Status
from kube.field_managers import APPLIED
from tests.unit.checks.builders import cluster_case, thing, view


def applied(name: str, *managers: str) -> dict[str, Any]:
    entries = [
        {"manager": one, "operation": "Apply", "fieldsV1": {"f:spec": {"f:gatewayAddress": {}}}}
        for one in managers
    ]
    kind = "multicluster.linkerd.io/v1alpha3", "Link"
    return thing(*kind, name, "linkerd-multicluster", managedFields=entries)


def found(*objects: dict[str, Any]) -> Finding:
    (line,) = field_managers(cluster_case(view(*objects, cluster="east")))
    return line


def test_an_object_of_two_runs_is_named_with_the_remedy() -> None:
    line = found(applied("west", f"{APPLIED}1", f"{APPLIED}2"))
    assert line.status is Status.WARNING
    assert "Link.multicluster.linkerd.io linkerd-multicluster/west" in line.detail
    assert line.hint == "`./mesh recover STACK`"


def test_objects_of_one_run_and_those_of_other_stacks_pass() -> None:
    others = applied("south", f"{APPLIED}1", f"{APPLIED}2")
    line = found(applied("west", f"{APPLIED}1", "kubectl"), others)
    assert line.status is Status.OK
