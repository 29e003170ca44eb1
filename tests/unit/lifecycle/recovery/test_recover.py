"""What a killed run left stuck is found, and repaired in an order in which each step can work."""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import MeshConfig
from lifecycle import recovery
from lifecycle.recovery import Answer, RecoveryError
from lifecycle.recovery.engine import passed
from lifecycle.recovery.half_made import PLACEHOLDERS, alike
from lifecycle.recovery.locks import locks
from lifecycle.recovery.state import RELEASE, read_state
from lifecycle.recovery.torn import torn
from tests.api_servers import CA_PEM, ApiServer, api_server, healthy, kubeconfig, written

Mesh = Callable[[str], MeshConfig]
Thing = dict[str, Any]

UID = "01234567-89ab-4def-8123-456789abcdef"
PROVIDER = "urn:pulumi:s::p::pulumi:providers:kubernetes::a::1"
CRDS, CONTROL_PLANE = ("linkerd", "linkerd-crds"), ("linkerd", "linkerd-control-plane")


def entry(kind: str, name: str, /, **inputs: Any) -> Thing:
    """A resource as the state and a plan have it."""
    return {
        "urn": f"urn:pulumi:s::p::{kind}::{name}",
        "type": kind,
        "provider": PROVIDER,
        "inputs": inputs,
    }


def release(key: tuple[str, str], /, **inputs: Any) -> Thing:
    """A Helm release as the state and a plan have it."""
    return entry(RELEASE, f"a-{key[1]}", namespace=key[0], name=key[1], **inputs)


def record(key: tuple[str, str], revision: int, status: str, config: Any = None) -> Thing:
    """Helm's Secret of a revision."""
    text = json.dumps({"name": key[1], "config": config or {}}).encode()
    packed = base64.b64encode(base64.b64encode(gzip.compress(text))).decode()
    labels = {"owner": "helm", "name": key[1], "version": str(revision), "status": status}
    name = f"sh.helm.release.v1.{key[1]}.v{revision}"
    return {
        "metadata": {"name": name, "namespace": key[0], "labels": labels},
        "data": {"release": packed},
    }


class Surroundings:
    """A cluster, an engine, and what both were asked."""

    def __init__(self, config: MeshConfig, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.secrets: list[Thing] = []
        self.objects: dict[str, Thing] = {}
        self.state: Thing = {}
        self.plan: list[Thing] = []
        self.commands: list[str] = []
        self.steps: list[str] = []
        self.environments: list[Mapping[str, str]] = []
        self.server: ApiServer | None = None

    def respond(self, path: str) -> tuple[int, Any]:
        parts = urlsplit(path)
        if parts.path == "/api/v1/namespaces/linkerd/secrets":
            wanted = parse_qs(unquote(parts.query)).get("labelSelector", [""])[0]
            names = [one.partition("=")[2] for one in wanted.split(",") if one.startswith("name=")]
            found = [
                one
                for one in self.secrets
                if not names or one["metadata"]["labels"]["name"] in names
            ]
            return 200, {"items": found}
        if parts.path in self.objects:
            return 200, self.objects[parts.path]
        return healthy(UID)(path)

    def __call__(self, *arguments: str, **environment: str) -> Answer:
        self.commands.append(arguments[0])
        self.environments.append(environment)
        answers = {
            "whoami": {"url": f"file://{self.folder}"},
            "stack": {"deployment": self.state},
            "preview": {"steps": self.plan},
        }
        return Answer(0, f"a warning\n{json.dumps(answers.get(arguments[0], {}))}")

    def lock(self, host: str, pid: int) -> None:
        """Let a process hold the lock of stack s."""
        folder = self.folder / ".pulumi" / "locks" / "organization" / "p" / "s"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"hostname": host, "pid": pid, "timestamp": "today"})
        (folder / f"{pid}.json").write_text(text)

    def stuck(self) -> recovery.Stuck:
        return recovery.stuck(self.config, recovery.idle("s", self), self)

    def deleted(self) -> list[str]:
        """The Secrets that a repair deleted, by the lines that it printed."""
        return [one.rpartition("/")[2] for one in self.steps if "delete Secret" in one]


@pytest.fixture
def around(mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    # Other tests kill engines meanwhile, whose providers go on for a moment.
    monkeypatch.setattr(sys.modules["lifecycle.recovery.stuck"], "orphaned_providers", list)
    made = Surroundings(mesh("clusters: {a: {context: a}}"), tmp_path)
    with api_server(made.respond) as server:
        made.server = server
        written(kubeconfig({"a": server.url}, {"token": "x"}, CA_PEM), tmp_path / "kubeconfig")
        yield made


def test_where_nothing_is_stuck_there_is_no_line(around: Surroundings) -> None:
    around.secrets = [record(CRDS, 1, "deployed")]
    around.state = {"resources": [release(CRDS)]}
    found = around.stuck()
    assert [*found.lines(), *found.releases] == []
    assert around.commands == ["whoami", "stack"]


def test_every_thing_that_is_stuck_has_its_line(around: Surroundings) -> None:
    around.lock("elsewhere", 12)
    around.secrets = [record(CRDS, 3, "failed"), record(CONTROL_PLANE, 2, "pending-upgrade")]
    pending = {"type": "updating", "resource": release(CONTROL_PLANE)}
    around.state = {
        "resources": [release(CRDS), release(CONTROL_PLANE)],
        "pending_operations": [pending],
    }
    text = "\n".join(around.stuck().lines())
    assert "locked by process 12 on elsewhere" in text
    assert "updating Release a-linkerd-control-plane" in text
    assert "release linkerd/linkerd-crds is stuck in failed" in text
    assert "release linkerd/linkerd-control-plane is stuck in pending-upgrade" in text


def test_a_run_that_goes_on_is_left_alone(around: Surroundings) -> None:
    around.lock(socket.gethostname(), os.getpid())
    with pytest.raises(RecoveryError) as raised:
        around.stuck()
    assert str(os.getpid()) in raised.value.message
    assert around.commands == ["whoami"]


def test_the_lock_goes_first_then_records_and_the_state_is_compared_last(
    around: Surroundings,
) -> None:
    around.lock("elsewhere", 12)
    around.secrets = [record(CONTROL_PLANE, 2, "pending-upgrade"), record(CRDS, 1, "deployed")]
    around.state = {"resources": [release(CONTROL_PLANE), release(CRDS)]}
    recovery.repair(around.config, around.stuck(), around, around.steps.append)
    assert around.commands[-2:] == ["cancel", "refresh"]
    assert around.deleted() == ["sh.helm.release.v1.linkerd-control-plane.v2"]
    order = [one.split()[0] for one in around.steps]
    assert order == ["pulumi", "cluster", "pulumi"]


def test_a_release_whose_installation_did_not_end_loses_all_of_its_records(
    around: Surroundings,
) -> None:
    around.secrets = [
        record(CRDS, 1, "superseded"),
        record(CRDS, 2, "deployed"),
        record(CONTROL_PLANE, 1, "deployed"),
    ]
    pending = {"type": "creating", "resource": release(CRDS)}
    around.state = {"resources": [release(CONTROL_PLANE)], "pending_operations": [pending]}
    recovery.repair(around.config, around.stuck(), around, around.steps.append)
    assert around.deleted() == [f"sh.helm.release.v1.linkerd-crds.v{one}" for one in (1, 2)]


def test_a_deletion_that_was_interrupted_is_completed_by_the_engine(around: Surroundings) -> None:
    around.secrets = [record(CRDS, 1, "uninstalling")]
    pending = {"type": "deleting", "resource": release(CRDS)}
    around.state = {"resources": [release(CRDS)], "pending_operations": [pending]}
    found = around.stuck()
    assert found.state.deleting
    recovery.repair(around.config, found, around, around.steps.append)
    assert around.commands[-2:] == ["destroy", "refresh"]
    assert around.steps[0].endswith(release(CRDS)["urn"])
    assert around.deleted() == []


@given(
    stated=st.sets(st.sampled_from([CRDS, CONTROL_PLANE])),
    recorded=st.sets(st.sampled_from([CRDS, CONTROL_PLANE])),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_releases_that_only_the_state_has_are_named_and_leave_it_by_a_comparison(
    around: Surroundings, stated: set[tuple[str, str]], recorded: set[tuple[str, str]]
) -> None:
    around.secrets = [record(key, 1, "deployed") for key in recorded]
    around.state = {"resources": [release(key) for key in stated]}
    found = around.stuck()
    assert set(found.lines()) == {
        f"cluster 'a': release {'/'.join(key)} is in the state, but does not exist"
        for key in stated - recorded
    }
    around.commands.clear()
    recovery.repair(around.config, found, around, around.steps.append)
    assert around.commands == ["refresh"]
    assert around.deleted() == []


def test_a_pending_creation_that_a_later_update_completed_is_no_reason_to_touch_a_release(
    around: Surroundings,
) -> None:
    around.secrets = [record(CRDS, 2, "deployed")]
    pending = {"type": "creating", "resource": release(CRDS)}
    around.state = {"resources": [release(CRDS)], "pending_operations": [pending]}
    assert around.stuck().releases == ()


OURS = ("pulumi-kubernetes", "pulumi-kubernetes-1a2b3c4d")


@pytest.mark.parametrize("made_by", [OURS[:1], OURS[1:], (OURS[0], "kubectl-edit"), ()])
def test_what_has_no_other_owner_is_taken_over_by_an_update_that_may(
    around: Surroundings, made_by: tuple[str, ...]
) -> None:
    around.plan = [
        {"op": "create", "newState": entry("kubernetes:core/v1:Namespace", "a-b", **NAMESPACE)},
        {"op": "create", "newState": entry("kubernetes:core/v1:Namespace", "a-c", **ABSENT)},
        {"op": "same", "newState": entry("kubernetes:core/v1:Namespace", "a-d", **NAMESPACE)},
    ]
    around.objects["/api/v1/namespaces/shop"] = managed(*made_by)
    found = recovery.half_made(around.config, around)
    assert found.objects == ("cluster 'a': Namespace a-b",)
    recovery.finish(around.config, found, around, around.steps.append)
    assert around.commands == ["preview", "up", "stack"]
    upsert = {"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"}
    assert around.environments == [upsert, upsert, {}]


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
ABSENT = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}


def managed(*managers: str, **metadata: Any) -> Thing:
    """An object that these managers wrote, and whose status a controller did."""
    fields = [{"manager": one} for one in managers]
    fields.append({"manager": "kube-controller-manager", "subresource": "status"})
    return {"metadata": {"name": "shop", "managedFields": fields, **metadata}}


def applied(manager: str) -> Thing:
    """The entry of a field manager that applied an object."""
    return {"manager": manager, "operation": "Apply"}


def test_field_managers_of_killed_runs_are_removed_before_the_state_is_compared(
    around: Surroundings,
) -> None:
    own, killed = "pulumi-kubernetes-0a1b2c3d", "pulumi-kubernetes-ffffffff"
    made = entry("kubernetes:core/v1:Namespace", "a-b", **NAMESPACE)
    around.state = {"resources": [{**made, "outputs": {"__fieldManager": own}}]}
    entries = [applied(killed), {"manager": "kubectl", "operation": "Update"}, applied(own)]
    metadata = {"name": "shop", "resourceVersion": "7", "managedFields": entries}
    around.objects["/api/v1/namespaces/shop"] = {"metadata": metadata}
    found = around.stuck()
    (line,) = found.lines()
    assert line.startswith(f"cluster 'a': Namespace a-b has fields of a killed run ({killed})")
    recovery.repair(around.config, found, around, around.steps.append)
    assert around.server
    (sent,) = [one.body for one in around.server.requests if one.body]
    assert sent == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "remove", "path": "/metadata/managedFields/0"},
    ]
    assert around.steps == [f"cluster 'a': Namespace a-b loses {killed}", "pulumi refresh"]


def test_what_another_owner_made_stops_the_recovery_before_an_update(around: Surroundings) -> None:
    around.plan = [
        {"op": "create", "newState": entry("kubernetes:core/v1:Namespace", "a-b", **NAMESPACE)}
    ]
    around.objects["/api/v1/namespaces/shop"] = managed("kubectl-create")
    found = recovery.half_made(around.config, around)
    assert found.objects == ()
    with pytest.raises(RecoveryError) as raised:
        recovery.finish(around.config, found, around, around.steps.append)
    assert "Namespace a-b" in raised.value.message
    assert around.commands == ["preview"]


@pytest.mark.parametrize("last", ["program exited with non-zero exit code: 1", "nothing was …"])
def test_a_preview_that_the_guard_refuses_is_reported_with_what_the_guard_says(last: str) -> None:
    refusal = "nothing was changed, because\n  cluster 'a' (context 'a'): pods may hold old anchors"
    said = [(refusal, "error"), (f"an unhandled error occurred: {last}", "error"), ("x", "warning")]
    diagnostics = [{"message": f"error: {text}\n", "severity": kind} for text, kind in said]
    output = f"a warning\n{json.dumps({'steps': [], 'diagnostics': diagnostics}, indent=4)}"
    with pytest.raises(RecoveryError) as raised:
        passed(Answer(1, output), "`pulumi preview`", "repeat")
    assert raised.value.message == f"`pulumi preview` failed:\n{refusal}"


UNREACHED = Answer(
    1,
    "    kubernetes:core/v1:Namespace a-b warning: configured Kubernetes cluster is unreachable: "
    "unable to load schema information from the API server: unexpected EOF\n"
    "    error: failed to read resource state due to unreachable cluster.\n" * 3,
)


def test_a_cluster_that_the_engine_does_not_reach_is_reported_with_the_cause() -> None:
    with pytest.raises(RecoveryError) as raised:
        passed(UNREACHED, "`pulumi refresh`", "repeat")
    assert raised.value.message.count("unexpected EOF") == 1
    assert raised.value.message.count("error: failed to read") == 1


@pytest.mark.parametrize(
    ("answers", "looks"),
    [
        ([UNREACHED, Answer(0, "")], 1),
        ([UNREACHED, UNREACHED], 1),
        ([Answer(1, "error: forbidden")], 0),
        ([Answer(0, UNREACHED.output)], 0),
    ],
    ids=["then reached", "never reached", "another error", "no error"],
)
def test_a_command_is_repeated_once_where_a_cluster_was_not_reached(
    answers: list[Answer], looks: int
) -> None:
    left, looked = list(answers), []
    engine = recovery.patient(lambda *_, **__: left.pop(0), lambda: looked.append(1))
    assert engine("refresh") == answers[-1]
    assert (left, len(looked)) == ([], looks)


def test_an_object_in_deletion_is_not_half_made(around: Surroundings) -> None:
    around.plan = [
        {"op": "create", "newState": entry("kubernetes:core/v1:Namespace", "a-b", **NAMESPACE)}
    ]
    around.objects["/api/v1/namespaces/shop"] = managed(
        "pulumi-kubernetes", deletionTimestamp="2026-01-01T00:00:00Z"
    )
    assert [*recovery.half_made(around.config, around).lines()] == []


@pytest.mark.parametrize(("found", "ours"), [({"a": 1}, True), ({"a": 2}, False), ({}, False)])
def test_a_release_is_this_stacks_where_it_has_its_values(
    around: Surroundings, found: Thing, ours: bool
) -> None:
    around.plan = [{"op": "create", "newState": release(CRDS, values={"a": 1})}]
    around.secrets = [record(CRDS, 1, "deployed", found)]
    half = recovery.half_made(around.config, around)
    assert bool(half.releases) is ours
    assert bool(half.foreign) is not ours


VALUES = st.recursive(
    st.booleans() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_values_are_compared_as_far_as_the_plan_knows_them(one: Any, other: Any) -> None:
    assert alike(one, one)
    assert alike({"a": one, "b": other}, {"a": one, "b": PLACEHOLDERS[0]})
    assert alike({"a": [one]}, {"a": [other]}) == (one == other)


@pytest.mark.parametrize("url", ["s3://bucket", "https://api.pulumi.com/me", ""])
def test_a_backend_that_is_no_folder_shows_no_locks(url: str) -> None:
    assert list(locks(url, "s")) == []


def test_a_lock_of_another_stack_is_not_this_ones(around: Surroundings) -> None:
    around.lock("elsewhere", 3)
    assert list(locks(f"file://{around.folder}", "t")) == []
    assert len(list(locks(f"file://{around.folder}", "s"))) == 1


def test_an_empty_state_has_nothing() -> None:
    found = read_state({"deployment": None})
    assert (found.resources, found.pending) == ((), ())


def test_only_attributes_of_the_stack_that_no_command_can_read_are_deleted(tmp_path: Path) -> None:
    state = tmp_path / ".pulumi"
    whole = '{"user.content_type": ""}'
    contents = {
        "stacks/p/s.json.attrs": "",
        "stacks/p/s.json.bak.attrs": whole,
        "history/p/s/s-1.history.json.attrs": whole[:9],
        "locks/organization/p/s/1.json.attrs": "",
        # The state itself, and another stack, in which a run may be writing.
        "stacks/p/s.json": "",
        "stacks/p/other.json.attrs": "",
    }
    for name, content in contents.items():
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_text(content)
    assert [str(file.relative_to(state)) for file in torn(tmp_path.as_uri(), "s")] == [
        "history/p/s/s-1.history.json.attrs",
        "locks/organization/p/s/1.json.attrs",
        "stacks/p/s.json.attrs",
    ]
    assert torn("s3://states", "s") == []
