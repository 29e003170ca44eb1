"""The program under the real engine: preview, update, change, mistakes, and the way out.

One deployed stack serves all tests, which run in this order, and those of test_stack_removal.py,
whose last one destroys it.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException

import checks
from charts import charts_of
from charts.pins import digest
from config import PROJECT, load_stack_file
from kube.token_login import TokenLogin, login_of
from kube.tokens import claims_of
from preflight.link_tokens import refused
from tests import pages
from tests.credentials_page import commands, links
from tests.engine.conftest import LATER, ROOT, Stack, cluster_wide, token
from tests.handshakes import Prober
from tests.imports import LostStack
from tests.imports import uids as uids_of
from tests.waiting import eventually
from vocabulary.linkerd import MULTICLUSTER

CLUSTERS = ("source", "target")
TRUST = f"{PROJECT}:trustAnchor"


def uid(stack: Stack, cluster: str) -> str:
    return str(stack.get(cluster, "/api/v1/namespaces/kube-system")["metadata"]["uid"])


def test_a_preview_on_empty_clusters_plans_everything_and_makes_nothing(stack: Stack) -> None:
    before = {name: cluster_wide(stack, name) for name in CLUSTERS}
    planned = stack.planned()
    assert planned["source-target-link"] == "create"
    assert set(planned.values()) == {"create"}
    assert {name: cluster_wide(stack, name) for name in CLUSTERS} == before


def test_one_update_brings_up_both_clusters_and_the_link_with_the_gateways_address(
    deployed: Stack,
) -> None:
    service = deployed.get("target", "/api/v1/namespaces/ambassador/services/ambassador")
    link = deployed.get(
        "source",
        "/apis/multicluster.linkerd.io/v1alpha3/namespaces/linkerd-multicluster/links/target",
    )
    assert link["spec"]["gatewayAddress"] == service["status"]["loadBalancer"]["ingress"][0]["ip"]


def test_what_was_deployed_passes_the_checks(
    deployed: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(deployed.clusters.kubeconfig))
    report = checks.run(load_stack_file(ROOT / "stacks" / "Pulumi.local.yaml"))
    failed = [result for result in report.results if result.status is checks.Status.FAILURE]
    assert failed == []
    releases = [result.title for result in report.results if "is deployed" in result.title]
    assert any("linkerd-control-plane" in title for title in releases)


def test_the_next_preview_expects_no_changes_and_finds_none_although_it_refreshes(
    deployed: Stack,
) -> None:
    run = deployed.pulumi("preview", "--expect-no-changes", "--refresh")
    assert run.code == 0, run.output


def test_a_changed_setting_changes_what_it_is_about_and_nothing_else(deployed: Stack) -> None:
    content = deployed.changed(target={"sample": {"prefix": "/backend/"}})
    link = dict(content["config"][f"{PROJECT}:links"][0])
    content["config"][f"{PROJECT}:links"] = [{**link, "probe": {"periodSeconds": 17}}]
    assert deployed.planned(content) == {
        "target-ambassador-mapping-linkerd2-qotm": "update",
        "source-target-link": "update",
    }
    deployed.up(content).passed()
    mapping = deployed.get(
        "target", "/apis/getambassador.io/v3alpha1/namespaces/ambassador/mappings/linkerd2-qotm"
    )
    assert mapping["spec"]["prefix"] == "/backend/"
    deployed.content = content


def state_of(stack: Stack) -> str:
    """What the folder of the state has, former states included."""
    files = (stack.stack.folder / "state").rglob("*.json*")
    return "".join(path.read_text() for path in files if path.is_file())


def test_neither_the_output_nor_the_state_has_a_secret_in_plain_text(
    deployed: Stack, tmp_path: Path
) -> None:
    plan, events = tmp_path / "plan.json", tmp_path / "events.json"
    files = ("--save-plan", str(plan), "--event-log", str(events))
    # The flag of the log is one of the commands for debugging.
    deployed.pulumi(
        *("preview", "--expect-no-changes", "--diff", "--show-sames", *files),
        PULUMI_EXPERIMENTAL="true",
        PULUMI_DEBUG_COMMANDS="true",
    ).passed()
    secret = token(deployed, "target")
    issuer = deployed.get("source", "/api/v1/namespaces/linkerd/secrets/linkerd-identity-issuer")
    texts = {
        "printed": "\n".join(deployed.outputs),
        "state": state_of(deployed),
        "plan": plan.read_text(),
        "events": events.read_text(),
    }
    for where in ("state", "plan", "events"):
        assert "linkerd-identity-issuer" in texts[where], where
    for where, text in texts.items():
        assert "PRIVATE KEY" not in text, where
        for hidden in (secret, base64.b64decode(secret).decode(), issuer["data"]["tls.key"]):
            assert hidden not in text, where


def test_a_run_deletes_the_kubeconfigs_that_providers_of_the_run_before_left(
    deployed: Stack, tmp_path: Path
) -> None:
    engine = deployed.stack.prepare(deployed.engine, deployed.content)
    command = [engine.command, "preview", "--stack", "local", "--non-interactive"]
    left = []
    for _ in range(2):
        subprocess.run(
            [*command, "--config-file", str(deployed.stack.stack_file)],
            cwd=ROOT,
            env=engine.having({"TMPDIR": str(tmp_path)}).environment,
            capture_output=True,
            check=True,
        )
        left.append({path.name for path in tmp_path.glob("kubeconfig*")})
    assert left[0]
    assert left[1].isdisjoint(left[0])


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes", "--skip-preview")])
def test_a_broken_stack_file_is_refused_with_every_problem_and_nothing_is_touched(
    deployed: Stack, command: tuple[str, ...]
) -> None:
    before = deployed.resources()
    content = deployed.changed(
        source={"linkerd": {"versoin": "1.2.3"}}, target={"networks": ["10.0.0.1/8"]}
    )
    run = deployed.pulumi(*command, content=content)
    assert run.code in (1, 255)
    assert "clusters.source.linkerd.versoin" in run.output
    assert "clusters.target.networks[0]" in run.output
    assert "Traceback" not in run.output
    assert deployed.resources() == before


def test_a_cluster_that_is_not_the_pinned_one_is_refused(deployed: Stack) -> None:
    before = deployed.resources()
    content = deployed.changed(
        source={"context": "target", "uid": uid(deployed, "source")},
        target={"context": "source", "uid": uid(deployed, "target")},
    )
    run = deployed.pulumi("up", "--yes", "--skip-preview", content=content)
    assert run.code in (1, 255)
    for name in CLUSTERS:
        assert re.search(rf"cluster '{name}' \(context '\w+'\).*pinned", run.output)
        assert uid(deployed, name) in run.output
    assert "Traceback" not in run.output
    assert deployed.resources() == before


def test_one_cluster_under_two_names_is_refused(deployed: Stack, tmp_path: Path) -> None:
    content = yaml.safe_load(deployed.clusters.kubeconfig.read_text())
    source = next(item for item in content["contexts"] if item["name"] == "source")
    content["contexts"].append({**source, "name": "twin"})
    twins = tmp_path / "kubeconfig"
    twins.write_text(yaml.safe_dump(content))
    run = deployed.pulumi(
        "preview",
        content=deployed.changed(target={"context": "twin"}),
        KUBECONFIG=str(twins),
    )
    assert run.code in (1, 255)
    assert "it is the same cluster as 'source'" in run.output


def without_target(stack: Stack, folder: Path) -> Path:
    """A kubeconfig in which the target does not answer."""
    content = yaml.safe_load(stack.clusters.kubeconfig.read_text())
    for entry in content["clusters"]:
        if entry["name"] == "target":
            # No program listens on a reserved port (RFC 6335).
            entry["cluster"]["server"] = "https://127.0.0.1:1"
    dead = folder / "kubeconfig"
    dead.write_text(yaml.safe_dump(content))
    return dead


def test_a_cluster_that_does_not_answer_is_named_even_on_a_fresh_stack(
    stack: Stack, tmp_path: Path
) -> None:
    dead = without_target(stack, tmp_path)
    fresh = Stack(
        type(stack.stack)(tmp_path / "fresh"), stack.engine, stack.clusters, stack.content
    )
    run = fresh.pulumi("preview", KUBECONFIG=str(dead))
    assert run.code in (1, 255)
    assert re.search(r"cluster 'target' \(context 'target'\): .*refuses", run.output)
    assert "cluster 'source'" not in run.output
    assert "Traceback" not in run.output


def test_a_cluster_that_does_not_answer_is_skipped_and_gets_its_change_later(
    deployed: Stack, tmp_path: Path
) -> None:
    dead = str(without_target(deployed, tmp_path))
    mappings = [{"name": "later", "prefix": "/later/", "service": "later.shop"}]
    content = deployed.changed(
        source={"ambassador": {"mappings": mappings}},
        target={"unreachable": "skip", "sample": {"prefix": "/skipped/", "name": "other"}},
    )
    link = content["config"][f"{PROJECT}:links"][0]
    content["config"][f"{PROJECT}:links"] = [{**link, "probe": {"periodSeconds": 19}}]
    up = ("up", "--yes", "--skip-preview")
    before = deployed.resources()
    run = deployed.pulumi(*up, content=content, KUBECONFIG=dead).passed()
    assert re.search(r"'target'.* is skipped, with its links: .*refuses connections", run.output)
    for owed in ("target.sample.prefix", "target.sample.name", "links[0].probe"):
        assert owed in run.output
    touched = {one[0] for one in deployed.resources() if one not in before}
    objects = {urn.rpartition("::")[2] for urn in touched if "kubernetes:" in urn}
    # Both providers got another kubeconfig, and every run reads the Service.
    read = {*CLUSTERS, "target-ambassador-service"}
    assert objects - read == {"source-ambassador-mapping-later"}
    issuer = deployed.get("target", "/api/v1/namespaces/linkerd/secrets/linkerd-identity-issuer")
    for hidden in (issuer["data"]["tls.key"], token(deployed, "target"), "PRIVATE KEY"):
        assert hidden not in state_of(deployed)
    deployed.pulumi("preview", "--expect-no-changes", content=content, KUBECONFIG=dead).passed()
    place = "/apis/getambassador.io/v3alpha1/namespaces/ambassador/mappings/later"
    assert deployed.get("source", place)["spec"]["prefix"] == "/later/"
    planned = deployed.planned(content)
    assert {"source-target-link", "target-sample-deployment"} <= planned.keys()
    assert not any(name.startswith("source-ambassador") for name in planned)
    deployed.up(content).passed()
    deployed.pulumi("preview", "--expect-no-changes", content=content).passed()
    deployed.up().passed()


@contextmanager
def denied(
    stack: Stack, cluster: str, what: tuple[str, str], reason: str, tried: Callable[[Any], bool]
) -> Iterator[None]:
    """Changes of a kind (API group and plural) are refused for this reason.

    `tried` returns whether an API client's change of one is refused.
    """
    name = f"no-{what[1]}"
    rules = {
        "apiGroups": [what[0]],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": [what[1]],
    }
    policy: Any = {
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rules]},
            "validations": [{"expression": "false", "message": reason}],
        },
    }
    binding: Any = {
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    with getattr(stack.clusters, cluster).api() as api:
        admission = client.AdmissionregistrationV1Api(api)
        admission.create_validating_admission_policy(policy)
        admission.create_validating_admission_policy_binding(binding)
        try:
            eventually(lambda: tried(api))
            yield
        finally:
            admission.delete_validating_admission_policy_binding(name)
            admission.delete_validating_admission_policy(name)
            eventually(lambda: not tried(api))


def no_mapping(api: client.ApiClient) -> bool:
    """Whether a change of the sample's Mapping would be refused."""
    objects = client.CustomObjectsApi(api)
    try:
        objects.patch_namespaced_custom_object(
            *("getambassador.io", "v3alpha1", "ambassador", "mappings", "linkerd2-qotm"),
            {"metadata": {"annotations": {"tests/tried": "true"}}},
            dry_run="All",
        )
    except ApiException as error:
        return bool(error.status == 422)
    return False


def test_a_resource_that_fails_is_named_and_another_update_goes_on(deployed: Stack) -> None:
    content = deployed.changed(target={"sample": {"prefix": "/late/"}})
    mappings = ("getambassador.io", "mappings")
    with denied(deployed, "target", mappings, "no change on Fridays", no_mapping):
        run = deployed.up(content)
    assert run.code not in (0, None)
    assert "target-ambassador-mapping-linkerd2-qotm" in run.output
    assert "no change on Fridays" in run.output
    assert "Traceback" not in run.output
    deployed.up(content).passed()
    deployed.content = content


def no_mirror(api: client.ApiClient) -> bool:
    """Whether a change of the service mirror would be refused."""
    try:
        client.AppsV1Api(api).patch_namespaced_deployment(
            *("controller-target", MULTICLUSTER),
            {"metadata": {"annotations": {"tests/tried": "true"}}},
            dry_run="All",
        )
    except ApiException as error:
        return bool(error.status == 422)
    return False


def with_credentials(stack: Stack, **credentials: Any) -> dict[str, Any]:
    """The stack's settings with these credentials of its link."""
    content = stack.changed()
    link = content["config"][f"{PROJECT}:links"][0]
    content["config"][f"{PROJECT}:links"] = [{**link, "credentials": credentials}]
    return content


def logins(stack: Stack) -> set[TokenLogin]:
    """What the readers in the source log in to the target with."""
    return {
        login_of(
            stack.get("source", f"/api/v1/namespaces/{space}/secrets/cluster-credentials-target")
        )
        for space in (MULTICLUSTER, "linkerd")
    }


def login(stack: Stack) -> TokenLogin:
    """The one login that all readers have."""
    (found,) = logins(stack)
    return found


def mark(stack: Stack) -> str:
    """The mark of the credentials that the service mirror started with."""
    path = f"/apis/apps/v1/namespaces/{MULTICLUSTER}/deployments/controller-target"
    notes = stack.get("source", path)["spec"]["template"]["metadata"]["annotations"]
    return str(notes["linkerd-ambassador-mesh/credentials.target"])


def works(one: TokenLogin) -> bool:
    """Whether the target accepts a token."""
    return not refused(one.endpoint, one.token)


def followed(stack: Stack, heading: str, content: dict[str, Any], monkeypatch: Any) -> None:
    """The commands of a section of docs/credentials.md, run one after the other."""
    for program, verb, *options in commands(heading):
        assert "STACK" in options
        if program == "pulumi":
            assert (verb, *options) == ("up", "--stack", "STACK")
            stack.up(content).passed()
            stack.content = content
            continue
        assert (program, verb) == ("./mesh", "check")
        monkeypatch.setenv("KUBECONFIG", str(stack.clusters.kubeconfig))
        file = stack.stack.folder / "Pulumi.checked.yaml"
        file.write_text(yaml.safe_dump(content))
        report = checks.run(load_stack_file(file), pre="--pre" in options)
        bad = [one.title for one in report.results if one.status is checks.Status.FAILURE]
        assert bad == []


def test_a_token_that_ends_replaces_one_without_an_end_and_is_kept(
    deployed: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless, before = login(deployed), mark(deployed)
    content = with_credentials(deployed, **links()[0]["credentials"])
    followed(deployed, "Tokens that end", content, monkeypatch)
    claims = claims_of(login(deployed).token)
    assert claims is not None
    assert claims.lifetime == timedelta(hours=24)
    assert mark(deployed) != before
    assert works(login(deployed))
    # The API server keeps for 10 seconds what it found of a token.
    eventually(lambda: not works(endless))
    assert deployed.planned() == {}


def test_a_token_is_revoked_once_the_service_mirror_has_its_successor_and_not_before(
    deployed: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, before = login(deployed), mark(deployed)
    content = with_credentials(deployed, **links()[-1]["credentials"])
    with denied(deployed, "source", ("apps", "deployments"), "the mirror stays", no_mirror):
        assert "the mirror stays" in deployed.up(content).output
    assert works(old)
    given = login(deployed)
    assert given != old
    assert mark(deployed) == before
    followed(deployed, "Compromised credentials", content, monkeypatch)
    assert login(deployed) == given
    assert mark(deployed) != before
    eventually(lambda: not works(old))
    assert works(given)
    assert deployed.planned() == {}
    state = next((deployed.stack.folder / "state").rglob("local.json")).read_text()
    shown = "\n".join(deployed.outputs)
    for one in (old, given):
        assert one.token not in state + shown


def test_an_update_that_is_killed_leaves_a_stack_that_cancel_and_an_update_repair(
    deployed: Stack,
) -> None:
    content = deployed.changed(target={"sample": {"image": "docker.io/datawire/qotm:1.8"}})
    engine = deployed.stack.prepare(deployed.engine, content)
    command = [engine.command, "up", "--yes", "--skip-preview", "--non-interactive"]
    killed = subprocess.Popen(
        [*command, "--stack", "local", "--config-file", str(deployed.stack.stack_file)],
        cwd=ROOT,
        env=engine.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    checkpoint = next((deployed.stack.folder / "state").rglob("local.json"))
    eventually(
        lambda: json.loads(checkpoint.read_text())["checkpoint"]["latest"].get("pending_operations")
    )
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    refused = deployed.up(content)
    assert refused.code != 0
    assert "pulumi cancel" in refused.output
    deployed.pulumi_plain("cancel", "--yes")
    deployed.up(content).passed()
    deployed.content = content
    assert deployed.planned() == {}


def test_charts_are_held_to_the_digests_of_the_stack_file_before_anything_changes(
    deployed: Stack, charts: Path
) -> None:
    content = deployed.changed()
    digests = {
        item.key: digest((charts / item.package).read_bytes())
        for item in charts_of(load_stack_file(ROOT / "stacks" / "Pulumi.local.yaml"))
    }
    content["config"][f"{PROJECT}:charts"] = {"digests": digests}
    assert deployed.planned(content) == {}
    before = deployed.resources()
    name, right = next(iter(digests.items()))
    digests[name] = digest(b"another chart")
    run = deployed.pulumi("up", "--yes", "--skip-preview", content=content)
    assert run.code in (1, 255)
    assert f"{name}: the file has {right}" in run.output
    assert digests[name] in run.output
    assert "Traceback" not in run.output
    assert deployed.resources() == before


def mesh(stack: Stack, file: Path, *arguments: str) -> str:
    """What a verb of `./mesh` prints for a stack file."""
    done = subprocess.run(
        [sys.executable, ROOT / "cli" / "__main__.py", arguments[0], str(file), *arguments[1:]],
        env={**os.environ, "KUBECONFIG": str(stack.clusters.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def follow(stack: Stack, file: Path, command: str) -> None:
    """Run a command of a page of docs/ for a stack file."""
    words = command.split()
    if words[0] == "./mesh":
        mesh(stack, file, words[1], *words[3:])
    else:
        assert words == ["pulumi", "up", "--stack", "STACK", "--yes"]
        stack.up(yaml.safe_load(file.read_text())).passed()


def last_changes(stack: Stack, cluster: str) -> list[tuple[str, str]]:
    """The releases of Linkerd in the order of their last change, with their chart versions."""
    found = []
    for space in ("linkerd", "linkerd-multicluster"):
        query = "labelSelector=owner%3Dhelm,status%3Ddeployed"
        for secret in stack.get(cluster, f"/api/v1/namespaces/{space}/secrets?{query}")["items"]:
            packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
            record = json.loads(gzip.decompress(packed))
            version = record["chart"]["metadata"]["version"]
            found.append((record["info"]["last_deployed"], record["name"], version))
    return [(name, version) for _, name, version in sorted(found)]


def test_an_upgrade_follows_its_page_in_two_waves_and_a_downgrade_is_refused(
    deployed: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "Pulumi.local.yaml"
    text = yaml.safe_dump(deployed.content, sort_keys=False)
    file.write_text(text.replace("config:", "# kept\nconfig:", 1))
    upgraded: list[set[str]] = []
    while "every cluster has the versions" not in mesh(deployed, file, "upgrade", "--to", LATER):
        for command in pages.commands("upgrade.md", "pulumi up"):
            follow(deployed, file, command.replace("VERSION", LATER))
        upgraded.append(
            {name for name in CLUSTERS if ("linkerd-crds", LATER) in last_changes(deployed, name)}
        )
        assert len(upgraded) <= len(CLUSTERS)
    assert upgraded == [{"source"}, {"source", "target"}]
    assert file.read_text().startswith("# kept\n")
    for name in CLUSTERS:
        assert last_changes(deployed, name) == [
            ("linkerd-crds", LATER),
            ("linkerd-control-plane", LATER),
            ("linkerd-multicluster", LATER),
        ]
    before = deployed.resources()
    run = deployed.pulumi("up", "--yes", "--skip-preview")
    assert run.code in (1, 255)
    for name in CLUSTERS:
        assert re.search(rf"cluster '{name}'.*would downgrade.*linkerd-control-plane", run.output)
    assert "Traceback" not in run.output
    deployed.content = yaml.safe_load(file.read_text())
    assert deployed.resources() == before


def test_an_anchor_is_replaced_by_the_commands_of_its_page_and_all_proxies_verify_each_other(
    deployed: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Pulumi.local.yaml"
    content = deployed.changed()
    content["config"][TRUST] = {"restarts": {"by": "rotate", "batch": 4}}
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    before = bundles(deployed)
    listed = []
    monkeypatch.setenv("KUBECONFIG", str(deployed.clusters.kubeconfig))
    with Prober(CLUSTERS) as prober:
        for _ in range(3):
            for command in pages.commands("rotate.md", "--next", "--restart", "pulumi up"):
                follow(deployed, file, command)
            anchors = yaml.safe_load(file.read_text())["config"][TRUST]["anchors"]
            listed.append({one["name"]: one["state"] for one in anchors})
    assert listed == [
        {"root": "active", "root-2": "prepared"},
        {"root": "tainted", "root-2": "active"},
        {"root-2": "active"},
    ]
    assert prober.rounds
    assert not prober.failures
    assert "missing" not in mesh(deployed, file, "rotate")
    after = bundles(deployed)
    assert len({*before.values()}) == len({*after.values()}) == 1
    assert before != after
    deployed.content = yaml.safe_load(file.read_text())


def bundles(stack: Stack) -> dict[str, str]:
    """What each cluster trusts."""
    path = "/api/v1/namespaces/linkerd/configmaps/linkerd-identity-trust-roots"
    return {name: stack.get(name, path)["data"]["ca-bundle.crt"] for name in CLUSTERS}


def test_a_mesh_whose_state_is_lost_is_imported_without_a_change(
    deployed: Stack, tmp_path: Path
) -> None:
    lost = LostStack(tmp_path, deployed.engine, deployed.content, "local")
    refused = lost.mesh_import()
    assert refused.code == 2
    assert not lost.out.exists()
    # The key of a generated anchor is lost with the state; what is printed keeps the anchor.
    printed = refused.output[refused.output.index(f"{PROJECT}:trustAnchor:") :]
    lines = printed[: printed.index("then import again")]
    lost.write({"config": {**deployed.content["config"], **yaml.safe_load(dedent(f"  {lines}"))}})
    before = {name: uids(deployed, name) for name in CLUSTERS}
    done = lost.mesh_import()
    assert done.code == 0, done.output
    _, *steps = pages.commands("import.md", "./mesh import")
    for step in steps:
        command = step.replace("STACK", "local").replace("FILE", str(lost.out))
        assert f"{command}\n" in done.output
    assert lost.out.stat().st_mode & 0o777 == 0o600
    issuer = deployed.get("source", "/api/v1/namespaces/linkerd/secrets/linkerd-identity-issuer")
    text = lost.out.read_text()
    assert "PRIVATE KEY" not in text
    assert issuer["data"]["tls.key"] not in text
    assert login(deployed).token not in text
    lost.load()
    assert lost.planned() == {}
    # Pulumi still owns what it wrote: a change is no conflict.
    sample = deployed.content["config"][f"{PROJECT}:clusters"]["target"]["sample"]
    changed = deployed.changed(target={"sample": {**sample, "prefix": "/imported/"}})
    lost.write({"config": {**changed["config"], **yaml.safe_load(dedent(f"  {lines}"))}})
    assert lost.planned() == {"target-ambassador-mapping-linkerd2-qotm": "update"}
    assert {name: uids(deployed, name) for name in CLUSTERS} == before


def uids(stack: Stack, cluster: str) -> dict[str, str]:
    with getattr(stack.clusters, cluster).api() as api:
        return uids_of(api)
