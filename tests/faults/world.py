"""Two clusters behind proxies, and a stack in them that can be killed and compared."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from cli.demo.stack import DemoStack
from cli.engine.engine import Engine
from config import PROJECT
from kube.helm import newest_records
from local_clusters import LocalCluster
from local_clusters.control_plane.kubeconfig import merge_files
from machine.files import make_private_directory
from tests.faults.proxy import Counter, Proxy, proxied

ROOT = Path(__file__).resolve().parents[2]
NAMES = SOURCE, TARGET = ("source", "target")
_PASSING = (
    *("events", "leases", "endpoints", "endpointslices", "pods", "replicasets"),
    *("controllerrevisions", "nodes", "componentstatuses", "apiservices", "bindings"),
    "ipaddresses",
)
"""Resources that controllers make and end by themselves, some with names by chance."""
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\s*", re.DOTALL)

Content = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    seconds: float


@dataclass
class World:
    """The stack `local` in two clusters."""

    clusters: Mapping[str, LocalCluster]
    proxies: Mapping[str, Proxy]
    writes: Counter
    stack: DemoStack
    engine: Engine
    content: Content
    """The stack file of an undisturbed mesh."""
    outputs: list[str] = field(default_factory=list)

    def with_anchors(self, *names: str, signer: str) -> Content:
        """The stack file with these trust anchors."""
        content = copy.deepcopy(self.content)
        anchors = {"anchors": [{"name": name} for name in names], "signer": signer}
        content["config"][f"{PROJECT}:trustAnchor"] = anchors
        return content

    def with_cluster(self, name: str, **fields: Any) -> Content:
        """The stack file with these fields of a cluster."""
        content = copy.deepcopy(self.content)
        content["config"][f"{PROJECT}:clusters"][name].update(fields)
        return content

    def start(self, content: Content, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of the engine on the stack."""
        # Providers leave credentials among temporary files.
        temporary = {"TMPDIR": str(make_private_directory(self.stack.folder / "temporary"))}
        engine = self.stack.prepare(self.engine, content).having(temporary)
        command = [engine.command, *arguments, "--stack", "local", "--non-interactive"]
        if arguments[0] not in ("stack", "cancel"):
            command += ["--config-file", str(self.stack.stack_file), "--color", "never"]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=engine.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, content: Content, *arguments: str) -> Ended:
        """Run a command of the engine to its end."""
        return self.ended(self.start(content, *arguments))

    def ended(self, process: subprocess.Popen[str], seconds: float = 900) -> Ended:
        """Wait for a command, and keep what it printed."""
        begun = time.monotonic()
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            kill(process.pid, "both")
            # Its providers may keep the pipe open.
            output = "no end"
        self.outputs.append(output)
        return Ended(process.wait(), output, time.monotonic() - begun)

    def up(self, content: Content) -> Ended:
        """Deploy."""
        return self.run(content, "up", "--yes", "--skip-preview")

    def destroy(self, content: Content) -> Ended:
        """Delete."""
        return self.run(content, "destroy", "--yes", "--skip-preview")

    def recover(self, content: Content) -> Ended:
        """`./mesh recover`, without asking."""
        engine = self.stack.prepare(self.engine, content)
        process = subprocess.Popen(
            [sys.executable, ROOT / "cli" / "__main__.py", "recover", self.stack.stack_file, "-y"],
            env=engine.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self.ended(process)

    def restart(self) -> None:
        """Restart all pods with a proxy, the identity service first; see docs/anchors.md.

        Without it the guard may refuse to remove an anchor, by which pod started first.
        """
        for cluster in self.clusters.values():
            with cluster.api() as api:
                core = client.CoreV1Api(api)
                for component in ("=identity", "!=identity"):
                    chosen = f"linkerd.io/control-plane-component{component}"
                    _replace(core, f"{chosen},linkerd.io/control-plane-ns")

    def urns(self) -> list[str]:
        """URNs in the state; a pending operation is an entry of its own."""
        exported = self.run(self.content, "stack", "export").output
        found = json.loads(exported[exported.index("{") :])["deployment"]
        pending = [
            f"pending {one['resource']['urn']}" for one in found.get("pending_operations") or []
        ]
        return sorted([*(one["urn"] for one in found.get("resources") or []), *pending])

    def objects(self) -> list[str]:
        """Every object of both clusters, Helm releases with their state, Deployments with what
        their containers run."""
        return sorted(one for name in NAMES for one in self._objects(name))

    def _objects(self, cluster: str) -> Iterator[str]:
        with self.clusters[cluster].api() as api:

            def get(path: str) -> Any:
                answer = api.call_api("GET", f"{api.configuration.host}{path}")
                return json.loads(answer.read())

            roots = ["/api/v1"]
            for group in get("/apis")["groups"]:
                roots.append(f"/apis/{group['preferredVersion']['groupVersion']}")
            for root in roots:
                for one in get(root).get("resources", []):
                    plural = one["name"]
                    if "/" in plural or "list" not in one["verbs"] or plural in _PASSING:
                        continue
                    for item in get(f"{root}/{plural}").get("items") or []:
                        yield from _described(cluster, plural, item)


def _replace(core: client.CoreV1Api, selector: str) -> None:
    """Delete pods, and wait until their successors are ready."""

    def ready() -> set[str]:
        found = core.list_pod_for_all_namespaces(label_selector=selector).items
        return {
            str(pod.metadata.uid)
            for pod in found
            if pod.metadata
            and not pod.metadata.deletion_timestamp
            and pod.status
            and any(
                one.type == "Ready" and one.status == "True" for one in pod.status.conditions or ()
            )
        }

    before = ready()
    for pod in core.list_pod_for_all_namespaces(label_selector=selector).items:
        assert pod.metadata
        core.delete_namespaced_pod(str(pod.metadata.name), str(pod.metadata.namespace))
    for _ in range(600):
        if len(ready() - before) >= len(before):
            return
        time.sleep(0.2)
    raise AssertionError(f"pods {selector} did not come again")


def _described(cluster: str, plural: str, item: dict[str, Any]) -> Iterator[str]:
    metadata = item["metadata"]
    name = f"{cluster} {plural} {metadata.get('namespace', '')}/{metadata['name']}"
    if metadata["name"].startswith("sh.helm.release.v1."):
        if metadata["labels"]["status"] != "superseded":
            (record,) = newest_records([item]).values()
            yield f"{cluster} release {record}: {record.status}"
    elif plural == "deployments":
        containers = item["spec"]["template"]["spec"]["containers"]
        runs = [{key: one.get(key) for key in ("image", "args", "env")} for one in containers]
        yield f"{name} {_PEM.sub('CERTIFICATE ', yaml.safe_dump(runs)).count('CERTIFICATE')}"
    else:
        yield name
    applied = {
        one["manager"]
        for one in metadata.get("managedFields") or ()
        if one["operation"] == "Apply" and one["manager"].startswith("pulumi-kubernetes")
    }
    if len(applied) > 1:
        yield f"{name} has fields of {len(applied)} runs"


def kill(engine: int, what: str) -> None:
    """SIGKILL an engine, its providers, or both with the language host."""
    below = list(_below(engine))
    providers = [pid for pid in below if _command(pid).startswith("pulumi-resource")]
    for pid in {"engine": [engine], "providers": providers, "both": [engine, *below]}[what]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _below(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        threads = Path(f"/proc/{pid}/task").iterdir()
        children = [one for thread in threads for one in (thread / "children").read_text().split()]
        for child in children:
            yield int(child)
            yield from _below(int(child))


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


@contextlib.contextmanager
def world(
    clusters: Mapping[str, LocalCluster],
    folder: Path,
    engine: Engine,
    charts: Path,
    direct: Container[str] = (),
) -> Iterator[World]:
    """The stack, not deployed, in these clusters, with a proxy before each that is not `direct`."""
    with contextlib.ExitStack() as exits:
        counter = Counter()
        proxies = {
            name: exits.enter_context(Proxy(cluster.kubeconfig, counter).serving())
            for name, cluster in clusters.items()
            if name not in direct
        }
        kubeconfig = proxied(proxies, folder / "proxies")
        others = [one.kubeconfig for name, one in clusters.items() if name in direct]
        merge_files([kubeconfig, *others], folder / "kubeconfig")
        settings = {"KUBECONFIG": str(folder / "kubeconfig"), "MESH_CHARTS": str(charts)}
        content = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text())
        content["config"][f"{PROJECT}:timeoutSeconds"] = 120
        stack = DemoStack(folder / "stack")
        made = World(clusters, proxies, counter, stack, engine.having(settings), content)
        made.content = made.with_anchors("root", signer="root")
        yield made
