"""Adopting an Ambassador: what the guard compares on an API server before anything is touched."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
import yaml

from config.ambassador.adoption import FIELD_MANAGER, MANAGED_BY
from config.core.cluster import ClusterConfig
from config.preconditions import expectations
from preflight import ClusterError, examine
from tests.api_servers import Answer, api_server, healthy, kubeconfig
from tests.stack_builders import Settings, changed, loaded

UID = "01234567-89ab-4def-8123-456789abcdef"
APPS = "/apis/apps/v1/namespaces/ambassador"
DEPLOYMENT = f"{APPS}/deployments/ambassador"
SERVED = "/apis/getambassador.io"
AMBASSADOR = "clusters.east.ambassador"
INJECT = "linkerd.io/inject"
ID = {"ambassadorId": "edge"}

World = dict[str, Answer]
"""What an API server answers, by path; where a path is missing, there is nothing."""

LEGACY: Settings = {
    "clusters": {
        "east": {
            "context": "east",
            "ambassador": {"flavour": "ambassador", "adopt": {}, "gateway": {}},
        }
    }
}
"""A stack file that adopts a legacy Ambassador by the names of its chart."""


def workload(kind: str = "Deployment") -> dict[str, Any]:
    """What the chart of legacy Ambassador installs."""
    selector = {
        "app.kubernetes.io/name": "ambassador",
        "app.kubernetes.io/instance": "ambassador",
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "ambassador", "namespace": "ambassador", "managedFields": []},
        "spec": {
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {"labels": {**selector, "product": "aes"}},
                "spec": {"serviceAccountName": "ambassador", "containers": []},
            },
        },
    }


def module(labels: dict[str, str] | None = None) -> Answer:
    """A Module."""
    return 200, {"kind": "Module", "metadata": {"name": "ambassador", "labels": labels or {}}}


def resources(*names: str) -> Answer:
    """What a version of an API group serves."""
    return 200, {"kind": "APIResourceList", "resources": [{"name": name} for name in names]}


def group(*versions: str) -> Answer:
    """The versions of an API group."""
    return 200, {"kind": "APIGroup", "versions": [{"version": name} for name in versions]}


def installed(**changes: Answer | None) -> World:
    """A cluster with a legacy Ambassador, all of which fits; None takes something away."""
    world: dict[str, Answer | None] = {
        "deployment": (200, workload()),
        "daemonset": None,
        "group": group("v2", "v1"),
        "v2": resources("mappings", "mappings/status", "hosts", "modules"),
        "v1": resources("mappings", "modules"),
        "module": module(),
        **changes,
    }
    paths = {
        "deployment": DEPLOYMENT,
        "daemonset": f"{APPS}/daemonsets/ambassador",
        "deployments": f"{APPS}/deployments",
        "daemonsets": f"{APPS}/daemonsets",
        "group": SERVED,
        "v3alpha1": f"{SERVED}/v3alpha1",
        "v2": f"{SERVED}/v2",
        "v1": f"{SERVED}/v1",
        "module": f"{SERVED}/v2/namespaces/ambassador/modules/ambassador",
        "module_v1": f"{SERVED}/v1/namespaces/ambassador/modules/ambassador",
        "version": "/version",
    }
    return {paths[name]: answer for name, answer in world.items() if answer is not None}


def told(world: World, settings: Settings = LEGACY) -> list[tuple[str, str]]:
    """What the guard says of such a cluster, each with the remedy; nothing where all fits."""
    expected = expectations(loaded(settings), "east")
    others = healthy(UID, "v1.34.1")
    with api_server(lambda path: world.get(path) or others(path)) as server:
        cluster = ClusterConfig(kubeconfig=json.dumps(kubeconfig({"east": server.url})))
        try:
            examine({"east": cluster}, {"east": expected}, deadline=30.0)
        except ClusterError as error:
            assert "Traceback" not in str(error)
            assert {problem.cluster for problem in error.problems} == {"east"}
            return [(problem.message, problem.remedy) for problem in error.problems]
    return []


def only(world: World, settings: Settings = LEGACY) -> tuple[str, str]:
    """The one thing that the guard says of such a cluster."""
    found = told(world, settings)
    assert len(found) == 1, found
    return found[0]


def mended(remedy: str, settings: Settings = LEGACY) -> Settings:
    """The stack file with what a remedy says first written into it."""
    found = re.search(r"write (clusters\.[\w.]+): (\{.*\}|[\w.-]+)", remedy)
    assert found, remedy
    return changed({found[1]: yaml.safe_load(found[2])}, settings)


def edited(path: str, value: Any) -> Answer:
    """The workload, changed at one place; a slash is part of a key."""
    made = workload()
    *before, last = path.split(" ")
    node = made
    for step in before:
        node = node.setdefault(step, {})
    if value is None:
        node.pop(last, None)
    else:
        node[last] = value
    return 200, made


def annotated(value: str, *managers: str) -> Answer:
    """The workload with an annotation about injection that these managers own."""
    _, made = edited(f"spec template metadata annotations {INJECT}", value)
    fields: dict[str, Any] = {f"f:{INJECT}": {}}
    for step in ("annotations", "metadata", "template", "spec"):
        fields = {f"f:{step}": fields}
    made["metadata"]["managedFields"] = [
        {"manager": "kube-controller-manager", "fieldsV1": {"f:status": {}}},
        *({"manager": name, "fieldsV1": copy.deepcopy(fields)} for name in managers),
    ]
    return 200, made


# What fits ----------------------------------------------------------------------------------


def test_an_ambassador_that_is_as_the_stack_file_says_may_be_adopted() -> None:
    assert told(installed()) == []


def test_an_ambassador_that_runs_as_a_daemon_set_may_be_adopted() -> None:
    world = installed(deployment=None, daemonset=(200, workload("DaemonSet")))
    assert told(world, changed({f"{AMBASSADOR}.adopt.kind": "DaemonSet"}, LEGACY)) == []


def test_an_ambassador_of_another_name_may_be_adopted() -> None:
    path = f"{APPS}/deployments/edge"
    world = {path: (200, workload()), **installed(deployment=None)}
    assert told(world, changed({f"{AMBASSADOR}.adopt.workload": "edge"}, LEGACY)) == []


def test_with_the_oldest_api_no_host_is_needed() -> None:
    world = installed(module=None, module_v1=module())
    assert told(world, changed({f"{AMBASSADOR}.apiVersion": "v1"}, LEGACY)) == []


def test_an_adopted_ambassador_is_not_bound_to_the_versions_that_take_its_chart() -> None:
    version = (200, {"major": "1", "minor": "34", "gitVersion": "v1.34.1"})
    assert told(installed(version=version)) == []


# What runs the pods -------------------------------------------------------------------------


def test_a_workload_that_is_not_there_is_named_with_its_place() -> None:
    message, remedy = only(installed(deployment=None))
    assert "no Deployment ambassador in the namespace ambassador" in message
    assert f"{AMBASSADOR}.namespace" in remedy and f"{AMBASSADOR}.adopt" in remedy


def test_where_the_workload_is_of_the_other_kind_the_remedy_says_so() -> None:
    listed = (200, {"items": [workload("DaemonSet")]})
    world = installed(deployment=None, daemonset=(200, workload("DaemonSet")), daemonsets=listed)
    message, remedy = only(world)
    assert "a DaemonSet of that name" in message
    assert told(world, mended(remedy)) == []


def test_where_the_workload_has_another_name_the_remedy_says_it() -> None:
    listed = (200, {"items": [{"metadata": {"name": "edge"}}]})
    world = {
        f"{APPS}/deployments/edge": (200, workload()),
        **installed(deployment=None, deployments=listed),
    }
    _, remedy = only(world)
    assert told(world, mended(remedy)) == []


def test_many_workloads_are_not_all_listed() -> None:
    listed = (200, {"items": [{"metadata": {"name": f"edge-{place}"}} for place in range(30)]})
    _, remedy = only(installed(deployment=None, deployments=listed))
    assert "one of edge-0, edge-1, " in remedy
    assert "edge-29" not in remedy and "more" in remedy


def test_a_missing_workload_is_reported_even_where_others_may_not_be_listed() -> None:
    message, remedy = only(installed(deployment=None, deployments=(403, {}), daemonsets=(403, {})))
    assert "no Deployment ambassador" in message
    assert AMBASSADOR in remedy


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("spec template spec serviceAccountName", "emissary", "emissary"),
        ("spec template spec serviceAccountName", None, "default"),
    ],
)
def test_another_service_account_is_reported_with_what_to_write(
    path: str, value: str | None, found: str
) -> None:
    world = installed(deployment=edited(path, value))
    message, remedy = only(world)
    assert f"ServiceAccount {found}," in message and "has ambassador" in message
    assert f"{AMBASSADOR}.serviceAccount" in remedy
    assert told(world, mended(remedy)) == []


def test_labels_that_select_no_pod_are_reported_with_those_that_do() -> None:
    labels = {"service": "ambassador", "helm.sh/chart": "ambassador-1.0.0"}
    _, made = edited("spec template metadata labels", labels)
    made["spec"]["selector"] = {"matchLabels": {"service": "ambassador"}}
    world = installed(deployment=(200, made))
    message, remedy = only(world)
    assert "app.kubernetes.io/instance" in message
    assert "helm.sh/chart" not in remedy
    assert told(world, mended(remedy)) == []


def test_a_label_of_another_value_selects_no_pod() -> None:
    key = "spec template metadata labels app.kubernetes.io/instance"
    message, _ = only(installed(deployment=edited(key, "edge")))
    assert '"app.kubernetes.io/instance": "edge"' in message


def test_pods_without_labels_are_reported() -> None:
    _, made = edited("spec template metadata labels", None)
    made["spec"]["selector"] = {}
    message, remedy = only(installed(deployment=(200, made)))
    assert "select" in message
    assert f"{AMBASSADOR}.adopt.podLabels" in remedy
    assert "{}" not in remedy


# Its id -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "variable"),
    [({}, {"value": "edge"}), ({"ambassadorId": "edge"}, {"value": "other"}), (ID, {})],
)
def test_an_id_that_the_ambassador_has_not_is_refused_with_the_one_that_it_has(
    own: dict[str, str], variable: dict[str, str]
) -> None:
    entry = [{"name": "AMBASSADOR_ID", **variable}]
    world = installed(deployment=edited("spec template spec containers", [{"env": entry}]))
    given = changed({f"{AMBASSADOR}.{key}": value for key, value in own.items()}, LEGACY)
    message, remedy = told(world, given)[0]
    assert variable.get("value", "default") in message
    again = mended(remedy, given)
    assert not any("AMBASSADOR_ID" in said for said, _ in told(world, again))


def test_an_id_that_is_written_elsewhere_has_to_be_in_the_stack_file() -> None:
    entry = {"name": "AMBASSADOR_ID", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}
    world = installed(deployment=edited("spec template spec containers", [{"env": [entry]}]))
    message, remedy = only(world)
    assert "from another object" in message and f"{AMBASSADOR}.ambassadorId" in remedy
    named = changed({f"{AMBASSADOR}.ambassadorId": "edge"}, LEGACY)
    assert not any("AMBASSADOR_ID" in said for said, _ in told(world, named))


@pytest.mark.parametrize(("ids", "fits"), [("edge", True), (["a", "edge"], True), (None, False)])
def test_the_module_that_is_patched_is_one_that_the_ambassador_reads(
    ids: object, fits: bool
) -> None:
    found: dict[str, Any] = {"kind": "Module", "metadata": {"name": "ambassador"}}
    found["spec"] = {} if ids is None else {"ambassador_id": ids}
    entry = [{"name": "AMBASSADOR_ID", "value": "edge"}]
    deployed = edited("spec template spec containers", [{"env": entry}])
    world = installed(module=(200, found), deployment=deployed)
    named = changed({f"{AMBASSADOR}.ambassadorId": "edge"}, LEGACY)
    assert (told(world, named) == []) is fits
    if not fits:
        message, remedy = only(world, named)
        assert "has the ambassador_id default" in message
        assert told(world, mended(remedy.replace("or write", "write"), named)) == []


# Injection ----------------------------------------------------------------------------------


def test_pods_whose_owner_forbids_the_proxy_are_refused() -> None:
    message, remedy = only(installed(deployment=annotated("disabled", "helm")))
    assert f"{INJECT}: disabled" in message and "helm" in message
    assert "remove the annotation" in remedy and "sidecar.mode" not in remedy


def test_pods_whose_owner_wants_another_mode_are_refused_with_the_mode_to_write() -> None:
    settings = changed(
        {f"{AMBASSADOR}.sidecar.mode": "ingress", f"{AMBASSADOR}.gateway": None}, LEGACY
    )
    world = installed(deployment=annotated("enabled", "kubectl-client-side-apply"))
    message, remedy = only(world, settings)
    assert "has ingress" in message
    assert told(world, mended(remedy, settings)) == []


def test_an_annotation_that_no_one_is_known_to_hold_is_its_owners() -> None:
    assert "disabled" in only(installed(deployment=annotated("disabled")))[0]


@pytest.mark.parametrize("manager", [FIELD_MANAGER, f"{FIELD_MANAGER}-demo"])
def test_an_annotation_that_our_own_patch_set_may_be_changed(manager: str) -> None:
    settings = changed(
        {f"{AMBASSADOR}.sidecar.mode": "ingress", f"{AMBASSADOR}.gateway": None}, LEGACY
    )
    assert told(installed(deployment=annotated("enabled", manager)), settings) == []


def test_an_annotation_that_its_owner_holds_as_well_may_not_be_changed() -> None:
    settings = changed(
        {f"{AMBASSADOR}.sidecar.mode": "ingress", f"{AMBASSADOR}.gateway": None}, LEGACY
    )
    message, _ = only(installed(deployment=annotated("enabled", FIELD_MANAGER, "helm")), settings)
    assert "written by helm" in message


def test_an_annotation_that_says_the_same_is_no_ones_business() -> None:
    assert told(installed(deployment=annotated("enabled", "helm"))) == []


# Versions of getambassador.io ---------------------------------------------------------------


def test_a_version_that_is_not_served_is_reported_with_one_that_is() -> None:
    world = installed(group=group("v1"), v2=None, module=None, module_v1=module())
    message, remedy = only(world)
    assert "does not serve getambassador.io/v2" in message
    assert told(world, mended(remedy)) == []


def test_the_newest_version_that_is_served_is_the_one_to_write() -> None:
    settings = changed(
        {f"{AMBASSADOR}.flavour": "emissary", f"{AMBASSADOR}.version": "3.10.0"}, LEGACY
    )
    settings = changed({f"{AMBASSADOR}.adopt.podLabels": {"product": "aes"}}, settings)
    world = installed()
    message, remedy = only(world, settings)
    assert "does not serve getambassador.io/v3alpha1, but v2 and v1" in message
    assert told(world, mended(remedy, settings)) == []


def test_a_cluster_without_any_crds_of_ambassador_is_refused() -> None:
    message, remedy = only(installed(group=None, v1=None, v2=None))
    assert "no CRDs of getambassador.io" in message
    assert f"{AMBASSADOR}.adopt" in remedy


@pytest.mark.parametrize(
    ("served", "missing"),
    [
        (("mappings", "modules"), "no hosts of getambassador.io/v2"),
        (("hosts", "modules"), "no mappings of getambassador.io/v2"),
        (("hosts", "mappings"), "no modules of getambassador.io/v2"),
        ((), "no mappings and no hosts and no modules of"),
    ],
)
def test_kinds_that_are_not_served_are_named(served: tuple[str, ...], missing: str) -> None:
    message, _ = only(
        installed(v2=resources(*served), module=None if "modules" not in served else module())
    )
    assert missing in message


def test_a_module_that_is_left_alone_need_not_be_served() -> None:
    world = installed(v2=resources("mappings", "hosts"), module=None)
    assert told(world, changed({f"{AMBASSADOR}.adopt.module": "leave"}, LEGACY)) == []


# The Module ---------------------------------------------------------------------------------


def test_a_module_to_patch_has_to_be_there() -> None:
    world = installed(module=None)
    message, remedy = only(world)
    assert "no Module ambassador in the namespace ambassador" in message
    assert told(world, mended(remedy)) == []


def test_a_module_to_make_may_not_be_another_ones() -> None:
    world = installed(module=module({"app.kubernetes.io/managed-by": "Helm"}))
    message, remedy = only(world, changed({f"{AMBASSADOR}.adopt.module": "make"}, LEGACY))
    assert "another owner" in message
    assert told(world, mended(remedy)) == []


def test_a_module_that_was_made_by_us_is_there_the_next_time() -> None:
    world = installed(module=module(dict(MANAGED_BY)))
    assert told(world, changed({f"{AMBASSADOR}.adopt.module": "make"}, LEGACY)) == []


def test_a_module_that_was_made_by_us_is_not_patched() -> None:
    world = installed(module=module({**MANAGED_BY, "more": "labels"}))
    message, remedy = only(world)
    assert "managed by this program" in message
    assert told(world, mended(remedy)) == []


@pytest.mark.parametrize("there", [module(), None, (403, {}), (500, {})])
def test_a_module_that_is_left_alone_is_not_checked(there: Answer | None) -> None:
    settings = changed({f"{AMBASSADOR}.adopt.module": "leave"}, LEGACY)
    assert told(installed(module=there), settings) == []


def test_the_module_is_checked_in_the_version_that_is_adopted() -> None:
    message, _ = only(installed(), changed({f"{AMBASSADOR}.apiVersion": "v1"}, LEGACY))
    assert "no Module ambassador" in message


def test_a_conversion_webhook_that_does_not_answer_is_named() -> None:
    message, remedy = only(installed(module=(500, {"message": "conversion webhook failed"})))
    assert "getambassador.io/v2" in message and "500" in message
    assert "emissary-apiext" in remedy


# What may not be read ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "right"),
    [
        ("deployment", "get deployments.apps in the namespace ambassador"),
        ("v2", "get the path /apis/getambassador.io/v2"),
        ("module", "get modules.getambassador.io in the namespace ambassador"),
    ],
)
def test_a_right_that_is_missing_is_named_and_nothing_passes_unseen(what: str, right: str) -> None:
    message, remedy = only(installed(**{what: (403, {"message": "hunter2"})}))
    assert right in message and right in remedy
    assert AMBASSADOR in message
    assert "hunter2" not in message + remedy


def test_a_right_that_is_missing_does_not_hide_what_can_be_seen() -> None:
    found = told(installed(deployment=(403, {}), module=None))
    assert ["deployments.apps" in found[0][0], "no Module" in found[1][0]] == [True, True]


def test_an_api_server_that_fails_is_not_taken_for_one_that_has_nothing() -> None:
    message, _ = only(installed(deployment=(503, {})))
    assert "answers with status 503" in message


@pytest.mark.parametrize("body", [[], "text", {}, {"spec": 7}, {"spec": {"template": []}}])
def test_a_workload_without_what_workloads_have_does_not_pass(body: Any) -> None:
    assert told(installed(deployment=(200, body)))


# Together -----------------------------------------------------------------------------------


def test_all_that_does_not_fit_is_reported_at_once() -> None:
    _, made = annotated("disabled", "helm")
    made["spec"]["template"]["spec"]["serviceAccountName"] = "emissary"
    made["spec"]["template"]["metadata"]["labels"] = {"app": "edge"}
    messages = [message for message, _ in told(installed(deployment=(200, made), module=None))]
    for place, part in enumerate(("ServiceAccount", "labels", INJECT, "Module")):
        assert part in messages[place]
    assert len(messages) == 4


def test_what_a_cluster_says_cannot_write_to_the_terminal() -> None:
    _, made = edited("spec template spec serviceAccountName", "evil\x1b[2J")
    made["spec"]["template"]["metadata"]["labels"] = {"app": "evil\x1b[2J\u202e\n"}
    for message, remedy in told(installed(deployment=(200, made))):
        assert (message + remedy).isprintable()
