"""Imports the mesh of every stack file of the tests, and prints a table.

Needs the engine, and the programs of the local clusters. ``by-hand`` also needs MESH_CHARTS, and
what `benchmarks/README.md` names. Each stack needs one to three minutes.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

import local_clusters
from benchmarks.by_hand import ByHand
from benchmarks.commands import Commands
from charts.source import ChartSource
from cli.demo.stack import DemoStack
from cli.engine.engine import Engine
from cli.engine.find import find
from config import PROJECT, MeshConfig, load_stack_file
from config.core.cluster import ClusterConfig
from config.service_ports import named_ports
from local_clusters import LocalCluster
from machine.build import ensure
from render import ClusterAnswers, HelmTemplate, manifests, offline_reach, record
from tests.imports import LostStack, commands_of, uids, with_provided_anchor
from tests.imports.controllers import played
from tests.integration.ambassador_kinds import crds_of
from tests.integration.test_rendered_objects import Server, namespace, owners, theirs
from tests.packages import packages
from tests.stack_files import MADE_FOR_TESTS, ROOT, STACK_FILES
from vocabulary.kinds import BUNDLE, CERTIFICATE

BY_HAND = "by-hand"
OWNER = "the-owner"
"""The field manager of what other owners have."""


def main(names: list[str]) -> int:
    """Import each; returns how many failed."""
    failed = 0
    for name in names or [*MADE_FOR_TESTS, "local", BY_HAND]:
        began = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="mesh-imports-") as folder:
                result = _by_hand(Path(folder)) if name == BY_HAND else _stack(name, Path(folder))
        except Exception as error:
            traceback.print_exc()
            result = f"FAILED: {str(error).strip()[-400:]}"
        failed += result.startswith("FAILED")
        print(f"{name:32} {time.monotonic() - began:5.0f} s  {result}", flush=True)
    return failed


def _stack(name: str, folder: Path) -> str:
    content = yaml.safe_load(STACK_FILES[name].read_text(encoding="utf-8"))
    content = with_provided_anchor(_local(content))
    charts = packages()
    with ExitStack() as exits:
        found, clusters = exits.enter_context(_clusters(content, folder))
        engine = found.having({"MESH_CHARTS": str(charts)})
        file = folder / f"Pulumi.{name}.yaml"
        file.write_text(yaml.safe_dump(content))
        _prepare(load_stack_file(file), clusters, charts)
        stack = DemoStack(folder / "first")
        lines: list[str] = []
        exits.enter_context(played(clusters))
        prepared = stack.prepare(engine, content)
        command = ["up", "--yes", "--skip-preview", "--stack", "local"]
        code = prepared.execute([*command, "--config-file", str(stack.stack_file)], lines.append)
        if code != 0:
            said = "\n".join(line for line in lines if "warning: " not in line)
            reasons = " ".join(said[said.find("Diagnostics:") :].split())
            return f"FAILED: not deployed: {reasons[:1200]}"
        return _imported(LostStack(folder / "second", engine, content, name), clusters)


def _by_hand(folder: Path) -> str:
    content = yaml.safe_load(STACK_FILES["local"].read_text(encoding="utf-8"))
    with _clusters(content, folder) as (engine, clusters):
        config = load_stack_file(STACK_FILES["local"])
        charts = ChartSource(Path(os.environ["MESH_CHARTS"]).absolute(), config.charts)
        hand = folder / "hand"
        way = ByHand(config, charts, hand)
        way.prepare()
        commands = Commands(engine.environment, hand)
        for item in way.steps():
            commands.shell(item.title, item.lines)
        content["config"][f"{PROJECT}:trustAnchor"] = {
            "anchors": [
                {
                    "name": "root",
                    "certificate": (hand / "anchor.crt").read_text(),
                    "privateKey": (hand / "anchor.key").read_text(),
                }
            ]
        }
        lost = LostStack(folder / "second", engine, content, "local")
        before = _uids(clusters)
        refused = lost.mesh_import()
        remedies = commands_of(refused.output)
        assert refused.code == 1, refused.output
        assert not lost.out.exists()
        for line in remedies:
            commands.shell("remedy", line)
        result = _imported(lost, clusters, before)
        return f"{result}, after {len(remedies)} printed commands"


def _imported(
    lost: LostStack, clusters: Mapping[str, LocalCluster], before: dict[str, str] | None = None
) -> str:
    """Import, preview, and compare the objects."""
    before = before or _uids(clusters)
    done = lost.mesh_import()
    if not lost.out.exists():
        return f"FAILED: {done.output[-1500:]}"
    lost.load()
    planned = lost.planned(force=True)
    after = _uids(clusters)
    changed = sorted(
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    )
    if changed:
        return f"FAILED: other UIDs: {', '.join(changed[:5])}"
    worse = {name: what for name, what in planned.items() if what != "update"}
    if worse or done.code:
        return f"FAILED: {worse} {done.output[-600:]}"
    updates = f", {len(planned)} updates: {', '.join(planned)}" if planned else ""
    count = next((line for line in done.output.splitlines() if " resources are as " in line), "")
    return f"ok: {count.split(' ', maxsplit=1)[0]} unchanged{updates}; {len(after)} UIDs the same"


def _uids(clusters: Mapping[str, LocalCluster]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, cluster in clusters.items():
        with cluster.api() as api:
            found |= {f"{name} {key}": uid for key, uid in uids(api).items()}
    return found


def _local(content: dict[str, Any]) -> dict[str, Any]:
    """The settings for clusters of this machine."""
    for cluster in content["config"][f"{PROJECT}:clusters"].values():
        cluster["networks"] = ["10.0.0.0/8", "127.0.0.0/8"]
        cluster["apiServer"] = {"sameMachine": True}
        cluster.pop("uid", None)
    content["config"].pop(f"{PROJECT}:charts", None)
    return content


@contextmanager
def _clusters(
    content: Mapping[str, Any], folder: Path
) -> Iterator[tuple[Engine, dict[str, LocalCluster]]]:
    """Clusters for a stack file by their names in it, and an engine that reaches them."""
    contexts = {
        name: str(item["context"])
        for name, item in content["config"][f"{PROJECT}:clusters"].items()
    }
    directory = folder / "clusters"
    try:
        found = local_clusters.up(list(contexts.values()), directory=directory)
        kubeconfig = local_clusters.merge_kubeconfigs(found)
        engine = find(print).having({"KUBECONFIG": str(kubeconfig)})
        yield engine, dict(zip(contexts, found, strict=True))
    finally:
        local_clusters.down(directory=directory)


def _prepare(config: MeshConfig, clusters: Mapping[str, LocalCluster], charts: Path) -> None:
    """Make what other owners have in the clusters."""
    source = ChartSource(charts, config.charts)
    recording = record(config, offline_reach(config), source, ClusterAnswers.placeholders())
    helm = HelmTemplate(ensure(["helm"])["helm"])
    made = manifests(recording, helm)
    for name, cluster in clusters.items():
        server = Server(cluster, _installed_kinds(config.clusters[name]))
        own = {
            item.object["metadata"]["name"]
            for item in made[name]
            if item.object["kind"] == "Namespace" and not item.patch
        }
        for space in sorted(theirs(config, name) - own - {"default", "kube-system"}):
            server.apply(namespace(space), pretend=False)
        adopted = [one for one in config.clusters[name].every_ambassador if not one.installed]
        for one in adopted[:1]:
            for crd in crds_of(one, source, helm):
                server.apply(crd, pretend=False, manager=OWNER)
        for item in made[name]:
            space = item.object["metadata"].get("namespace")
            if item.patch and item.object["kind"] != "Namespace" and space not in own:
                thing = {**item.object, "spec": {"config": {}}}
                if item.object["kind"] != "Module":
                    thing = owners(item.object)
                ports = {
                    one.port
                    for one in named_ports(config, name)
                    if (one.service.namespace, one.service.name)
                    == (space, thing["metadata"]["name"])
                }
                if thing["kind"] == "Service" and ports:
                    thing["spec"]["ports"] = [{"name": f"p{one}", "port": one} for one in ports]
                for one in adopted:
                    if (space, thing["metadata"]["name"]) == (one.namespace, one.workload):
                        account = {"name": one.account(name), "namespace": space}
                        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}
                        server.apply(body, pretend=False, manager=OWNER)
                        _runs(thing, one.pod_labels, account["name"])
                server.apply(thing, pretend=False, manager=OWNER)


def _installed_kinds(config: ClusterConfig) -> set[str]:
    """API groups whose CRDs the stack installs."""
    found = set()
    issuing = config.cert_manager
    if issuing is not None and issuing.install:
        found.add(CERTIFICATE.group)
    if issuing is not None and issuing.trust_manager and issuing.trust_manager.install:
        found.add(BUNDLE.group)
    return found


def _runs(workload: dict[str, Any], labels: dict[str, str], account: str) -> None:
    """Let its pods have these labels and this account."""
    workload["spec"] = {
        **workload["spec"],
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {**workload["spec"]["template"]["spec"], "serviceAccountName": account},
        },
    }


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(1 if main(sys.argv[1:]) else 0)
