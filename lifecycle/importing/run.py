"""The import: a state for what the clusters have, made by the engine with providers that read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from kubernetes import client

from charts import ChartSource
from config import MeshConfig
from config.inventory import inventory
from kube.kubeconfig import api_client, existing
from kube.paths import path_of
from lifecycle.importing.anchors import require_key
from lifecycle.importing.certificates import ExistingCertificates, Held
from lifecycle.importing.deployment import without
from lifecycle.importing.messages import name_of
from lifecycle.importing.missing import elsewhere
from lifecycle.importing.objects import ExistingObjects
from lifecycle.importing.owners import Refusal
from lifecycle.importing.places import Place, TrialCertificates, decoded_text, places
from lifecycle.importing.providers import Reader, ReadingProviders
from lifecycle.importing.report import Report, report
from machine.files import write_private
from preflight import Reach
from render import ClusterAnswers, HelmTemplate, Recording, offline_reach, record
from render.recorder import RELEASE
from vocabulary.kinds import SECRET

_TIMEOUT = (5.0, 20.0)
"""Seconds to connect, and to answer."""


class Stack(Protocol):
    """A stack without resources, whose secrets the user's own stack can decrypt."""

    def up(self, settings: Mapping[str, str], on_line: Callable[[str], object]) -> None:
        """Run the program with more environment variables."""

    def export(self) -> dict[str, Any]:
        """Its deployment, secrets encrypted."""

    def load(self, file: Path) -> None:
        """Put the deployment of a file in the place of its own."""

    def preview(self) -> dict[str, Any]:
        """What an update would do, as Pulumi prints it in JSON."""


@dataclass(frozen=True)
class Import:
    """One import. It changes no cluster."""

    config: MeshConfig
    """The stack file."""
    reach: Mapping[str, Reach]
    """What the guard learned of each cluster."""
    charts: ChartSource
    """Where charts come from."""
    programs: Mapping[str, Path]
    """The engine's providers, by package."""
    environment: Mapping[str, str]
    """What they are started with."""
    helm: Callable[[], HelmTemplate]
    """Renders charts, where a release does not exist."""

    def run(self, stack: Stack, out: Path, on_line: Callable[[str], object]) -> Report:
        """Write the deployment into `out` (mode 0600, secrets encrypted), and compare.

        Where something is refused, no file is written. Raises LostKeyError, ApiException, and what
        the stack raises.
        """
        trial = record(
            *(self.config, offline_reach(self.config), self.charts, ClusterAnswers.placeholders()),
            tls=TrialCertificates(),
        )
        apis = {name: api_client(item) for name, item in self.config.clusters.items()}
        pems = dict(_held(places(trial), apis))
        require_key(self.config, self.reach, pems)
        kubectl = {
            name: f"kubectl --context {item.context}" if item.context else "kubectl"
            for name, item in self.config.clusters.items()
        }
        objects = ExistingObjects(trial, kubectl)
        certificates = ExistingCertificates(pems)
        readers: dict[str, Reader] = {"kubernetes": objects, "tls": certificates}
        with ReadingProviders(self.programs, self.environment, readers) as providers:
            stack.up(providers.settings, on_line)
        refused = [*objects.refused, *self._missing(trial, objects, apis)]
        if refused:
            return Report(0, refused=tuple(refused))
        deployment = without(stack.export(), {*objects.absent, *certificates.absent})
        write_private(out, json.dumps(deployment, indent=2))
        stack.load(out)
        return report(stack.preview())

    def _missing(
        self, trial: Recording, objects: ExistingObjects, apis: Mapping[str, client.ApiClient]
    ) -> Iterator[Refusal]:
        absent = set(map(name_of, objects.absent))
        for item in trial:
            if item.type == RELEASE and item.name in absent and item.cluster is not None:
                key = (str(item.inputs["namespace"]), str(item.inputs["name"]))
                made = inventory(self.config, item.cluster)
                release = next(one for one in made.releases if one.key == key)
                yield from elsewhere(
                    release,
                    item,
                    partial(existing, apis[item.cluster], timeout=_TIMEOUT),
                    self.helm,
                )


def _held(
    wanted: Mapping[str, list[Place]], apis: Mapping[str, client.ApiClient]
) -> Iterator[tuple[str, Held]]:
    """Keys and certificates that the clusters have, with the logical names of their resources."""
    secrets: dict[Place, Mapping[str, Any]] = {}
    for name, found in wanted.items():
        for place in found:
            whole = place._replace(key="", output="")
            if whole not in secrets:
                path = path_of(SECRET, place.namespace, place.secret)
                secrets[whole] = existing(apis[place.cluster], path, _TIMEOUT) or {}
            text = decoded_text((secrets[whole].get("data") or {}).get(place.key, ""))
            if text:
                yield name, Held(text, place.output)
                break
