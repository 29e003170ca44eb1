"""The demo's deployment without the Pulumi engine.

The same program is rendered, and its objects are applied by server-side apply, each after what it
depends on. It has no state, and neither updates nor deletes anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from charts import ChartSource
from cli import tools
from cli.demo.target import Place, Target
from cli.errors import VerbError
from cli.progress import Step
from config import MeshConfig
from preflight import Reach
from render import (
    ClusterAnswers,
    HelmTemplate,
    Recording,
    RenderedObject,
    TlsProvider,
    manifests,
    record,
)


def deploy(config: MeshConfig, reach: Mapping[str, Reach], charts: ChartSource, step: Step) -> None:
    """Apply everything that a stack file describes, and wait until it is ready.

    First what does not depend on the clusters' tokens and addresses, then, with these, the rest.
    Raises VerbError, RenderError.
    """
    helm = HelmTemplate(tools.helm(step.progress), _kube_version(reach))
    tls = TlsProvider()
    stop = threading.Event()
    with TemporaryDirectory() as scratch:
        targets = {
            name: Target(name, cluster, config.timeout_seconds, stop, Path(scratch) / name)
            for name, cluster in config.clusters.items()
        }
        try:
            before = record(config, reach, charts, ClusterAnswers.placeholders(), tls=tls)
            late = before.downstream(before.from_clusters)
            _apply(targets, before, helm, lambda urn: urn not in late, step)
            step.update("waiting for tokens and addresses")
            after = record(config, reach, charts, _Asked(targets), tls=tls)
            _apply(targets, after, helm, lambda urn: urn in late, step)
        finally:
            stop.set()


class _Asked(ClusterAnswers):
    """What the clusters answer where the program reads from them."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = targets

    def token(self, cluster: str, namespace: str, name: str) -> Mapping[str, str]:
        """Data of a token Secret, once the cluster has filled it in."""
        secret = self._targets[cluster].wait_for(
            Place("v1", "Secret", namespace, name),
            "a token",
            lambda item: "token" in _part(item, "data"),
        )
        return {key: str(value) for key, value in secret["data"].items()}

    def service(self, cluster: str, namespace: str, name: str) -> Mapping[str, Any]:
        """Status of a Service, once it has a load-balancer address."""
        service = self._targets[cluster].wait_for(
            Place("v1", "Service", namespace, name), "a load-balancer address", _has_address
        )
        return _part(service, "status")


def _part(item: Mapping[str, Any], key: str) -> dict[str, Any]:
    return dict(item.get(key) or {})


def _has_address(service: Mapping[str, Any]) -> bool:
    if service["spec"].get("type") != "LoadBalancer":
        return True
    return bool(_part(_part(service, "status"), "loadBalancer").get("ingress"))


def _apply(
    targets: Mapping[str, Target],
    recording: Recording,
    helm: HelmTemplate,
    wanted: Callable[[str], bool],
    step: Step,
) -> None:
    """Apply the objects of registrations whose URN is `wanted`, in all clusters at once."""
    part = Recording([item for item in recording if wanted(item.urn) or not item.cluster])
    made = manifests(part, helm)
    with ThreadPoolExecutor(max_workers=max(1, len(made))) as pool:
        work = [pool.submit(_apply_to, targets[name], items, step) for name, items in made.items()]
        try:
            wait(work, return_when=FIRST_EXCEPTION)
        finally:
            # When one has failed, the others stop waiting.
            if not all(item.done() and item.exception() is None for item in work):
                next(iter(targets.values())).stop.set()
        failures = [error for item in work if (error := item.exception()) is not None]
    for error in sorted(failures, key=lambda error: not isinstance(error, VerbError)):
        raise error


def _apply_to(target: Target, items: Sequence[RenderedObject], step: Step) -> None:
    for owner, group in groupby(items, key=lambda item: item.owner):
        objects = list(group)
        for item in objects:
            step.update(f"{target.name}: {_named(item)}", lasting=False)
            target.apply(item)
        if len(objects) > 1:
            step.update(f"{target.name}: {owner.name} ({len(objects)} objects)")
        # As Helm does: what comes next may need these.
        for item in objects:
            target.wait_until_ready(item.object)


def _named(item: RenderedObject) -> str:
    return f"{item.object['kind']} {item.object['metadata']['name']}"


def _kube_version(reach: Mapping[str, Reach]) -> str:
    """The oldest version of the clusters, for example ``1.34.1``."""
    versions = [str(item.version).removeprefix("v").split("-")[0] for item in reach.values()]
    return min(versions, key=lambda text: [int(part) for part in text.split("+")[0].split(".")])
