"""TLS handshakes between all clusters, from the certificates that they hold at that moment.

    python -m tests.handshakes CONTEXT CONTEXT... -- COMMAND [ARGUMENT...]

While the command runs, each ordered pair of clusters shakes hands 20 times a second, as two
proxies would that get their certificates at that moment: each side has a leaf certificate that the
issuer in its own cluster signed, and verifies the other side's with a bundle of its own cluster.
The bundles of a cluster are that of the ConfigMap and, read once a second, those that running pods
started with. The exit code is 1 if a handshake failed, else the command's.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from pathlib import Path
from ssl import (
    CERT_REQUIRED,
    PROTOCOL_TLS_CLIENT,
    PROTOCOL_TLS_SERVER,
    MemoryBIO,
    SSLContext,
    SSLError,
    SSLObject,
    SSLWantReadError,
)
from typing import Any

import urllib3.exceptions
from kubernetes import client

from config.core.cluster import ClusterConfig
from kube.kubeconfig import api_client, get_json
from tests.certificates import certified, loaded
from vocabulary.linkerd import CONTROL_PLANE_NS, ISSUER_SECRET, TRUST_ROOTS

RATE = 20
"""Rounds of handshakes a second."""
NAMESPACE = "linkerd"
ROOTS_VARIABLE = "LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS"


@dataclass(frozen=True)
class Held:
    """What one cluster holds at a moment."""

    bundles: frozenset[str]
    """PEM of the control plane's anchors, and of what running pods started with."""
    issuer: str
    """PEM of the issuer."""
    key: str = field(repr=False)
    """PEM of its private key."""


class Cluster:
    """One cluster, read through a context of the kubeconfig."""

    def __init__(self, context: str) -> None:
        self.context = context
        self._api = api_client(ClusterConfig(context=context))
        self._started: frozenset[str] = frozenset()
        self._looked = 0.0

    def held(self) -> Held | None:
        """What it holds now; None before Linkerd is installed."""
        core = f"/api/v1/namespaces/{NAMESPACE}"
        roots = self._get(f"{core}/configmaps/{TRUST_ROOTS}")
        secret = self._get(f"{core}/secrets/{ISSUER_SECRET}")
        if roots is None or secret is None:
            return None
        if time.monotonic() - self._looked >= 1:
            self._started, self._looked = frozenset(self._of_pods()), time.monotonic()
        now = str(roots["data"]["ca-bundle.crt"]).strip()
        data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
        return Held(self._started | {now}, data["tls.crt"], data["tls.key"])

    def _of_pods(self) -> Iterator[str]:
        """The roots in the environment of proxies that run."""
        found = self._get(f"/api/v1/pods?labelSelector={CONTROL_PLANE_NS}%3D{NAMESPACE}") or {}
        for pod in found.get("items", []):
            if pod["status"].get("phase") != "Running" or pod["metadata"].get("deletionTimestamp"):
                continue
            spec = pod["spec"]
            for container in (*spec["containers"], *spec.get("initContainers", ())):
                for item in container.get("env") or ():
                    if item["name"] == ROOTS_VARIABLE and item.get("value"):
                        yield str(item["value"]).strip()

    def _get(self, path: str) -> dict[str, Any] | None:
        try:
            return get_json(self._api, path, (2, 5))
        except client.ApiException as error:
            if error.status == 404:
                return None
            raise


@lru_cache(maxsize=64)
def _contexts(issuer: str, key: str, bundle: str) -> tuple[SSLContext, SSLContext]:
    """How a proxy with a leaf of this issuer acts as a client and as a server."""
    leaf = certified("default.lab", loaded(issuer, key), hosts=("default.lab",), authority=False)
    sides = SSLContext(PROTOCOL_TLS_CLIENT), SSLContext(PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder, "chain")
        chain.write_text(f"{leaf.key_pem}{leaf.pem}{issuer}")
        for side in sides:
            side.verify_mode = CERT_REQUIRED
            side.load_cert_chain(chain)
            side.load_verify_locations(cadata=bundle)
    return sides


def handshake(caller: Held, trusted: str, server: Held, trusted_by_server: str) -> str | None:
    """Why a caller and a server with these bundles do not verify each other; None where they do."""
    ours = _contexts(caller.issuer, caller.key, trusted)[0]
    theirs = _contexts(server.issuer, server.key, trusted_by_server)[1]
    up, down = MemoryBIO(), MemoryBIO()
    ends = (
        ours.wrap_bio(down, up, server_hostname="default.lab"),
        theirs.wrap_bio(up, down, server_side=True),
    )
    try:
        for _ in range(4):
            done = [_step(end) for end in ends]
            if all(done):
                # A client's certificate is verified only after the client is done.
                ends[0].write(b"request")
                return None if ends[1].read(16) == b"request" else "the request did not arrive"
    except SSLError as error:
        return str(error.reason or error)
    return "the handshake did not end"


def _step(end: SSLObject) -> bool:
    try:
        end.do_handshake()
    except SSLWantReadError:
        return False
    return True


class Prober(threading.Thread):
    """Shakes hands between all pairs until it is stopped."""

    def __init__(self, contexts: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._clusters = {context: Cluster(context) for context in contexts}
        self._ended = threading.Event()
        self.rounds = 0
        """Rounds in which every cluster was read."""
        self.handshakes = 0
        """Handshakes that were tried."""
        self.failures: Counter[str] = Counter()
        """Failed handshakes, by pair and reason."""
        self.unread: Counter[str] = Counter()
        """Clusters that could not be read, by reason."""

    def run(self) -> None:
        """Probe, before other work of the machine where that is permitted."""
        with suppress(PermissionError):
            # On Linux a thread has a priority of its own, which its threads inherit.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -10)
        with ThreadPoolExecutor(len(self._clusters)) as pool:
            self._probe(pool)

    def _probe(self, pool: ThreadPoolExecutor) -> None:
        following = time.monotonic()
        while not self._ended.is_set():
            try:
                read = pool.map(Cluster.held, self._clusters.values())
                held = dict(zip(self._clusters, read, strict=True))
            except (client.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
                # An API server that restarts is no failed handshake.
                self.unread[type(error).__name__] += 1
            else:
                self._round({name: one for name, one in held.items() if one is not None})
            # Rounds that a busy machine delayed follow at once, five seconds of them at most.
            following = max(following + 1 / RATE, time.monotonic() - 5)
            self._ended.wait(max(following - time.monotonic(), 0))

    def _round(self, held: Mapping[str, Held]) -> None:
        self.rounds += 1
        for (name, caller), (other, server) in product(held.items(), repeat=2):
            for trusted, by_server in product(caller.bundles, server.bundles):
                self.handshakes += 1
                reason = handshake(caller, trusted, server, by_server)
                if reason is not None:
                    self.failures[f"{name} to {other}: {reason}"] += 1

    def stop(self) -> None:
        """End; waits for the round that runs."""
        self._ended.set()
        self.join(30)

    def __enter__(self) -> Prober:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def summary(self) -> Iterable[str]:
        """What was tried, a line each."""
        failed = self.failures.total()
        yield f"{self.handshakes} handshakes in {self.rounds} rounds, {failed} failed"
        yield from (f"  {count} times: {what}" for what, count in self.failures.most_common())
        yield from (
            f"  not read: {count} times: {what}" for what, count in self.unread.most_common()
        )


def main(arguments: Sequence[str]) -> int:
    """Run a command while a prober runs."""
    place = list(arguments).index("--")
    with Prober(arguments[:place]) as prober:
        code = subprocess.run(arguments[place + 1 :], check=False).returncode
    print(*prober.summary(), sep="\n")
    return 1 if prober.failures or not prober.rounds else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
