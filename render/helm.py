"""Helm releases rendered by ``helm template``, without a cluster."""

from __future__ import annotations

import atexit
import hashlib
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from charts.source import CHARTS_VARIABLE
from kube.documents import load_all
from render.errors import RenderError
from render.namespaces import with_namespace
from render.registration import Registration
from vocabulary.kinds import INGRESS_CLASS
from vocabulary.kubernetes import HELM_HOOK

KUBE_VERSION = "1.34.0"
"""Version of Kubernetes that charts are rendered for, where no cluster is asked."""

SERVED = (f"{INGRESS_CLASS.api_version}/{INGRESS_CLASS.name}",)
"""Kinds that charts look for in a cluster; without one, Helm knows API versions alone."""

HOOK = HELM_HOOK
"""Annotation of an object that Helm creates at certain moments only."""

_INSTALL_HOOKS = {"pre-install": 0, "crd-install": 0, "pre-upgrade": 0}
_AFTER_HOOKS = {"post-install": 2, "post-upgrade": 2}


@dataclass(frozen=True)
class ChartPackage:
    """A chart as Helm reads it."""

    path: Path
    """Its file or folder."""
    sha256: str
    """SHA-256 of the file in hexadecimal; empty for a folder."""


@dataclass(frozen=True)
class HelmTemplate:
    """Renders the charts of releases."""

    binary: Path
    """The helm program, version 3 or newer."""
    kube_version: str = KUBE_VERSION
    """Version of Kubernetes that charts are rendered for, for example ``1.34.0``."""
    timeout_seconds: float = 90.0
    """Seconds that Helm may take for one chart."""
    _done: dict[tuple[str, ...], str] = field(default_factory=dict, compare=False, repr=False)
    _locks: dict[tuple[str, ...], threading.Lock] = field(
        default_factory=dict, compare=False, repr=False
    )

    def render(self, release: Registration) -> list[dict[str, Any]]:
        """Objects of a release in the order in which Helm installs them.

        Those without a namespace get the release's. Hooks of an installation or upgrade are among
        them, annotated as hooks, before or after the rest; those of deletions, rollbacks and tests
        are not. Raises RenderError with Helm's message.
        """
        inputs = release.inputs
        package = self.package(release)
        command = [str(self.binary), "template", str(inputs["name"]), str(package.path)]
        command += ["--namespace", str(inputs["namespace"]), "--kube-version", self.kube_version]
        command += ["--api-versions", ",".join(SERVED)]
        command += ["--include-crds", "--skip-tests", "--values", "-"]
        values = json.dumps(inputs.get("values") or {}, sort_keys=True)
        text = self._once((*command, values), lambda: self._run(command, values, release))
        try:
            objects = [one for one in load_all(text) if isinstance(one, dict)]
        except yaml.YAMLError as error:
            raise RenderError(
                f"the chart of release {release.name} renders to invalid YAML ({error})",
                "check the extra values of that chart in the stack file",
            ) from None
        namespace = str(inputs["namespace"])
        return _in_order(list(with_namespace(_flat(objects), namespace)))

    def package(self, release: Registration) -> ChartPackage:
        """The chart of a release, downloaded once where it is in a repository.

        Raises RenderError with Helm's message.
        """
        inputs = release.inputs
        chart, version = str(inputs["chart"]), str(inputs.get("version") or "")
        repository = (inputs.get("repositoryOpts") or {}).get("repo")
        path = Path(chart)
        if repository or chart.startswith("oci://"):
            command = [str(self.binary), "pull", chart]
            command += ["--version", version] if version else []
            command += ["--repo", str(repository)] if repository else []
            path = self._pull(command, release)
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        return ChartPackage(path, digest)

    def _pull(self, command: list[str], release: Registration) -> Path:
        def pull() -> str:
            folder = tempfile.mkdtemp(dir=_downloads())
            self._run([*command, "--destination", folder], "", release)
            return str(next(iter(Path(folder).glob("*.tgz")), folder))

        return Path(self._once(tuple(command), pull))

    def _once(self, key: tuple[str, ...], make: Callable[[], str]) -> str:
        """A text that is made once: releases of CRDs are the same in all clusters."""
        with self._locks.setdefault(key, threading.Lock()):
            if key not in self._done:
                self._done[key] = make()
            return self._done[key]

    def _run(self, command: list[str], values: str, release: Registration) -> str:
        try:
            # Values go through standard input: every user of the machine can read a command line.
            done = subprocess.run(
                command,
                input=values,
                capture_output=True,
                text=True,
                timeout=self.timeout_seconds,
                check=False,
            )
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise RenderError(
                f"{self.binary} cannot be run ({reason})", "install Helm 3 on PATH"
            ) from None
        except subprocess.TimeoutExpired:
            raise RenderError(
                f"helm took more than {self.timeout_seconds:.0f} s for release {release.name}",
                _OFFLINE,
            ) from None
        if done.returncode != 0:
            words = _words(done.stderr)
            raise RenderError(
                f"helm cannot render release {release.name} "
                f"(chart {release.inputs['chart']}, version {release.inputs.get('version')}): "
                f"{words}",
                _remedy(words),
            )
        return done.stdout


@cache
def _downloads() -> Path:
    """A folder for downloaded charts that is deleted when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="mesh-charts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def find_helm(progress: Callable[[Any], None] | None = None) -> Path:
    """The helm program: from PATH, or else the pinned one, built on first use.

    `progress` is called with each `machine.progress.Progress` of the build. Raises RenderError
    where there is no helm and it cannot be built.
    """
    found = shutil.which("helm")
    if found is not None:
        return Path(found)
    from machine.build import ensure
    from machine.errors import BuildError
    from machine.progress import silent

    try:
        return ensure(["helm"], progress or silent)["helm"]
    except BuildError as error:
        raise RenderError(
            f"charts are rendered with helm, which is not on PATH, and cannot be built: "
            f"{error.message}",
            f"install Helm 3 on PATH, or: {error.remedy}",
        ) from None


_OFFLINE = (
    f"check the network, or set {CHARTS_VARIABLE} (or charts.directory in the stack file) to a "
    "folder with the packaged charts"
)
_SIGNS_OF_NO_NETWORK = (
    "dial tcp",
    "no such host",
    "cannot be reached",
    "connection refused",
    "timeout",
    "i/o",
    "TLS handshake",
    "failed to do request",
    "proxyconnect",
    "Forbidden",
)


def _remedy(words: str) -> str:
    if any(sign in words for sign in _SIGNS_OF_NO_NETWORK):
        return _OFFLINE
    if "not found" in words or "no such file" in words or "no chart" in words:
        return f"check the chart's version, and charts in the stack file or {CHARTS_VARIABLE}"
    if "kubeVersion" in words:
        return "render for the version of Kubernetes that the clusters have"
    return "correct the chart's extra values in the stack file"


def _words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    return (" ".join(errors) or " ".join(lines[-3:]) or "no message")[:1000]


def _flat(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The objects, those of lists one by one, as Helm installs them."""
    for item in objects:
        if str(item.get("kind", "")).endswith("List") and isinstance(item.get("items"), list):
            yield from _flat([inner for inner in item["items"] if isinstance(inner, dict)])
        else:
            yield item


def hook_of(manifest: dict[str, Any]) -> str | None:
    """The value of the hook annotation, for example ``pre-install``; None for any other object."""
    annotations = (manifest.get("metadata") or {}).get("annotations") or {}
    return str(annotations[HOOK]) if HOOK in annotations else None


def _in_order(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    placed: list[tuple[int, dict[str, Any]]] = []
    for item in objects:
        hook = hook_of(item)
        if hook is None:
            placed.append((1, item))
            continue
        moments = [moment.strip() for moment in hook.split(",")]
        places = [
            (_INSTALL_HOOKS | _AFTER_HOOKS)[moment]
            for moment in moments
            if moment in _INSTALL_HOOKS or moment in _AFTER_HOOKS
        ]
        if places:
            placed.append((min(places), item))
    return [item for _, item in sorted(placed, key=lambda entry: entry[0])]
