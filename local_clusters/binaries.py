"""The programs of a local cluster, built once from the pinned `go.mod` with the Go client.

Built programs stay in a cache folder whose name is a digest of everything that decides what they
are (`go.mod`, `go.sum`, the flags, the machine's architecture), so another pin is another folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from local_clusters.errors import GoUnavailableError, ToolBuildError, tail
from local_clusters.files import cache_directory, locked
from local_clusters.progress import Progress, Report, silent

MODULE_DIRECTORY = Path(__file__).resolve().parent
"""The folder that holds the pinned `go.mod` and `go.sum`."""


@dataclass(frozen=True)
class Pins:
    """Versions as Go writes them, for example `v1.36.3`; `go` is the least Go version, `1.26.0`."""

    go: str
    kubernetes: str
    helm: str
    kwok: str

    @property
    def kubernetes_major_minor(self) -> tuple[str, str]:
        """The two numbers that the API server reports as `major` and `minor`."""
        major, minor, _ = self.kubernetes.removeprefix("v").split(".", 2)
        return major, minor


@cache
def read_pins() -> Pins:
    """Return the versions that the project's own `go.mod` pins."""
    text = (MODULE_DIRECTORY / "go.mod").read_text()

    def version(module: str) -> str:
        found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", text, re.MULTILINE)
        assert found is not None, f"go.mod does not require {module}"
        return found.group(1)

    go = re.search(r"^go (\S+)$", text, re.MULTILINE)
    assert go is not None, "go.mod has no go line"
    return Pins(
        go=go.group(1),
        kubernetes=version("k8s.io/kubernetes"),
        helm=version("helm.sh/helm/v3"),
        kwok=version("sigs.k8s.io/kwok"),
    )


@dataclass(frozen=True)
class Tool:
    """A program: its name, and the `tool` line of `go.mod` that it is built from."""

    name: str
    package: str


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("etcd", "go.etcd.io/etcd/server/v3"),
        Tool("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
        Tool("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
        Tool("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
        Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
        Tool("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        Tool("helm", "helm.sh/helm/v3/cmd/helm"),
    )
}
"""Every program that `go.mod` pins, by name."""

CLUSTER_TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
"""The programs that a local cluster runs."""

_PARTIAL = ".partial"


def ensure(names: Sequence[str] = CLUSTER_TOOLS, report: Report = silent) -> dict[str, Path]:
    """Return the path of each named program, building the ones that are not in the cache yet.

    Programs are built one after the other; a second process that wants the same ones waits. A
    program appears in the cache whole or not at all. The first build of all of them takes minutes,
    and needs the Go module proxy; nothing else is ever fetched.

    Raises:
        GoUnavailableError: something has to be built and `go` is missing or too old.
        ToolBuildError: a build failed.
    """
    directory = binaries_directory()
    wanted = {name: directory / TOOLS[name].name for name in names}
    if cached(names):
        return wanted

    def waiting(seconds: float) -> None:
        report(Progress("programs", "another process is building them", seconds=seconds))

    with locked(directory.with_name(f"{directory.name}.lock"), waiting):
        missing = [name for name in wanted if not wanted[name].exists()]
        if missing:
            go = find_go()
            directory.mkdir(parents=True, exist_ok=True)
            for leftover in directory.glob(f".*{_PARTIAL}"):
                leftover.unlink(missing_ok=True)
        for number, name in enumerate(missing, start=1):

            def notify(text: str, seconds: float, name: str = name, number: int = number) -> None:
                report(Progress(name, text, number, len(missing), seconds))

            _build(go, TOOLS[name], wanted[name], notify)
    return wanted


def cached(names: Sequence[str] = CLUSTER_TOOLS) -> bool:
    """Return whether every named program is built, so that `ensure` needs no `go`."""
    directory = binaries_directory()
    return all((directory / TOOLS[name].name).exists() for name in names)


def binaries_directory() -> Path:
    """Return the cache folder that belongs to the present pins and flags."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((MODULE_DIRECTORY / name).read_bytes())
    for tool in TOOLS.values():
        digest.update(_linker_flags(tool, read_pins()).encode())
    digest.update(f"{platform.system()} {platform.machine()}".encode())
    return cache_directory() / f"bin-{digest.hexdigest()[:16]}"


def find_go() -> str:
    """Return the path of a `go` that is able to build the pinned programs.

    Raises:
        GoUnavailableError: there is none on PATH, or it is too old and not allowed to fetch the
            toolchain that `go.mod` asks for.
    """
    needed = read_pins().go
    remedy = (
        f"Install Go {needed} or newer and have it on PATH (https://go.dev/doc/install), "
        "or use Kubernetes clusters of your own."
    )
    go = shutil.which("go")
    if go is None:
        raise GoUnavailableError(
            "Local clusters are built with Go, and there is no `go` on PATH.", remedy
        )
    # Run inside the module, so that a `go` that may switch toolchains answers for the one it
    # switches to; older ones answer for themselves or refuse.
    answer = subprocess.run(
        [go, "version"],
        cwd=MODULE_DIRECTORY,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
    if answer.returncode != 0 or found is None:
        output = answer.stderr.strip() or answer.stdout.strip() or f"exit {answer.returncode}"
        raise GoUnavailableError(f"`{go} version` failed: {output}", remedy)
    if tuple(int(part or 0) for part in found.groups()) < _numbers(needed):
        raise GoUnavailableError(
            f"Local clusters need Go {needed} or newer; {go} is {found.group(0)}.", remedy
        )
    return go


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _build(go: str, tool: Tool, target: Path, notify: Callable[[str, float], None]) -> None:
    # When this process is killed the compiler goes on: a later build must not share its file.
    partial = target.with_name(f".{target.name}.{os.getpid()}{_PARTIAL}")
    log = target.with_name(f"{target.name}.build.log")
    command = [
        go, "build", "-mod=readonly", "-trimpath",
        "-ldflags", _linker_flags(tool, read_pins()),
        "-o", str(partial), tool.package,
    ]  # fmt: skip
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=MODULE_DIRECTORY,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            notify("building", time.monotonic() - began)
            while True:
                try:
                    status = process.wait(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    notify("building", time.monotonic() - began)
        except BaseException:
            process.terminate()
            process.wait()
            partial.unlink(missing_ok=True)
            raise
    if status != 0:
        partial.unlink(missing_ok=True)
        raise ToolBuildError(
            f"Building {tool.name} failed (exit {status}). The end of {log}:\n{tail(log)}",
            "The first build fetches Go modules: check the network, or set GOPROXY to a module "
            "proxy that can be reached, and try again.",
        )
    # Renaming before the content has reached the disk could leave an empty program after a crash.
    with partial.open("rb") as program:
        os.fsync(program.fileno())
    partial.replace(target)
    log.unlink()
    notify("built", time.monotonic() - began)


def _environment() -> dict[str, str]:
    """The user's environment, less what would build for another machine or another module."""
    own = {key: value for key, value in os.environ.items() if key not in ("GOOS", "GOARCH")}
    return own | {"CGO_ENABLED": "0", "GOWORK": "off"}


def _linker_flags(tool: Tool, pins: Pins) -> str:
    # Release builds stamp their version this way. Without it an API server calls itself v0.0.0,
    # and `helm template` renders for the Kubernetes version that Helm was written against.
    major, minor = pins.kubernetes_major_minor
    values: dict[str, str] = {}
    if tool.package.startswith("k8s.io/kubernetes/"):
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            values |= {
                f"{package}.gitVersion": pins.kubernetes,
                f"{package}.gitMajor": major,
                f"{package}.gitMinor": minor,
                f"{package}.gitCommit": "",
                f"{package}.gitTreeState": "archive",
            }
    elif tool.package.startswith("helm.sh/helm/"):
        values["helm.sh/helm/v3/internal/version.version"] = pins.helm
        for package in ("helm.sh/helm/v3/pkg/chartutil", "helm.sh/helm/v3/pkg/lint/rules"):
            values[f"{package}.k8sVersionMajor"] = major
            values[f"{package}.k8sVersionMinor"] = minor
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in values.items())])
