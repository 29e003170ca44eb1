"""The provider of mirrored Services: what a change replaces, and how a deletion fails."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.struct_pb2 import Struct  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2

from lifecycle.orphans.provider import FORGET, MirrorsPlugin, delete

ROOT = Path(__file__).resolve().parents[4]
VALUES = {
    "cluster": "east",
    "target": "west",
    "uid": "u1",
    "context": "east",
    "kubeconfig": "/nowhere/config",
}


def struct(values: dict[str, str]) -> Struct:
    made = Struct()
    made.update(values)
    return made


@settings(deadline=None)
@given(changed=st.sets(st.sampled_from(sorted(VALUES))))
def test_another_cluster_or_target_replaces_it_and_another_login_does_not(
    changed: set[str],
) -> None:
    news = {key: f"{value}-2" if key in changed else value for key, value in VALUES.items()}
    request = provider_pb2.DiffRequest(olds=struct(VALUES), news=struct(news))
    answer: Any = MirrorsPlugin().Diff(request, None)
    assert set(answer.diffs) == changed
    assert set(answer.replaces) == changed - {"context", "kubeconfig"}
    some = provider_pb2.DiffResponse.DIFF_SOME
    assert (answer.changes == some) == bool(changed)


def test_a_cluster_that_cannot_be_reached_is_named_with_the_way_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(FORGET, raising=False)
    monkeypatch.setenv("KUBECONFIG", "")
    failure = str(delete(VALUES))
    assert failure.startswith("cluster 'east': there is no kubeconfig at /nowhere/config")
    assert "docs/removal.md" in failure


def test_a_cluster_that_does_not_exist_any_more_can_be_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(FORGET, "true")
    monkeypatch.setenv("KUBECONFIG", "")
    assert delete(VALUES) is None


def test_no_credentials_are_in_the_message_of_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FORGET, raising=False)
    user = {"name": "east", "user": {"token": "very-secret"}}
    content = {
        "current-context": "east",
        "contexts": [{"name": "east", "context": {"cluster": "east", "user": "east"}}],
        "clusters": [{"name": "east", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [user],
    }
    failure = str(delete({**VALUES, "kubeconfig": yaml.safe_dump(content)}))
    assert failure.startswith("cluster 'east': the API server refuses connections")
    assert "very-secret" not in failure


def test_the_engine_finds_the_provider_where_the_project_says() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    ((name, path),) = [(one["name"], one["path"]) for one in project["plugins"]["providers"]]
    program = ROOT / path / f"pulumi-resource-{name}"
    assert program.stat().st_mode & 0o111


def test_the_provider_ends_when_the_engine_interrupts_it() -> None:
    program = ROOT / "lifecycle" / "orphans" / "plugin" / "pulumi-resource-mesh"
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == 0
        finally:
            process.kill()
