"""Rotates a link's credentials many times while its target's Services come and go.

    .venv/bin/python -m benchmarks.credential_rotations STACK [--rotations 100] [--link NAME]

Needs a deployed stack with real service mirrors; KUBECONFIG, the backend and the passphrase are
those with which it was deployed. Each rotation is one `pulumi up` with a higher
`credentials.generation` of the link, in a copy of the stack file; the last generation stays
deployed, so write it into the stack file, or update again without it. Services that no pod is
behind are exported and deleted in the namespace of the link's first export, a few each second.
Only mirrored ones are deleted: a service mirror looks for the mirror of a deleted Service in a
cache, which may not have it yet where the Service was exported a moment before, and then leaves it
(Linkerd, ``multicluster/service-mirror/cluster_watcher.go``), with or without a rotation.

Prints a line for each rotation, and a summary. The exit code is 1 where a mirror is missing or left
over after a rotation, an old token was refused before the service mirror had the new one, an old
token works afterwards, or a token is valid for longer than the lifetime of the stack file.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config import PROJECT, load_stack_file
from config.inventory.values.extensions import CREDENTIALS_ANNOTATION
from config.links.link import LinkConfig
from kube.kubeconfig import api_client
from kube.token_login import TokenLogin, login_of
from kube.tokens import claims_of
from preflight.link_tokens import refused
from vocabulary.linkerd import CLUSTER_NAME, EXPORTED, MULTICLUSTER, credentials_secret

ROOT = Path(__file__).resolve().parents[1]
MARK = {"app": "credential-rotations"}
SETTLE_SECONDS = 60.0
"""How long mirrors may take to follow once no Service changes any more."""
CACHED_SECONDS = 20.0
"""How long an API server may accept a revoked token: it keeps for 10 seconds what it found."""


@dataclass
class Lab:
    """The link, and clients of its two clusters."""

    link: LinkConfig
    namespace: str
    source: client.ApiClient
    target: client.ApiClient

    def mirrors(self) -> set[str]:
        """Names in the target of the Services of this run that the source mirrors."""
        found: Any = client.CoreV1Api(self.source).list_namespaced_service(
            self.namespace, label_selector=f"{CLUSTER_NAME}={self.link.target}"
        )
        names = (item.metadata.name.removesuffix(f"-{self.link.target}") for item in found.items)
        return {name for name in names if name.startswith("rotation-")}

    def exported(self) -> set[str]:
        """Names of the Services of this run."""
        wanted = ",".join(f"{key}={value}" for key, value in MARK.items())
        found: Any = client.CoreV1Api(self.target).list_namespaced_service(
            self.namespace, label_selector=wanted
        )
        return {item.metadata.name for item in found.items}

    def login(self) -> TokenLogin:
        """What the service mirror's Secret has."""
        core, name = client.CoreV1Api(self.source), credentials_secret(self.link.target)
        return login_of({"data": core.read_namespaced_secret(name, MULTICLUSTER).data})

    def running_with(self) -> str | None:
        """The mark of the credentials of the service mirror's pods; None while they change."""
        found: Any = client.AppsV1Api(self.source).read_namespaced_deployment(
            f"controller-{self.link.target}", MULTICLUSTER
        )
        wanted, status = found.spec.replicas, found.status
        done = (
            status.observed_generation == found.metadata.generation
            and status.replicas == status.updated_replicas == status.available_replicas == wanted
        )
        notes = found.spec.template.metadata.annotations or {}
        return notes.get(f"{CREDENTIALS_ANNOTATION}.{self.link.target}") if done else None


@dataclass
class Churn:
    """Services that are exported and deleted by a thread, until they are to rest."""

    lab: Lab
    events: int = 0
    failures: int = 0
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, end: threading.Event) -> None:
        """Export and delete Services until `end`."""
        alive, settled = sorted(self.lab.exported()), set[str]()
        while not end.wait(random.uniform(0.05, 0.4)):
            with self._lock:
                try:
                    mirrored = settled.intersection(alive)
                    settled = self.lab.mirrors()
                    if len(alive) < 5 or (len(alive) < 40 and random.random() < 0.55):
                        alive.append(self._export())
                    elif mirrored:
                        alive.remove(name := random.choice(sorted(mirrored)))
                        self._delete(name)
                    else:
                        continue
                    self.events += 1
                except ApiException:
                    self.failures += 1

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Nothing changes within."""
        with self._lock:
            yield

    def _export(self) -> str:
        self._number += 1
        name = f"rotation-{int(time.time()):x}-{self._number}"
        labels = {**MARK, EXPORTED: "true"}
        client.CoreV1Api(self.lab.target).create_namespaced_service(
            self.lab.namespace,
            client.V1Service(
                metadata=client.V1ObjectMeta(name=name, labels=labels),
                spec=client.V1ServiceSpec(ports=[client.V1ServicePort(port=80)]),
            ),
        )
        return name

    def _delete(self, name: str) -> None:
        client.CoreV1Api(self.lab.target).delete_namespaced_service(name, self.lab.namespace)


@dataclass
class Watch:
    """When the old token was refused, and when the service mirror ran with the new one."""

    lab: Lab
    old: TokenLogin
    before: str | None
    refused_at: float | None = None
    renewed_at: float | None = None

    def run(self, end: threading.Event) -> None:
        """Ask until `end`."""
        while not end.wait(0.2):
            with suppress(ApiException, OSError):
                # In this order, so that a token that goes at that moment counts as too early.
                if self.refused_at is None and refused(self.old.endpoint, self.old.token):
                    self.refused_at = time.monotonic()
                if self.renewed_at is None and self.lab.running_with() not in (None, self.before):
                    self.renewed_at = time.monotonic()


@contextmanager
def alongside(run: Callable[[threading.Event], None]) -> Iterator[None]:
    """Runs something in a thread until the block ends."""
    end = threading.Event()
    thread = threading.Thread(target=run, args=(end,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def within(seconds: float, good: Callable[[], bool]) -> bool:
    """Whether something is true within so many seconds."""
    until = time.monotonic() + seconds
    while not good():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


def update(stack: str, content: dict[str, Any], link: LinkConfig, generation: int) -> str:
    """Deploy another generation of a link's credentials; why it failed, empty where it did not."""
    links = content["config"][f"{PROJECT}:links"]
    for one in links:
        if (one["source"], one["target"]) == (link.source, link.target):
            given = {"token": "request", **one.get("credentials", {})}
            one["credentials"] = {**given, "generation": generation}
    file = ROOT / "stacks" / f".rotations.{stack}.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    try:
        done = subprocess.run(
            [
                *("pulumi", "up", "--yes", "--skip-preview", "--non-interactive"),
                *("--suppress-progress", "--color", "never"),
                *("--stack", stack, "--config-file", str(file)),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.unlink()
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[-3000:]


def rotate(stack: str, content: dict[str, Any], churn: Churn, generation: int) -> list[str]:
    """One rotation, with a line about it; what was wrong."""
    lab, began = churn.lab, time.monotonic()
    old = lab.login()
    watch = Watch(lab, old, lab.running_with())
    with alongside(watch.run):
        failed = update(stack, content, lab.link, generation)
        took = time.monotonic() - began
        if failed:
            return [f"generation {generation}: {failed}"]
        gone = within(CACHED_SECONDS, lambda: watch.refused_at is not None)
    wrong: list[str] = []
    if not gone:
        wrong.append("the old token still works")
    elif watch.renewed_at is None or watch.refused_at is None:
        wrong.append("the service mirror was not seen with the new token")
    elif watch.refused_at < watch.renewed_at:
        wrong.append("the old token was refused before the service mirror had the new one")
    new = lab.login()
    claims = claims_of(new.token)
    if new.token == old.token or refused(new.endpoint, new.token):
        wrong.append("there is no new token that works")
    if claims is None or claims.lifetime.total_seconds() > lab.link.credentials.lifetime_seconds:
        wrong.append("the token is valid for longer than the lifetime of the stack file")
    with churn.resting():
        rested = time.monotonic()
        if not within(SETTLE_SECONDS, lambda: lab.mirrors() == lab.exported()):
            wanted, found = lab.exported(), lab.mirrors()
            wrong.append(f"not mirrored: {wanted - found}; left over: {found - wanted}")
        settled, services = time.monotonic() - rested, len(lab.exported())
    print(
        f"generation {generation}: update {took:.1f} s, {services} Services mirrored after "
        f"{settled:.1f} s, {churn.events} events so far {'; '.join(wrong) or 'ok'}",
        flush=True,
    )
    return [f"generation {generation}: {reason}" for reason in wrong]


def main() -> int:
    """Rotate, and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("stack")
    parser.add_argument("--rotations", type=int, default=100)
    parser.add_argument("--link", help="<source>-<target>; the first of the stack file by default")
    options = parser.parse_args()
    path = ROOT / "stacks" / f"Pulumi.{options.stack}.yaml"
    config = load_stack_file(path)
    link = next(one for one in config.links if options.link in (None, one.name))
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    wrong: list[str] = []
    with (
        api_client(config.clusters[link.source]) as source,
        api_client(config.clusters[link.target]) as target,
    ):
        lab = Lab(link, link.exports[0].namespace, source, target)
        churn, first = Churn(lab), lab.login()
        used = [first.token]
        with alongside(churn.run):
            start = link.credentials.generation + 1
            for generation in range(start, start + options.rotations):
                wrong += rotate(options.stack, content, churn, generation)
                used.append(lab.login().token)
        left = [token for token in used[:-1] if not refused(first.endpoint, token)]
        for name in lab.exported():
            client.CoreV1Api(target).delete_namespaced_service(name, lab.namespace)
        if not within(SETTLE_SECONDS, lambda: not lab.mirrors()):
            wrong.append(f"left over at the end: {sorted(lab.mirrors())}")
    if left:
        wrong.append(f"{len(left)} old tokens still work")
    print(
        f"{options.rotations} rotations, {len(set(used))} tokens, {churn.events} Services exported "
        f"or deleted ({churn.failures} requests of this script failed), {len(wrong)} problems"
    )
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
