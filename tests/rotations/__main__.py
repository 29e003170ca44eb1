"""Replaces the trust anchor of three clusters that are linked both ways, and prints a table.

    python -m tests.rotations

Deploys on local clusters of its own, below MESH_STATE, with the engine as `./mesh demo` finds or
builds it, and the charts of MESH_CHARTS, or their stand-ins. The commands are those of
docs/rotate.md. All ordered pairs of clusters shake hands 20 times a second from the certificates
and the bundles that they hold at that moment (`tests.handshakes`). Before each step, updates that
would break trust are tried, which have to be refused. Exit code 1 where one is not, a step fails,
or a handshake does. Pods are simulated, those of a workload with what a small injector gives them:
it shows certificates, no requests.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import permutations
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

import local_clusters
from cli.demo.stack import DemoStack
from cli.engine.find import find
from config import PROJECT
from local_clusters import LocalCluster
from machine.files import make_private_directory, state_directory
from tests.faults.proxy import Counter
from tests.faults.world import World
from tests.handshakes import Prober
from tests.injector import MESHED, Injector
from tests.packages import packages
from tests.stack_files import ROOT, STACK_FILES
from tests.waiting import eventually
from vocabulary.linkerd import TRUST_ROOTS

NAMES = ("west", "middle", "east")
TRUST = f"{PROJECT}:trustAnchor"
Content = dict[str, Any]


class FailedError(Exception):
    """What did not end as documented, with what was printed."""


def stack_file() -> Content:
    """Three clusters of which each exports a Service to the two others."""
    content: Content = yaml.safe_load(STACK_FILES["local"].read_text())
    clusters, links = f"{PROJECT}:clusters", f"{PROJECT}:links"
    (link,) = content["config"][links]
    one = content["config"][clusters]["target"]
    one |= {"role": "both", "linkerd": {"multicluster": {"createNamespaces": True}}}
    content["config"][clusters] = {name: {**one, "context": name} for name in NAMES}
    exports = [{key: one[key] for key in ("namespace", "service")} for one in link["exports"]]
    content["config"][links] = [
        {"source": source, "target": target, "exports": exports}
        for source, target in permutations(NAMES, 2)
    ]
    content["config"][TRUST] = {"restarts": {"by": "rotate", "batch": 4}}
    return content


class Rotation:
    """The deployed mesh, and the stack file as it is now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._file = world.stack.stack_file

    @property
    def content(self) -> Content:
        """The stack file."""
        content: Content = yaml.safe_load(self._file.read_text())
        return content

    def anchors(self, states: Mapping[str, str]) -> Content:
        """The stack file with anchors of these states, by their names."""
        content = self.content
        listed = [{"name": name, "state": state} for name, state in states.items()]
        content["config"][TRUST]["anchors"] = listed
        return content

    def deploy(self, content: Content) -> None:
        """Update the stack. Raises FailedError."""
        ended = self._world.up(content)
        if ended.code:
            raise FailedError(ended.output)

    def refused(self, content: Content) -> str:
        """Why the update is refused. Raises FailedError where it is not, or not by the guard."""
        kept = self.content
        ended = self._world.up(content)
        self._world.stack.prepare(self._world.engine, kept)
        found = re.search(r"cluster '\w+'[^\n]*", ended.output)
        changed = re.search(r"^ +[~+-]+ +kubernetes:", ended.output, re.M)
        if not ended.code or found is None or changed:
            raise FailedError(f"not refused:\n{ended.output}")
        return found[0]

    def mesh(self, *arguments: str) -> str:
        """Run `./mesh rotate`; what it printed. Raises FailedError."""
        engine = self._world.stack.prepare(self._world.engine, self.content)
        done = subprocess.run(
            [sys.executable, ROOT / "cli" / "__main__.py", "rotate", self._file, *arguments],
            env=engine.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise FailedError(done.stdout + done.stderr)
        return done.stdout


def rotate(rotation: Rotation) -> Iterator[tuple[str, str]]:
    """What was done, and what came of it. Raises FailedError."""
    yield "all at once", rotation.refused(rotation.anchors({"root-2": "active"}))
    both = rotation.anchors({"root": "tainted", "root-2": "active"})
    yield "a new one that signs at once", rotation.refused(both)
    yield "both are trusted", step(rotation)
    yield "it signs before the restarts", rotation.refused(both)
    yield "restarts", restarted(rotation)
    gone = rotation.anchors({"root-2": "active"})
    yield "the old one goes before the new one signs", rotation.refused(gone)
    yield "the new one signs", step(rotation)
    yield "the old one goes before the restarts", rotation.refused(gone)
    yield "restarts", restarted(rotation)
    yield "the old one goes", step(rotation)
    yield "restarts", restarted(rotation)
    left = rotation.mesh()
    if "missing" in left:
        raise FailedError(left)
    yield "nothing is missing", ""


def step(rotation: Rotation) -> str:
    """Write the next step into the stack file, and update."""
    rotation.mesh("--next")
    rotation.deploy(rotation.content)
    anchors = rotation.content["config"][TRUST]["anchors"]
    return ", ".join(f"{one['name']} {one['state']}" for one in anchors)


def restarted(rotation: Rotation) -> str:
    """Restart what started with other anchors."""
    return rotation.mesh("--restart", "--yes").strip().rpartition("\n")[2]


@contextmanager
def meshed(cluster: LocalCluster, folder: Path) -> Iterator[None]:
    """A workload with proxies, which keep the anchors that they started with."""
    injector = Injector(folder)
    labels = {"app": "shop", **MESHED}
    container = {"name": "web", "image": "example.com/web:1"}
    template: dict[str, Any] = {
        "metadata": {"labels": {**labels, "linkerd.io/proxy-deployment": "shop"}},
        "spec": {"containers": [container]},
    }
    with cluster.api() as api:
        core: Any = client.CoreV1Api(api)
        apps: Any = client.AppsV1Api(api)
        hooks: Any = client.AdmissionregistrationV1Api(api)

        def bundle() -> str:
            found = core.read_namespaced_config_map(TRUST_ROOTS, "linkerd")
            return str(found.data["ca-bundle.crt"])

        def injected() -> bool:
            pod = copy.deepcopy(template)
            pod["metadata"]["name"] = "probe"
            made = core.create_namespaced_pod("shop", pod, dry_run="All")
            return bool(made.metadata.annotations)

        injector.bundle = bundle
        core.create_namespace({"metadata": {"name": "shop"}})
        hooks.create_mutating_webhook_configuration(injector.registration(labels))
        # The webhook may not be known yet to the API server that just registered it.
        eventually(injected)
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        apps.create_namespaced_deployment("shop", {"metadata": {"name": "shop"}, "spec": spec})
        try:
            yield
        finally:
            injector.server.shutdown()


@contextmanager
def deployed(folder: Path) -> Iterator[Rotation]:
    """The mesh on clusters of its own, which end with it."""
    directory = folder / "clusters"
    try:
        started = dict(zip(NAMES, local_clusters.up(NAMES, directory=directory), strict=True))
        kubeconfig = local_clusters.merge_kubeconfigs(list(started.values()))
        # The prober is a part of this process.
        os.environ["KUBECONFIG"] = str(kubeconfig)
        os.environ.setdefault("MESH_CHARTS", str(packages()))
        engine = find(print)
        stack = DemoStack(folder / "stack")
        world = World(started, {}, Counter(), stack, engine, stack_file())
        stack.prepare(engine, world.content)
        rotation = Rotation(world)
        rotation.deploy(rotation.content)
        with ExitStack() as exits:
            for name, cluster in started.items():
                exits.enter_context(meshed(cluster, make_private_directory(folder / name)))
            yield rotation
    finally:
        local_clusters.down(directory=directory)


def main() -> int:
    """Run the script; returns its exit code."""
    # The clusters end with this script, also where its job is cancelled.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = make_private_directory(state_directory() / f"rotations-{os.getpid()}")
    failed = False
    try:
        with deployed(folder) as rotation:
            begun = time.monotonic()
            with Prober(NAMES) as prober:
                try:
                    for title, what in rotate(rotation):
                        seconds = time.monotonic() - begun
                        print(f"{seconds:6.0f} s  {title:44} {what}", flush=True)
                except FailedError as error:
                    failed = True
                    print(f"FAILED: {error}")
            lasted = time.monotonic() - begun
            print(*prober.summary(), f"{prober.rounds / lasted:.1f} rounds a second", sep="\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed or prober.failures or not prober.rounds else 0


if __name__ == "__main__":
    sys.exit(main())
