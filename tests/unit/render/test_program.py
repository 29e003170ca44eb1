"""The recording engine: what it keeps, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from pulumi.runtime import settings

from charts import ChartSource, MissingChartsError
from components import ManifestError
from config import MeshConfig
from render import (
    ClusterAnswers,
    Recording,
    RenderError,
    TlsProvider,
    offline_reach,
    record_program,
)
from tests.recordings import by_urn, of_type

Mesh = Callable[[str], MeshConfig]
Records = Callable[..., Recording]


class Component(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Component", name, {}, opts)


def recorded_program(program: Callable[[], object]) -> Recording:
    return record_program(program, ClusterAnswers.placeholders())


def config_map(
    name: str, data: Any = None, opts: pulumi.ResourceOptions | None = None
) -> kubernetes.core.v1.ConfigMap:
    return kubernetes.core.v1.ConfigMap(name, metadata={"name": name}, data=data, opts=opts)


def test_options_of_a_resource_are_kept() -> None:
    def program() -> None:
        provider = kubernetes.Provider("east", context="east")
        first = config_map("first", opts=pulumi.ResourceOptions(provider=provider))
        config_map(
            "second",
            opts=pulumi.ResourceOptions(
                provider=provider,
                depends_on=[first],
                protect=True,
                delete_before_replace=True,
                retain_on_delete=True,
                deleted_with=first,
                ignore_changes=["data"],
                replace_on_changes=["metadata"],
                additional_secret_outputs=["data"],
                custom_timeouts=pulumi.CustomTimeouts(create="5s", delete="7s"),
            ),
        )

    recording = recorded_program(program)
    first, second = recording.named("first"), recording.named("second")
    assert (first.cluster, second.cluster) == ("east", "east")
    assert second.depends_on == {first.urn}
    assert second.deleted_with == first.urn
    assert second.ignore_changes == ("data",)
    assert second.replace_on_changes == ("metadata",)
    assert second.additional_secret_outputs == {"data"}
    assert (second.timeouts.create, second.timeouts.update, second.timeouts.delete) == (
        "5s",
        None,
        "7s",
    )
    for field in ("protect", "delete_before_replace", "retain_on_delete"):
        assert (getattr(first, field), getattr(second, field)) == (False, True), field


def test_a_default_provider_is_no_cluster() -> None:
    assert recorded_program(lambda: config_map("one")).named("one").cluster is None


def test_a_value_of_another_resource_is_a_dependency_on_it() -> None:
    def program() -> None:
        first = config_map("first", {"key": "value"})
        config_map("second", {"copy": first.data.apply(lambda data: data["key"])})

    recording = recorded_program(program)
    second = recording.named("second")
    first = recording.named("first")
    assert second.inputs["data"] == {"copy": "value"}
    assert second.property_depends_on["data"] == {first.urn}
    assert second.depends_on == {first.urn}


def test_whole_numbers_are_integers_and_others_are_not() -> None:
    def program() -> None:
        kubernetes.apiextensions.CustomResource(
            "one",
            api_version="test.example/v1",
            kind="Thing",
            spec={"port": 80, "ratio": 0.5, "big": 2**40, "on": True, "none": [1, None]},
        )

    spec = recorded_program(program).named("one").inputs["spec"]
    assert repr(dict(sorted(spec.items()))) == repr(
        {"big": 2**40, "none": [1, None], "on": True, "port": 80, "ratio": 0.5}
    )


def test_a_secret_is_known_by_its_exact_place() -> None:
    def program() -> None:
        hidden = pulumi.Output.secret("a secret")
        config_map("one", {"plain": "text", "hidden": hidden})

    one = recorded_program(program).named("one")
    assert one.secret_paths == {("data", "hidden")}
    assert one.secrets == {"data"}
    assert one.inputs["data"] == {"plain": "text", "hidden": "a secret"}


def test_what_comes_from_a_secret_input_is_secret_in_turn() -> None:
    def program() -> None:
        first = config_map("first", {"hidden": pulumi.Output.secret("a secret")})
        config_map("second", {"copy": first.data.apply(lambda data: data["hidden"])})

    assert recorded_program(program).named("second").secrets == {"data"}


def test_urns_are_formed_as_the_engine_forms_them() -> None:
    def program() -> None:
        outer = Component("outer")
        inner = Component("inner", pulumi.ResourceOptions(parent=outer))
        config_map("leaf", opts=pulumi.ResourceOptions(parent=inner))

    recording = recorded_program(program)
    start = "urn:pulumi:render::linkerd-ambassador-mesh"
    component = "test:index:Component"
    assert recording.named("outer").urn == f"{start}::{component}::outer"
    assert recording.named("leaf").urn == (
        f"{start}::{component}${component}$kubernetes:core/v1:ConfigMap::leaf"
    )
    assert recording.named("leaf").parent == recording.named("inner").urn


def test_a_component_that_never_registers_its_outputs_is_reported() -> None:
    def program() -> None:
        Component("silent")
        Component("done").register_outputs({"a": 1, "b": pulumi.Output.secret("x")})

    recording = recorded_program(program)
    assert not recording.named("silent").outputs_registered
    done = recording.named("done")
    assert (done.outputs_registered, done.outputs) == (True, {"a": 1, "b": "x"})
    assert done.secret_output_paths == {("b",)}


def test_resources_come_in_the_order_of_the_program() -> None:
    names = [f"n{number}" for number in range(40)]

    def program() -> None:
        late: Awaitable[str] = asyncio.sleep(0.05, "late")
        slow: pulumi.Output[str] = pulumi.Output.from_input(late)
        for number, name in enumerate(names):
            config_map(name, {"wait": slow if number % 2 == 0 else "not"})

    assert [item.name for item in recorded_program(program)] == names


def test_exports_are_the_outputs_of_the_recording() -> None:
    def program() -> None:
        pulumi.export("plain", {"a": [1, "x"]})
        pulumi.export("hidden", pulumi.Output.secret("y"))

    recording = recorded_program(program)
    assert recording.outputs == {"plain": {"a": [1, "x"]}, "hidden": "y"}
    assert recording.secret_output_paths == {("hidden",)}


def test_two_resources_of_one_urn_are_refused_as_the_engine_does() -> None:
    def program() -> None:
        config_map("one")
        config_map("one")

    with pytest.raises(ValueError, match="two resources"):
        recorded_program(program)


def test_dependencies_in_a_circle_are_named() -> None:
    recording = recorded_program(lambda: (config_map("one"), config_map("two")))
    one, two = recording.registrations
    one.depends_on, two.depends_on = frozenset({two.urn}), frozenset({one.urn})
    with pytest.raises(ValueError, match="wait for each other") as caught:
        recording.in_dependency_order()
    assert one.urn in str(caught.value)
    assert two.urn in str(caught.value)


def test_what_waits_for_a_resource_is_found_through_others() -> None:
    def program() -> None:
        first = config_map("first")
        second = config_map("second", opts=pulumi.ResourceOptions(depends_on=[first]))
        config_map("third", opts=pulumi.ResourceOptions(depends_on=[second]))
        config_map("other")

    recording = recorded_program(program)
    urns = {item.name: item.urn for item in recording}
    assert recording.downstream([urns["first"]]) == {urns["second"], urns["third"]}
    assert recording.upstream([urns["third"]]) == {urns["first"], urns["second"]}


@pytest.mark.parametrize("where", ["program", "apply"])
def test_a_refusal_of_the_program_reaches_the_caller_as_one_clean_error(where: str) -> None:
    def refuse(_: object) -> str:
        raise pulumi.RunError("no, because; do that")

    def program() -> None:
        first = config_map("first", {"a": "b"})
        for number in range(20):
            config_map(f"follower-{number}", {"c": first.data.apply(refuse)})
        if where == "program":
            refuse(None)

    with pytest.raises(RenderError) as caught:
        recorded_program(program)
    assert str(caught.value) == "no, because; do that"


def test_a_bug_in_the_program_is_raised_as_it_is() -> None:
    def program() -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        recorded_program(program)


def test_a_failed_run_says_nothing_beside_its_error(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tasks that failed along with the first one would be logged when they are collected."""

    def program() -> None:
        first = config_map("first", {"a": "b"})

        def refuse(_: object) -> str:
            raise pulumi.RunError("no")

        for number in range(20):
            config_map(f"follower-{number}", {"c": first.data.apply(refuse)})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RenderError):
            recorded_program(program)
        gc.collect()
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def runtime_settings() -> dict[str, Any]:
    names = ("monitor", "engine", "project", "stack", "rpc_manager", "dry_run", "callbacks")
    return {name: getattr(settings.SETTINGS, name) for name in names}


@pytest.mark.parametrize("fails", [False, True])
def test_the_runtime_is_left_as_it_was_in_this_thread_and_in_new_ones(fails: bool) -> None:
    def program() -> None:
        config_map("one")
        if fails:
            raise pulumi.RunError("no")

    def elsewhere() -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        thread = threading.Thread(target=lambda: found.append(runtime_settings()))
        thread.start()
        thread.join()
        return found[0]

    before = (runtime_settings(), elsewhere())
    threads = threading.active_count()
    if fails:
        with pytest.raises(RenderError):
            recorded_program(program)
    else:
        recorded_program(program)
    assert (runtime_settings(), elsewhere()) == before
    assert settings.get_root_resource() is None
    assert threading.active_count() == threads


def test_one_run_knows_nothing_of_another() -> None:
    first = recorded_program(lambda: config_map("one"))
    second = recorded_program(lambda: config_map("two"))
    assert [item.name for item in first] == ["one"]
    assert [item.name for item in second] == ["two"]


def test_a_caller_s_event_loop_may_be_running() -> None:
    async def caller() -> Recording:
        recording = recorded_program(lambda: config_map("one"))
        await asyncio.sleep(0)
        return recording

    assert [item.name for item in asyncio.run(caller())] == ["one"]


def test_runs_side_by_side_do_not_disturb_each_other() -> None:
    found: dict[str, list[str]] = {}

    def run(name: str) -> None:
        names = [f"{name}-{number}" for number in range(10)]
        recording = recorded_program(lambda: [config_map(item) for item in names])
        found[name] = [item.name for item in recording]

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: [f"{name}-{number}" for number in range(10)] for name in ("a", "b", "c")}


def test_recordings_that_share_a_workshop_agree_in_every_certificate(
    stack_config: Callable[[str], MeshConfig], recorded: Records
) -> None:
    config = stack_config("local")
    shared = TlsProvider()

    def anchors(tls: TlsProvider | None) -> object:
        recording = recorded(config, tls=tls)
        return [recording.outputs["trustAnchors"]] + [
            item.inputs["data"]
            for item in of_type(recording, "kubernetes:core/v1:Secret")
            if item.inputs["type"] == "kubernetes.io/tls"
        ]

    assert anchors(shared) == anchors(shared)
    assert anchors(shared) != anchors(None)


def test_only_what_follows_from_a_running_cluster_waits_for_an_observation(
    stack: Callable[[str], Recording],
) -> None:
    recording = stack("local")
    observed = {by_urn(recording, urn).name for urn in recording.from_clusters}
    assert observed == {"target-ambassador-service", "source-target-credentials-token"}
    waiting = {by_urn(recording, urn).name for urn in recording.downstream(recording.from_clusters)}
    assert waiting == {
        "source-target-credentials-mirror-credentials",
        "source-target-credentials-destination-credentials",
        "source-multicluster-release",
        "source-target-link",
    }


def test_placeholders_say_of_themselves_that_they_are_none(
    stack_config: Callable[[str], MeshConfig], recorded: Records
) -> None:
    recording = recorded(stack_config("local"), answers=ClusterAnswers.placeholders())
    address = recording.named("source-target-link").inputs["spec"]["gatewayAddress"]
    assert "known-after-deployment" in address
    assert address.endswith(".invalid")


KUBECONFIG = """
apiVersion: v1
kind: Config
contexts: [{name: here, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://192.0.2.1:6443", certificate-authority-data: Q0E=}}]
users: [{name: u, user: {token: not-to-be-taken}}]
"""


def test_offline_a_cluster_is_reached_as_the_kubeconfig_says_or_by_a_placeholder(
    mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = mesh("""
        clusters:
          known: {context: here}
          unknown: {context: nowhere}
          given: {context: nowhere-else, apiServer: {address: "https://given.example"}}
          pinned: {context: nowhere-2, uid: 01234567-89ab-cdef-0123-456789abcdef}
    """)
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(file))
    reach = offline_reach(config)
    assert reach["known"].endpoint.server == "https://192.0.2.1:6443"
    assert reach["known"].endpoint.certificate_authority == "CA"
    assert "known-after-deployment" in reach["unknown"].endpoint.server
    assert reach["given"].endpoint.server == "https://given.example"
    assert reach["pinned"].uid == "01234567-89ab-cdef-0123-456789abcdef"
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    assert "known-after-deployment" in offline_reach(config)["known"].endpoint.server


class Refuses(ClusterAnswers):
    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        raise RenderError(f"no token in {cluster}", "wait")

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        raise RenderError(f"no service in {cluster}", "wait")


def test_an_observation_that_fails_is_reported_as_it_is(
    stack_config: Callable[[str], MeshConfig], recorded: Records
) -> None:
    with pytest.raises(RenderError, match="in target"):
        recorded(stack_config("local"), answers=Refuses())


EDGE_STACK = """
clusters:
  a: {context: a, ambassador: {flavour: edge-stack, edgeStack: {licenseSecret: ours}}}
"""


def test_an_invalid_manifest_is_reported_with_its_name_and_no_traceback(
    mesh: Mesh, recorded: Records, tmp_path: Path
) -> None:
    config = mesh(EDGE_STACK)
    (tmp_path / "aes-crds-3.10.2.yaml").write_text("<html>come back: later</html>: [")
    with pytest.raises(ManifestError, match=r"aes-crds-3\.10\.2\.yaml is not YAML") as caught:
        recorded(config, charts=ChartSource(tmp_path, config.charts))
    assert caught.value.__suppress_context__


def test_a_manifest_that_cannot_be_downloaded_is_reported_with_a_remedy(
    mesh: Mesh, recorded: Records, tmp_path: Path
) -> None:
    config = mesh(EDGE_STACK)
    with pytest.raises(MissingChartsError, match=r"lacks aes-crds-3\.10\.2\.yaml\nput"):
        recorded(config, charts=ChartSource(tmp_path, config.charts))
