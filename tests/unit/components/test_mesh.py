"""What is true of every resource of every stack file."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config import MeshConfig
from config.variants.ambassadors import CrdsChart, CrdsManifest, CrdsWithin
from kube import Endpoint, Login
from lifecycle.upgrade.edit import with_versions
from preflight import Reach
from preflight.skipping import concerns
from render import Recording, Registration
from tests.recordings import by_urn, of_type
from tests.stack_files import SHIPPED, STACK_FILES

STACKS = list(STACK_FILES)
RELEASE = "kubernetes:helm.sh/v3:Release"
CRD_RELEASES = {"linkerd-crds", "emissary-crds", "linkerd2", "cert-manager", "trust-manager"}

Stack = Callable[[str], Recording]
Config = Callable[[str], MeshConfig]
Records = Callable[[MeshConfig], Recording]


@pytest.fixture(params=STACKS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def on_clusters(recording: Recording) -> list[Registration]:
    return [item for item in recording if item.type.startswith("kubernetes:")]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def names_of(recording: Recording, cluster: str, token: str) -> set[str]:
    return {item.name for item in of_type(recording, token) if item.cluster == cluster}


def test_helm_does_not_keep_every_revision_of_a_release(stack: Stack, name: str) -> None:
    for release in of_type(stack(name), RELEASE):
        # Without a limit, or with 0, all of them stay.
        assert release.inputs.get("maxHistory"), release.name


def test_every_kubernetes_resource_has_the_explicit_provider_of_a_cluster(
    stack: Stack, stack_config: Config, name: str
) -> None:
    clusters = set(stack_config(name).clusters)
    assert {item.cluster for item in on_clusters(stack(name))} == clusters


def test_no_resource_of_any_package_falls_to_a_default_provider(
    stack: Stack, stack_config: Config, name: str
) -> None:
    recording = stack(name)
    of_links = {"mesh"} if stack_config(name).links else set()
    made = [item for item in recording if item.custom and item not in recording.providers()]
    assert {item.type.partition(":")[0] for item in made} == {"kubernetes", "tls"} | of_links
    assert [item.name for item in made if item.provider is None] == []


def test_the_logical_name_of_every_resource_names_its_cluster(stack: Stack, name: str) -> None:
    for item in on_clusters(stack(name)):
        if not item.read:
            assert concerns(f"{item.type}::{item.name}", str(item.cluster))


def test_what_belongs_to_one_cluster_goes_to_that_cluster(
    stack: Stack, stack_config: Config, name: str
) -> None:
    recording = stack(name)
    parts = ("linkerd", "ambassador", "sample", "multicluster", "exports")
    found: dict[str, set[str]] = {}
    for item in on_clusters(recording):
        parent = by_urn(recording, str(item.parent)).name
        owner, _, part = parent.rpartition("-")
        if part in parts:
            assert item.cluster == owner, item.name
            found.setdefault(owner, set()).add(part)
    config = stack_config(name)
    assert set(found) == set(config.clusters)
    for cluster, seen in found.items():
        wanted = {"linkerd"} | ({"multicluster"} if cluster in config.linked_clusters() else set())
        wanted |= {"ambassador"} if config.clusters[cluster].ambassador else set()
        assert wanted <= seen, cluster


def test_a_link_has_its_account_on_the_target_and_its_secrets_on_the_source(
    stack: Stack, stack_config: Config, name: str
) -> None:
    recording, config = stack(name), stack_config(name)
    for link in config.links:
        credentials = f"{link.name}-credentials"
        for part in ("account", "role", "binding", "token"):
            assert recording.named(f"{credentials}-{part}").cluster == link.target
        made = {
            item.name: item.cluster
            for item in recording
            if item.name in (f"{link.name}-link", f"{credentials}-destination-credentials")
        }
        assert recording.named(f"{credentials}-mirror-credentials").cluster == link.source
        # What follows is not there between clusters of Linkerd 2.8.
        modern = config.clusters[link.source].linkerd.generation.links
        assert list(made.values()) == [link.source] * (2 if modern else 0)


def test_exports_are_labelled_on_the_target_once_for_all_links(
    stack: Stack, stack_config: Config, name: str
) -> None:
    recording, config = stack(name), stack_config(name)
    labelled = Counter(
        (patch.cluster, patch.inputs["metadata"]["namespace"], patch.inputs["metadata"]["name"])
        for patch in of_type(recording, "ServicePatch")
    )
    wanted = {
        (link.target, export.namespace, export.service)
        for link in config.links
        for export in link.exports
    }
    assert labelled == Counter(dict.fromkeys(wanted, 1))


def test_a_cluster_that_only_calls_has_no_gateway_and_no_exports(stack: Stack) -> None:
    recording = stack("production")
    for source in ("north", "south"):
        assert not names_of(recording, source, "ServicePatch")
        assert not names_of(recording, source, "MeshTLSAuthentication")
    assert names_of(recording, "hub", "MeshTLSAuthentication")


def test_every_resource_has_a_component_as_parent_except_providers_and_components(
    stack: Stack, name: str
) -> None:
    recording = stack(name)
    components = {item.urn for item in recording if not item.custom}
    for item in recording:
        top = not item.custom or item in recording.providers()
        assert (item.parent in components) is not top, item.name


def test_the_name_of_a_child_begins_with_that_of_its_parent(stack: Stack, name: str) -> None:
    recording = stack(name)
    parents = {item.urn: item.name for item in recording}
    children = [item for item in recording if item.parent in parents]
    assert children
    for item in children:
        assert item.name.startswith(f"{parents[str(item.parent)]}-")


def test_logical_names_are_unique_within_a_type(stack: Stack, name: str) -> None:
    counted = Counter((item.type, item.name) for item in stack(name))
    assert {key: count for key, count in counted.items() if count > 1} == {}


def test_the_program_registers_the_same_whenever_it_runs(
    stack: Stack, stack_config: Config, recorded: Callable[[MeshConfig], Recording], name: str
) -> None:
    first, second = stack(name), recorded(stack_config(name))
    assert [item.urn for item in first] == [item.urn for item in second]
    assert [item.depends_on for item in first] == [item.depends_on for item in second]


def test_every_component_says_when_it_is_complete(stack: Stack, name: str) -> None:
    components = [item for item in stack(name) if not item.custom]
    assert [item.name for item in components if not item.outputs_registered] == []


def test_nothing_waits_for_itself_even_where_clusters_link_to_each_other(
    stack: Stack, stack_config: Config
) -> None:
    links = {(link.source, link.target) for link in stack_config("staging").links}
    assert all((target, source) in links for source, target in links)
    recording = stack("staging")
    assert len(recording.in_dependency_order()) == len(recording.registrations)


def test_two_clusters_do_not_wait_for_each_other_but_for_their_links(stack: Stack) -> None:
    recording = stack("staging")
    for cluster in ("west", "east"):
        release = recording.named(f"{cluster}-ambassador-release")
        for urn in recording.upstream([release.urn]):
            assert by_urn(recording, urn).cluster in (cluster, None)


def test_releases_wait_as_long_as_the_stack_file_says(
    stack: Stack, stack_config: Config, name: str
) -> None:
    wanted = stack_config(name).timeout_seconds
    for release in of_type(stack(name), RELEASE):
        waits = (release.timeouts.create, release.timeouts.update, release.timeouts.delete)
        assert waits == (f"{wanted}s",) * 3
        assert release.inputs["timeout"] == wanted


def test_a_release_is_deleted_before_it_is_replaced(stack: Stack, name: str) -> None:
    releases = of_type(stack(name), RELEASE)
    assert releases
    assert all(release.delete_before_replace for release in releases)


def test_no_release_creates_its_namespace_and_each_waits_for_the_one_that_we_made(
    stack: Stack, stack_config: Config, name: str
) -> None:
    recording = stack(name)
    # trust-manager may join a cert-manager that is there.
    joined = {
        (cluster, item.cert_manager.namespace)
        for cluster, item in stack_config(name).clusters.items()
        if item.cert_manager is not None and not item.cert_manager.install
    }
    for release in of_type(recording, RELEASE):
        assert release.inputs["createNamespace"] is False
        above = [by_urn(recording, urn) for urn in release.depends_on]
        spaces = {
            item.inputs["metadata"]["name"]
            for item in above
            if item.type == "kubernetes:core/v1:Namespace" and item.cluster == release.cluster
        }
        space = release.inputs["namespace"]
        assert space in spaces or (release.cluster, space) in joined


def test_crds_are_protected_exactly_where_the_stack_file_says(
    stack: Stack, stack_config: Config, name: str
) -> None:
    wanted = stack_config(name).protection.crds
    releases = of_type(stack(name), RELEASE)
    protected = {item.name for item in releases if item.protect}
    holding_crds = {item.name for item in releases if item.inputs["name"] in CRD_RELEASES}
    assert holding_crds
    assert protected == (holding_crds if wanted else set())


def test_the_anchor_is_protected_exactly_where_the_stack_file_says(
    stack: Stack, stack_config: Config, name: str
) -> None:
    wanted = stack_config(name).protection.trust_anchor
    recording = stack(name)
    protected = {item.name for item in recording if item.protect and item.type.startswith("tls:")}
    anchor = {"trust-anchor-anchor.root-key", "trust-anchor-anchor.root-certificate"}
    assert protected == (anchor if wanted else set())


def test_the_stacks_differ_in_what_they_protect(stack_config: Config) -> None:
    protections = {stack_config(item).protection for item in SHIPPED}
    assert len(protections) == len(SHIPPED)


def homes_of(config: MeshConfig, cluster: str) -> dict[str, str]:
    """What brings the CRDs of an API group: a release by its name, or a part of one of the
    program's names."""
    found = {"policy.linkerd.io": "linkerd-crds", "multicluster.linkerd.io": "linkerd-multicluster"}
    ambassador = config.clusters[cluster].ambassador
    if ambassador is not None and ambassador.installed:
        match ambassador.line.crds:
            case CrdsChart():
                found["getambassador.io"] = "emissary-crds"
            case CrdsWithin():
                found["getambassador.io"] = ambassador.name
            case CrdsManifest():
                found["getambassador.io"] = (
                    f"{cluster}-ambassador-crds-customresourcedefinition-hosts.getambassador.io"
                )
    return found


def test_custom_objects_go_before_the_crds_that_define_them_on_deletion(
    stack: Stack, stack_config: Config, name: str
) -> None:
    """The engine deletes in reverse order of dependencies."""
    recording = stack(name)
    checked = 0
    for item in on_clusters(recording):
        group = item.type.removeprefix("kubernetes:").partition("/")[0]
        home = homes_of(stack_config(name), str(item.cluster)).get(group)
        if home is None:
            continue
        above = [by_urn(recording, urn) for urn in recording.upstream([item.urn])]
        before = {
            str(before.inputs["name"] if before.type == RELEASE else before.name)
            for before in above
            if before.cluster == item.cluster
        }
        assert home in before, item.name
        checked += 1
    assert checked


EARLIER = {
    "linkerd-control-plane": ("linkerd-crds",),
    "linkerd-viz": ("linkerd-crds", "linkerd-control-plane"),
    "linkerd-jaeger": ("linkerd-crds", "linkerd-control-plane"),
    "linkerd-multicluster": ("linkerd-crds", "linkerd-control-plane"),
    "linkerd2-multicluster": ("linkerd2",),
    "emissary-ingress": ("emissary-crds-chart", "linkerd-control-plane", "linkerd2"),
    "edge-stack": ("linkerd-control-plane", "linkerd2"),
    "ambassador": ("linkerd-control-plane", "linkerd2"),
    "trust-manager": ("cert-manager",),
}
"""Charts that are installed, and upgraded, before another one in the same cluster."""


def chart_of(release: Registration) -> str:
    return str(release.inputs["chart"]).rpartition("/")[2]


def releases_before(recording: Recording) -> dict[str, set[str]]:
    """The charts that a release waits for in its cluster, by its logical name."""
    releases = {item.urn: item for item in of_type(recording, RELEASE)}
    return {
        item.name: {
            chart_of(releases[urn])
            for urn in recording.upstream([item.urn])
            if urn in releases and releases[urn].cluster == item.cluster
        }
        for item in releases.values()
    }


def test_crds_come_before_what_uses_them_and_extensions_after_the_control_plane(
    stack: Stack, name: str
) -> None:
    recording = stack(name)
    before = releases_before(recording)
    installed: dict[str | None, set[str]] = {}
    for item in of_type(recording, RELEASE):
        installed.setdefault(item.cluster, set()).add(chart_of(item))
    for item in of_type(recording, RELEASE):
        wanted = set(EARLIER.get(chart_of(item), ())) & installed[item.cluster]
        assert wanted <= before[item.name], item.name


def test_a_change_of_versions_keeps_that_order_and_updates_in_place(
    stack: Stack, stack_config: Config, recorded: Records
) -> None:
    config = stack_config("staging")
    older = recorded(with_versions(config, dict.fromkeys(config.clusters, "2026.6.3")))
    assert releases_before(older) == releases_before(stack("staging"))
    versions = {item.name: item.inputs["version"] for item in of_type(older, RELEASE)}
    assert versions["west-linkerd-control-plane"] == "2026.6.3"
    names = {item.name for item in of_type(stack("staging"), RELEASE)}
    assert set(versions) == names
    assert not any(item.replace_on_changes for item in of_type(older, RELEASE))


def test_providers_have_the_uid_of_their_cluster(
    stack: Stack, stack_config: Config, name: str
) -> None:
    config = stack_config(name)
    providers = of_type(stack(name), "providers:kubernetes")
    assert {item.name for item in providers} == set(config.clusters)
    identities = {item.inputs["clusterIdentifier"] for item in providers}
    assert len(identities) == len(config.clusters)


def with_login(config: MeshConfig, login: Login) -> dict[str, Reach]:
    return {
        name: Reach(Endpoint(f"https://{name}.example", None), f"{name}-uid", login=login)
        for name in config.clusters
    }


def test_a_kubeconfig_by_path_is_handed_to_the_provider_with_its_context(
    stack_config: Config, recorded: Callable[..., Recording]
) -> None:
    config = stack_config("local")
    reach = with_login(config, Login("here", "~/.kube/config", secret=False))
    for item in of_type(recorded(config, reach=reach), "providers:kubernetes"):
        assert (item.inputs["context"], item.inputs["kubeconfig"]) == ("here", "~/.kube/config")
        assert item.secrets == frozenset()


def test_a_kubeconfig_by_content_is_a_secret_of_the_provider(
    stack_config: Config, recorded: Callable[..., Recording]
) -> None:
    config = stack_config("local")
    reach = with_login(config, Login("here", "{users: [{user: {token: t}}]}", secret=True))
    for item in of_type(recorded(config, reach=reach), "providers:kubernetes"):
        assert item.inputs["kubeconfig"] == "{users: [{user: {token: t}}]}"
        assert item.secrets == {"kubeconfig"}


def test_the_operators_kubeconfig_does_not_get_into_a_provider(
    stack_config: Config,
    recorded: Callable[[MeshConfig], Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK would put KUBECONFIG into the state; the provider cannot read a list of files."""
    monkeypatch.setenv("KUBECONFIG", "/somewhere/one:/somewhere/two")
    for item in of_type(recorded(stack_config("local")), "providers:kubernetes"):
        assert "/somewhere" not in item.inputs["kubeconfig"]


def test_a_secret_of_the_stack_changes_in_place(stack: Stack, name: str) -> None:
    for provider in of_type(stack(name), "providers:kubernetes"):
        assert provider.inputs["enableSecretMutable"] == "true"


def test_no_private_key_and_no_token_is_in_any_input_that_is_not_secret(
    stack: Stack, name: str
) -> None:
    recording = stack(name)
    keys = {item.outputs["privateKeyPem"] for item in of_type(recording, "PrivateKey")}
    assert keys
    seen_as_secret = 0
    for item in recording:
        for key, value in item.inputs.items():
            whole = "\n".join(texts(value))
            holds_key = "PRIVATE KEY" in whole or any(pem in whole for pem in keys)
            if key in item.secrets:
                seen_as_secret += holds_key
            else:
                assert not holds_key, f"{item.name}: {key}"
                assert "token-of-" not in whole, f"{item.name}: {key}"
    assert seen_as_secret


def test_the_data_of_every_secret_is_secret_and_so_are_all_keys(stack: Stack, name: str) -> None:
    recording = stack(name)
    for secret in of_type(recording, "kubernetes:core/v1:Secret"):
        assert "data" in secret.secrets | secret.additional_secret_outputs
        assert "data" not in secret.inputs or "data" in secret.secrets
    for key in of_type(recording, "PrivateKey"):
        assert {"privateKeyPem", "privateKeyPemPkcs8"} <= key.additional_secret_outputs


def test_outputs_contain_no_secret(stack: Stack, name: str) -> None:
    recording = stack(name)
    told = [recording.outputs, *(item.outputs for item in recording if not item.custom)]
    whole = "\n".join(text for outputs in told for text in texts(outputs))
    assert "BEGIN CERTIFICATE" in whole
    assert "PRIVATE KEY" not in whole
    assert "token-of-" not in whole
    assert recording.secret_output_paths == frozenset()


def test_no_release_holds_a_secret_in_its_values(stack: Stack, name: str) -> None:
    for release in of_type(stack(name), RELEASE):
        assert release.secrets == frozenset()


def test_the_outputs_name_the_gateways_and_the_links(stack: Stack) -> None:
    outputs = stack("production").outputs
    assert outputs["links"] == ["north-hub", "south-hub"]
    assert outputs["gateways"] == {
        "hub": {
            "address": "ambassador.ambassador.hub.example",
            "identity": "ambassador-hub.ambassador.serviceaccount.identity.linkerd.cluster.local",
        }
    }


def test_a_mesh_without_links_has_no_multicluster_extension(
    mesh: Callable[[str], MeshConfig], recorded: Callable[[MeshConfig], Recording]
) -> None:
    recording = recorded(
        mesh("""
            clusters:
              a: {context: a, ambassador: {}}
              b: {context: b, ambassador: {gateway: {}}}
              c: {context: c}
            links: [{source: a, target: b}]
        """)
    )
    extended = {
        item.cluster
        for item in of_type(recording, RELEASE)
        if item.inputs["name"] == "linkerd-multicluster"
    }
    spaces = {
        item.cluster
        for item in of_type(recording, "Namespace")
        if item.inputs["metadata"]["name"] == "linkerd-multicluster"
    }
    assert extended == spaces == {"a", "b"}


def test_importing_the_program_s_packages_does_nothing() -> None:
    code = (
        "import socket, subprocess, sys\n"
        "def refuse(*_): raise SystemExit('an import reached out')\n"
        "socket.socket.connect = subprocess.Popen.__init__ = refuse\n"
        "import charts, components, config, kube, preflight, render\n"
        "from pulumi.runtime import settings\n"
        "assert settings.get_root_resource() is None\n"
        "assert not settings.SETTINGS.rpc_manager.rpcs\n"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
