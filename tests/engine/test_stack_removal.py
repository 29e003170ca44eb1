"""What docs/removal.md describes, command by command: addresses that change, and what goes.

The mirrored Services are made by hand as a service mirror would make them: pods are simulated. The
stack that test_stack.py deployed serves all tests, which run in this order; the last one destroys
it.
"""

from __future__ import annotations

import copy
import dataclasses
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from config import PROJECT
from tests.engine.conftest import ROOT, Run, Stack, left_behind
from tests.service_mirror import Mirrors

LINK = "/apis/multicluster.linkerd.io/v1alpha3/namespaces/linkerd-multicluster/links/target"
ACCOUNT = "linkerd-service-mirror-remote-access-source"
PAGE = (ROOT / "docs" / "removal.md").read_text(encoding="utf-8")
COMMANDS = {
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
}
RAN: set[str] = set()

UP = "pulumi up --stack STACK"
DESTROY = "pulumi destroy --stack STACK"
FORGET = (
    "pulumi stack export --stack STACK | ./mesh forget CLUSTER | pulumi stack import --stack STACK"
)
CHECK = "./mesh check STACK"
SWEEP = "./mesh sweep STACK"


def run(stack: Stack, line: str, *more: str, content: dict[str, Any] | None = None) -> Run:
    """Run a command of the page on the stack, without questions."""
    RAN.add(line)
    words = shlex.split(line)
    if words[0] == "./mesh":
        stack.stack.prepare(stack.engine, content or stack.content)
        done = subprocess.run(
            [sys.executable, ROOT / "cli" / "__main__.py", words[1], stack.stack.stack_file, *more],
            env={**os.environ, **stack.engine.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr)
    return stack.pulumi(words[1], "--yes", "--skip-preview", *more, content=content)


@pytest.fixture(scope="module")
def mesh(deployed: Stack) -> Stack:
    """The stack, deployed, with settings that are not those of other modules."""
    return dataclasses.replace(deployed, content=copy.deepcopy(deployed.content))


@pytest.fixture
def mirrors(mesh: Stack) -> Iterator[Mirrors]:
    """Mirrors of the target, and of a cluster that another link has as its target."""
    with mesh.clusters.source.api() as api:
        made = Mirrors(client.CoreV1Api(api), client.CoordinationV1Api(api))
        made.make("target")
        made.make("elsewhere")
        made.federate("both", ["target", "elsewhere"])
        made.federate("alone", ["target"])
        yield made
        made.remove()


def without(stack: Stack, *clusters: str) -> dict[str, Any]:
    """The settings without the link, and without these clusters."""
    content = copy.deepcopy(stack.content)
    content["config"][f"{PROJECT}:links"] = []
    for name in clusters:
        del content["config"][f"{PROJECT}:clusters"][name]
    return content


def services(left: list[str]) -> list[str]:
    """Without what goes when no Link is left: the extension's namespace, and empty namespaces."""
    return [one for one in left if not one.startswith(("Lease", "V1Namespace"))]


def moved(stack: Stack, service: str, *entries: dict[str, str]) -> str:
    """The Link's address after an update with other addresses of the gateway's load balancer."""
    with stack.clusters.target.api() as api:
        body: Any = {"status": {"loadBalancer": {"ingress": list(entries)}}}
        client.CoreV1Api(api).patch_namespaced_service_status(service, "ambassador", body)
    assert stack.planned() == {"source-target-link": "update"}
    run(stack, UP).passed()
    return str(stack.get("source", LINK)["spec"]["gatewayAddress"])


def test_another_address_of_the_load_balancer_reaches_the_link_without_a_refresh(
    mesh: Stack,
) -> None:
    several = ({"ip": "203.0.113.77"}, {"hostname": "gateway.example.org"})
    assert moved(mesh, "ambassador", *several) == "203.0.113.77,gateway.example.org"


def test_another_address_of_a_service_of_the_gateways_own_reaches_the_link_too(
    mesh: Stack,
) -> None:
    mesh.content = mesh.changed(target={"ambassador": {"gateway": {"ownService": True}}})
    mesh.up().passed()
    name = "ambassador-linkerd-gateway"
    assert moved(mesh, name, {"ip": "203.0.113.78"}) == "203.0.113.78"


def test_mirrors_with_an_old_address_and_mirrors_without_an_export_are_named(
    mesh: Stack, mirrors: Mirrors
) -> None:
    report = run(mesh, CHECK).output
    assert "shop/web-target has 203.0.113.7, not 203.0.113.78" in report
    assert "Service shop/web-target (target has no Service shop/web)" in report
    assert "web-elsewhere (no link to elsewhere)" in report


def test_a_renamed_cluster_is_refused_before_anything_changes(mesh: Stack) -> None:
    before = mesh.resources()
    text = yaml.safe_dump(mesh.content).replace("target: target", "target: aim")
    content = yaml.safe_load(text)
    clusters = content["config"][f"{PROJECT}:clusters"]
    clusters["aim"] = clusters.pop("target")
    refused = run(mesh, UP, content=content)
    assert refused.code != 0
    assert "cluster 'aim' (context 'target'): at the last update it was 'target'" in refused.output
    assert "Traceback" not in refused.output
    assert mesh.resources() == before


def test_an_update_without_the_link_deletes_its_mirrors_and_nothing_of_other_links(
    mesh: Stack, mirrors: Mirrors
) -> None:
    before = mirrors.all()
    assert len(before["target"]) == 5
    run(mesh, UP, content=without(mesh)).passed()
    assert mirrors.all() == {
        "elsewhere": services(before["elsewhere"]),
        "federated": {"both": "both@elsewhere"},
    }


def test_the_account_and_the_credentials_of_the_link_are_gone_too(mesh: Stack) -> None:
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    paths = (f"{rbac}/clusterroles", f"{rbac}/clusterrolebindings", "/api/v1/serviceaccounts")
    found = [one for path in paths for one in mesh.get("target", path)["items"]]
    assert ACCOUNT not in {one["metadata"]["name"] for one in found}
    secrets = mesh.get("source", "/api/v1/secrets")["items"]
    assert "cluster-credentials-target" not in {one["metadata"]["name"] for one in secrets}


def test_what_is_left_over_all_the_same_is_swept(mesh: Stack) -> None:
    with mesh.clusters.source.api() as api:
        made = Mirrors(client.CoreV1Api(api), client.CoordinationV1Api(api))
        made.make("target", lease=False)
        done = run(mesh, SWEEP, "--yes", content=without(mesh)).passed()
        assert "source: Service shop/web-target: no link to target" in done.output
        assert made.all() == {}
        made.remove()


def test_what_is_in_a_cluster_that_is_gone_can_be_forgotten(mesh: Stack, tmp_path: Path) -> None:
    mesh.up().passed()
    state = mesh.pulumi_plain("stack", "export")
    kubeconfig = mesh.clusters.kubeconfig
    original = kubeconfig.read_text()
    content = yaml.safe_load(original)
    for entry in content["clusters"]:
        if entry["name"] == "target":
            # No program listens on a reserved port (RFC 6335).
            entry["cluster"]["server"] = "https://127.0.0.1:1"
    kubeconfig.write_text(yaml.safe_dump(content))
    try:
        saved = tmp_path / "state.json"
        saved.write_text(forgotten(mesh, "target"))
        mesh.pulumi_plain("stack", "import", "--file", str(saved))
        run(mesh, UP, content=without(mesh, "target")).passed()
        names = [one[0].rpartition("::")[2] for one in mesh.resources()]
        assert [name for name in names if name.startswith("target")] == []
    finally:
        kubeconfig.write_text(original)
    # What is in the target again belongs to the state of before.
    saved.write_text(state)
    mesh.pulumi_plain("stack", "import", "--file", str(saved))
    mesh.pulumi("refresh", "--yes", "--skip-preview")


def forgotten(stack: Stack, cluster: str) -> str:
    """The state that the page's command imports."""
    RAN.add(FORGET)
    done = subprocess.run(
        [sys.executable, ROOT / "cli" / "__main__.py", "forget", cluster],
        input=stack.pulumi_plain("stack", "export"),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_plain_destroy_deletes_the_mirrors_too_and_leaves_none_of_the_stacks_objects(
    mesh: Stack, before: dict[str, dict[str, set[str]]]
) -> None:
    mesh.up().passed()
    assert left_behind(mesh, before) != {}
    with mesh.clusters.source.api() as api:
        made = Mirrors(client.CoreV1Api(api), client.CoordinationV1Api(api))
        made.make("target")
        made.make("elsewhere")
        mirrored = made.all()
        run(mesh, DESTROY).passed()
        assert made.all() == {"elsewhere": services(mirrored["elsewhere"])}
        made.remove()
    assert mesh.resources() == []
    assert left_behind(mesh, before) == {}


def test_every_command_of_the_page_was_run() -> None:
    assert RAN == COMMANDS
