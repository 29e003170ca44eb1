"""Extra values of charts: what they may change, and what they may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config import MeshConfig, Problem, load_settings
from config.inventory import inventory
from config.inventory.values import ReleaseValues
from config.inventory.values.derived import Derived, Entry
from config.inventory.values.merging import MERGE_KEYS, entry_key, merged, nested
from config.language.problems import join, step
from config.rules.values import contradictions
from render import Recording
from tests.contracts.shaping.derive import BASES
from tests.recordings import of_type
from tests.remedies import mended
from tests.stack_builders import changed, loaded, parts, problems, valid_settings
from tests.stack_files import STACK_FILES

RELEASE = "kubernetes:helm.sh/v3:Release"

EXTRA_PORT = """
clusters:
  a: {context: a}
  b:
    context: b
    ambassador:
      gateway: {}
      values:
        service:
          ports:
            - {name: http, port: 80, targetPort: 8080}
            - {name: https, port: 443, targetPort: 8443}
            - {name: mqtt, port: 8883, targetPort: 8883}
links:
  - {source: a, target: b}
"""
OWN_CONTROLLERS = """
clusters:
  a:
    context: a
    linkerd:
      multicluster:
        values:
          controllers:
            - link: {ref: {name: b}}
              logLevel: debug
  b: {context: b, ambassador: {gateway: {probe: ambassador}}}
  c: {context: c, ambassador: {gateway: {}}}
links:
  - {source: a, target: b}
  - {source: a, target: c}
"""
NODE_PORTS = """
clusters:
  cloud: {context: cloud}
  onprem:
    context: onprem
    ambassador:
      service: {type: NodePort}
      gateway: {probePort: 30191}
      values:
        service:
          ports:
            - {name: http, port: 80, targetPort: 8080, nodePort: 30080}
            - {name: mc-gateway, port: 4143, targetPort: 4143, nodePort: 30143}
            - {name: mc-probe, port: 30191, targetPort: 4191, nodePort: 30191}
links:
  - source: cloud
    target: onprem
    gateway: {address: [203.0.113.20], port: 30143}
"""
Records = Callable[[MeshConfig], Recording]


def installed(recorded: Records, text: str, cluster: str, chart: str) -> dict[str, Any]:
    """The values that the program passes to a chart."""
    recording = recorded(load_settings(yaml.safe_load(text), "test"))
    [found] = [
        item
        for item in of_type(recording, RELEASE)
        if item.cluster == cluster and chart in str(item.inputs["chart"]).split("/")
    ]
    values: dict[str, Any] = found.inputs["values"]
    return values


def test_a_further_port_of_the_service_is_beside_those_of_the_gateway(recorded: Records) -> None:
    values = installed(recorded, EXTRA_PORT, "b", "emissary-ingress")
    assert {port["name"]: port["port"] for port in values["service"]["ports"]} == {
        "http": 80,
        "https": 443,
        "mc-gateway": 4143,
        "mc-probe": 4191,
        "mqtt": 8883,
    }


def test_a_log_level_of_one_link_leaves_the_controllers_of_all(recorded: Records) -> None:
    values = installed(recorded, OWN_CONTROLLERS, "a", "linkerd-multicluster")
    assert values["controllers"] == [
        {
            "link": {"ref": {"name": "b"}},
            "gateway": {"probe": {"port": 80}},
            "logLevel": "debug",
        },
        {"link": {"ref": {"name": "c"}}, "gateway": {"probe": {"port": 4191}}},
    ]


def test_node_ports_by_values_are_added_to_the_ports_of_the_same_names(recorded: Records) -> None:
    values = installed(recorded, NODE_PORTS, "onprem", "emissary-ingress")
    assert [(port["name"], port.get("nodePort")) for port in values["service"]["ports"]] == [
        ("http", 30080),
        ("https", None),
        ("mc-gateway", 30143),
        ("mc-probe", 30191),
    ]


PORTS = "clusters.b.ambassador.values.service.ports"


@pytest.mark.parametrize(
    ("port", "path", "message", "remedy"),
    [
        (
            {"name": "mc-gateway", "port": 5143},
            f"{PORTS}[0].port",
            "5143 contradicts the value that the program derives from "
            "clusters.b.ambassador.gateway.port",
            "set clusters.b.ambassador.gateway.port instead",
        ),
        (
            {"name": "mc-probe", "targetPort": 9990},
            f"{PORTS}[0].targetPort",
            "9990 contradicts",
            "leave it out",
        ),
        (
            {"name": "mqtt", "port": 4143},
            f"{PORTS}[0].port",
            "port 4143 is already the port 'mc-gateway'",
            "write another port here",
        ),
        (
            {"name": "web", "port": 80},
            f"{PORTS}[0].port",
            "port 80 is already the port 'http'",
            "name it 'http'",
        ),
        ({"port": 8883}, f"{PORTS}[0]", "this entry has no name", "add name"),
    ],
)
def test_a_port_that_contradicts_the_service_is_refused(
    port: dict[str, Any], path: str, message: str, remedy: str
) -> None:
    settings_ = changed({PORTS: [port]}, yaml.safe_load(EXTRA_PORT))
    [problem] = problems(settings_)
    assert problem.path == path
    assert message in problem.message
    assert remedy in problem.remedy


def test_the_same_number_over_another_protocol_is_another_port() -> None:
    port = {"name": "http3", "port": 443, "targetPort": 8443, "protocol": "UDP"}
    assert problems(changed({PORTS: [port]}, yaml.safe_load(EXTRA_PORT))) == ()


def test_a_controller_for_no_link_is_refused() -> None:
    path = "clusters.a.linkerd.multicluster.values.controllers"
    entries = [{"link": {"ref": {"name": "d"}}}, {"logLevel": "debug"}]
    found = problems(changed({path: entries}, yaml.safe_load(OWN_CONTROLLERS)))
    assert [problem.path for problem in found] == [f"{path}[0].link.ref.name", f"{path}[1]"]
    assert "'d'" in found[0].message
    assert "write one of b, c" in found[0].remedy
    assert "add link.ref.name" in found[1].remedy


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"version": "3.10.0"}, {"waitForApiext": {"enabled": False}}),
        (
            {"flavour": "edge-stack", "edgeStack": {"licenseSecret": "licence"}},
            {"emissary-ingress": {"waitForApiext": {"enabled": False}}},
        ),
        ({"replicas": 2}, {"replicaCount": 5, "image": {"tag": "4.1.0-own"}}),
        ({"highAvailability": True}, {"podDisruptionBudget": {"minAvailable": 2}}),
        ({}, {"podAnnotations": {"example.com/team": "edge"}, "env": {"AES_LOG_LEVEL": "debug"}}),
    ],
)
def test_an_extra_value_wins_over_a_default(
    recorded: Records, changes: dict[str, Any], values: dict[str, Any]
) -> None:
    settings_ = yaml.safe_load(EXTRA_PORT)
    settings_["clusters"]["b"]["ambassador"] = {"gateway": {}, **changes, "values": values}
    chart = str(changes.get("flavour", "emissary-ingress"))
    passed = installed(recorded, yaml.safe_dump(settings_), "b", chart)
    assert merged(passed, values) == passed
    assert not {"minAvailable", "maxUnavailable"} <= set(passed.get("podDisruptionBudget") or {})


# Every derived value --------------------------------------------------------------------------


def every_release(mesh: MeshConfig) -> Iterator[tuple[str, ReleaseValues]]:
    for name in mesh.clusters:
        for (_, release), values in inventory(mesh, name).values.items():
            yield release, replace(values, extra={})


def at(row: Derived, value: Any) -> tuple[str, dict[str, Any]]:
    """Extra values with a value at a row's path, and the place of that value below their key."""
    found, place = value, ""
    for index in range(len(row.path) - 1, -1, -1):
        part = row.path[index]
        if isinstance(part, Entry):
            found = [merged(nested(part.key, MERGE_KEYS[str(row.path[index - 1])]), found)]
            place = join(step(0), place)
        else:
            found = {part: found}
            place = join(step(part), place)
    assert isinstance(found, dict)
    return place, found


def of(values: Any, row: Derived) -> Any:
    """What some values have at a row's path."""
    before = None
    for part in row.path:
        if isinstance(part, Entry):
            keyed = {entry_key(str(before), entry): entry for entry in values or ()}
            values = keyed.get(part.key)
        else:
            values = values.get(part) if isinstance(values, dict) else None
        before = part
    return values


def refused(values: ReleaseValues, extra: dict[str, Any]) -> list[Problem]:
    return list(contradictions(replace(values, extra=extra)))


@pytest.mark.parametrize("name", STACK_FILES)
def test_another_value_than_a_derived_one_is_refused_at_its_place(
    stack_config: Callable[[str], MeshConfig], name: str
) -> None:
    seen = 0
    for chart, values in every_release(stack_config(name)):
        for row in values.derived:
            place, extra = at(row, "other")
            found = refused(values, extra)
            if row.source == "offered":
                assert found == []
                continue
            [problem] = found
            assert problem.path == join(values.key, place), chart
            assert (f"set {row.key} instead" in problem.remedy) == bool(row.key)
            assert ("'other'" in problem.message) == (row.value is not None or bool(row.changes))
            seen += 1
    assert seen > 20


@pytest.mark.parametrize("name", STACK_FILES)
def test_the_derived_value_itself_may_be_written(
    stack_config: Callable[[str], MeshConfig], name: str
) -> None:
    for chart, values in every_release(stack_config(name)):
        for row in values.derived:
            if row.source != "placed":
                assert refused(values, at(row, row.value)[1]) == [], (chart, row)


@pytest.mark.parametrize("name", ["every-option", "edge-stack", "linkerd-2.8"])
def test_a_value_that_replaces_the_mapping_of_a_derived_one_is_refused(
    stack_config: Callable[[str], MeshConfig], name: str
) -> None:
    for chart, values in every_release(stack_config(name)):
        for row in values.derived:
            if row.source in ("passed", "placed") and len(row.path) > 1:
                for other in (None, "text"):
                    [problem] = refused(values, {str(row.path[0]): other})
                    assert problem.path == f"{values.key}.{row.path[0]}", chart


@pytest.mark.parametrize("name", STACK_FILES)
def test_what_is_derived_is_what_the_program_passes(
    stack_config: Callable[[str], MeshConfig], stack: Callable[[str], Recording], name: str
) -> None:
    mesh = stack_config(name)
    passed = {
        (str(item.cluster), str(item.inputs["namespace"]), str(item.inputs["name"])): item.inputs
        for item in of_type(stack(name), RELEASE)
    }
    for cluster in mesh.clusters:
        found = inventory(mesh, cluster)
        for release in found.releases:
            values = passed[cluster, release.namespace, release.name].get("values") or {}
            for row in found.values[release.key].derived:
                given_ = of(values, row)
                if row.source == "passed":
                    assert given_ == row.value, row
                elif row.source == "placed":
                    assert given_, row


OTHERS = st.sampled_from([None, True, False, 1, 8080, "other", "", [], {}, {"other": 1}, ["a"]])


@settings(max_examples=80, deadline=None)
@given(valid_settings(), st.data())
def test_extra_values_that_are_accepted_leave_every_derived_value(
    drawn: dict[str, Any], data: st.DataObject
) -> None:
    """Drawn beside, above and below the derived values, in any cluster's releases."""
    mesh = loaded(drawn)
    releases = [values for _, values in every_release(mesh) if values.derived]
    values = data.draw(st.sampled_from(releases))
    extra: dict[str, Any] = {}
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.sampled_from(values.derived))
        cut = data.draw(st.integers(1, len(row.path)))
        path = row.path[:cut]
        value = data.draw(st.one_of(OTHERS, st.just(row.value)))
        if isinstance(path[-1], Entry):
            path = path[:-1]
        extra = merged(extra, at(replace(row, path=path), value)[1])
    if refused(values, extra):
        return
    whole = replace(values, extra=extra).over({})
    for row in values.derived:
        if row.source == "passed":
            assert of(whole, row) == row.value
        elif row.source == "placed":
            assert of(whole, row) is None


@settings(max_examples=40, deadline=None)
@given(valid_settings(), st.data())
def test_following_the_remedy_of_a_refused_value_leaves_fewer_problems(
    drawn: dict[str, Any], data: st.DataObject
) -> None:
    mesh = loaded(drawn)
    releases = [values for _, values in every_release(mesh) if values.derived]
    values = data.draw(st.sampled_from(releases))
    row = data.draw(st.sampled_from([row for row in values.derived if row.source != "offered"]))
    _, extra = at(row, "other")
    settings_ = changed({values.key: merged(extra_of(drawn, values.key), extra)}, drawn)
    found = [problem for problem in problems(settings_) if problem.path.startswith(values.key)]
    assert found
    for problem in found:
        assert mended(settings_, problem), str(problem)


def extra_of(settings_: Any, key: str) -> dict[str, Any]:
    """The extra values of a release in a stack file."""
    for part in parts(key):
        settings_ = settings_.get(part) or {}
    found: dict[str, Any] = settings_
    return found


# Values that are left to a chart's default ----------------------------------------------------


def installed_charts() -> Iterator[tuple[str, str, ReleaseValues]]:
    """Every chart of the table as the program installs it: its name, a cluster, its values."""
    found: dict[str, ReleaseValues] = {}
    for base in BASES:
        mesh = loaded(base)
        for cluster in mesh.clusters:
            made = inventory(mesh, cluster)
            for release in made.releases:
                found.setdefault(release.chart, replace(made.values[release.key], extra={}))
    for chart, values in found.items():
        yield chart, values.key, values


SHAPED = [case for case in installed_charts() if any(row.changes for row in case[2].derived)]


@pytest.mark.parametrize(("chart", "key", "values"), SHAPED, ids=[case[0] for case in SHAPED])
def test_each_row_of_the_table_is_refused_unless_it_is_the_charts_default(
    chart: str, key: str, values: ReleaseValues
) -> None:
    rows = [row for row in values.derived if row.changes]
    for row in rows:
        place, extra = at(row, "another" if row.value != "another" else "other")
        [problem] = refused(values, extra)
        assert problem.path == join(key, place), chart
        assert "leave it out" in problem.remedy
        assert row.changes in problem.message
        assert refused(values, at(row, row.value)[1]) == []


@pytest.mark.parametrize(
    ("flavour", "values", "path", "remedy"),
    [
        ({}, {"daemonSet": True}, "daemonSet", "leave it out"),
        ({}, {"hostNetwork": True}, "hostNetwork", "leave it out"),
        ({}, {"namespaceOverride": "edge"}, "namespaceOverride", "ambassador.namespace instead"),
        ({}, {"service": {"nameOverride": "edge"}}, "service.nameOverride", "ambassador.name"),
        (
            {"flavour": "ambassador", "gateway": {"probe": "ambassador"}},
            {"daemonSet": True},
            "daemonSet",
            "leave it out",
        ),
        (
            {"flavour": "edge-stack", "edgeStack": {"licenseSecret": "licence"}},
            {"emissary-ingress": {"hostNetwork": True}},
            "emissary-ingress.hostNetwork",
            "leave it out",
        ),
    ],
)
def test_another_kind_of_workload_or_network_is_refused_with_its_place(
    flavour: dict[str, Any], values: dict[str, Any], path: str, remedy: str
) -> None:
    linkerd = {"version": "2.8.1"} if flavour.get("flavour") == "ambassador" else {}
    edge = {"gateway": {}, **flavour, "values": values}
    cluster = {"context": "b", "linkerd": linkerd, "ambassador": edge}
    [problem] = problems({"clusters": {"b": cluster}})
    assert problem.path == f"clusters.b.ambassador.values.{path}"
    assert remedy in problem.remedy


@pytest.mark.parametrize("value", [0, "false", None])
def test_a_value_of_another_type_than_the_derived_one_is_refused(value: Any) -> None:
    """0 is equal to False in Python, and no boolean for a chart."""
    settings_ = {"clusters": {"a": {"context": "a", "linkerd": {"values": {"cniEnabled": value}}}}}
    [problem] = problems(settings_)
    assert problem.path == "clusters.a.linkerd.values.cniEnabled"
    assert "clusters.a.linkerd.cni instead" in problem.remedy
