"""What is declared of other owners' workloads: patches of single fields, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from config import MeshConfig
from config.platform.recipes import RECIPES, WorkloadRef
from render import Recording, Registration
from tests.recordings import by_urn
from tests.unit.conftest import reach_of

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]

OLD = "linkerd: {values: {proxy: {nativeSidecar: false}}}"


@pytest.fixture
def meshed(mesh: Mesh, recorded: Records) -> Callable[..., list[Registration]]:
    """The patches of MeshedWorkloads with these settings; `learned` is what the guard saw."""

    def run(settings: str, **learned: Any) -> list[Registration]:
        config = mesh(f"clusters: {{a: {{context: a, {settings}}}}}")
        reach = reach_of(config)
        recording = recorded(config, reach={"a": replace(reach["a"], **learned)})
        found = [item for item in recording if item.name == "a-meshed"]
        children = [item for item in recording if found and item.parent == found[0].urn]
        return [item for item in children if item.type.endswith("Patch")]

    return run


Meshed = Callable[..., list[Registration]]


def kinds(items: list[Registration]) -> list[str]:
    return [item.type.rpartition(":")[2] for item in items]


def told(item: Registration) -> dict[str, str]:
    annotations = item.inputs["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if not key.startswith("pulumi.com/")}


def test_nothing_is_declared_where_nothing_is_to_be_meshed(mesh: Mesh, recorded: Records) -> None:
    recording = recorded(mesh("clusters: {a: {context: a}}"))
    assert [item.name for item in recording if "meshed" in item.name] == []


@pytest.mark.parametrize(
    ("recipe", "wanted"),
    [
        ("longhorn", {"daemonset-longhorn-system.longhorn-manager": "enabled",
                      "deployment-longhorn-system.longhorn-ui": "enabled"}),
        ("kube-prometheus-stack", {"namespace-monitoring": "enabled"}),
        ("eck", {"namespace-logging": "enabled"}),
        ("fluentd", {"daemonset-logging.fluentd": "enabled"}),
        ("fluent-bit", {"daemonset-logging.fluent-bit": "enabled"}),
        ("velero", {"deployment-velero.velero": "enabled",
                    "daemonset-velero.node-agent": "enabled"}),
        ("traefik", {"deployment-traefik.traefik": "ingress"}),
        ("ingress-nginx", {"deployment-ingress-nginx.ingress-nginx-controller": "enabled"}),
    ],
)  # fmt: skip
def test_every_recipe_asks_for_a_proxy_in_its_workloads(
    meshed: Meshed, recipe: str, wanted: dict[str, str]
) -> None:
    found = {}
    for item in meshed(f"meshed: [{{recipe: {recipe}}}]"):
        template = (item.inputs.get("spec") or {}).get("template")
        annotations = template["metadata"]["annotations"] if template else told(item)
        found[item.name.removeprefix("a-meshed-")] = annotations["linkerd.io/inject"]
    assert found == wanted


def test_no_recipe_goes_untried() -> None:
    (mark,) = [
        one
        for one in test_every_recipe_asks_for_a_proxy_in_its_workloads.pytestmark  # type: ignore[attr-defined]
        if one.name == "parametrize"
    ]
    assert {case[0] for case in mark.args[1]} == set(RECIPES)


def test_a_recipe_follows_its_product_to_another_namespace(meshed: Meshed) -> None:
    items = meshed(
        "meshed: [{recipe: velero, namespace: backup}, {recipe: eck, namespace: search}]"
    )
    spaces = [item.inputs["metadata"].get("namespace") for item in items]
    assert spaces == ["backup", "backup", None]
    assert items[2].inputs["metadata"]["name"] == "search"


def test_traefik_reads_its_routes_past_the_proxy(meshed: Meshed) -> None:
    (patch,) = meshed("meshed: [{recipe: traefik}]")
    annotations = patch.inputs["spec"]["template"]["metadata"]["annotations"]
    assert annotations["config.linkerd.io/skip-outbound-ports"] == "443"


def test_a_workload_gets_annotations_and_variables_and_nothing_more(meshed: Meshed) -> None:
    (patch,) = meshed(
        "meshed: [{kind: StatefulSet, namespace: data, name: db, container: main,"
        " annotations: {linkerd.io/inject: ingress, x: y}, env: {B: two, A: one}}]"
    )
    assert patch.type == "kubernetes:apps/v1:StatefulSetPatch"
    assert patch.inputs["spec"] == {
        "template": {
            "metadata": {"annotations": {"linkerd.io/inject": "ingress", "x": "y"}},
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "env": [{"name": "A", "value": "one"}, {"name": "B", "value": "two"}],
                    }
                ]
            },
        }
    }
    assert told(patch) == {}


def test_kibana_gets_the_token_of_its_account_too(meshed: Meshed) -> None:
    (patch,) = meshed("meshed: [{kind: Kibana, namespace: logging, name: kb}]")
    assert patch.type == "kubernetes:kibana.k8s.elastic.co/v1:KibanaPatch"
    assert patch.inputs["spec"] == {
        "podTemplate": {
            "metadata": {"annotations": {"linkerd.io/inject": "enabled"}},
            "spec": {"automountServiceAccountToken": True},
        }
    }


def test_cron_jobs_opt_out_or_are_wrapped_with_the_endpoint_that_ends_the_proxy(
    meshed: Meshed,
) -> None:
    out, wrapped = meshed(
        f"{OLD}, jobs: [{{namespace: n, name: one}}, {{namespace: n, name: two,"
        " treatment: await, container: main, command: [/run, -v]}]"
    )
    assert kinds([out, wrapped]) == ["CronJobPatch"] * 2
    assert out.inputs["spec"]["jobTemplate"]["spec"]["template"] == {
        "metadata": {"annotations": {"linkerd.io/inject": "disabled"}}
    }
    assert wrapped.inputs["spec"]["jobTemplate"]["spec"]["template"] == {
        "metadata": {"annotations": {"config.linkerd.io/proxy-admin-shutdown": "enabled"}},
        "spec": {
            "containers": [
                {"name": "main", "command": ["linkerd-await", "--shutdown", "--", "/run", "-v"]}
            ]
        },
    }


def test_patches_wait_for_the_injector_and_own_their_fields_under_one_name(
    mesh: Mesh, recorded: Records
) -> None:
    recording = recorded(
        mesh(
            "clusters: {a: {context: a, meshed: [{recipe: velero}, {recipe: eck},"
            " {kind: Kibana, namespace: n, name: kb}]}}"
        )
    )
    patches = [item for item in recording if item.type.endswith("Patch")]
    assert len(patches) == 4
    for patch in patches:
        above = {by_urn(recording, urn).name for urn in patch.depends_on}
        assert above == {"a-linkerd-control-plane"}
        notes = patch.inputs["metadata"]["annotations"]
        assert notes["pulumi.com/patchFieldManager"] == "linkerd-ambassador-mesh"


def test_what_is_not_there_is_left_out_and_all_else_is_patched(meshed: Meshed) -> None:
    gone = WorkloadRef("DaemonSet", "velero", "node-agent")
    items = meshed("meshed: [{recipe: velero}]", missing_workloads=frozenset({gone}))
    assert [item.name for item in items] == ["a-meshed-deployment-velero.velero"]


def test_the_order_of_entries_is_nothing_that_names_depend_on(meshed: Meshed) -> None:
    one = meshed("meshed: [{recipe: velero}, {recipe: eck}]")
    other = meshed("meshed: [{recipe: eck}, {recipe: velero}]")
    assert {item.name for item in one} == {item.name for item in other}
