"""The programs that are built from pinned Go modules, and the modules.

A module is a folder of `machine/go/` with a ``go.mod`` and ``go.sum``; its programs are the
packages of its ``tool`` lines, or its own ``main.go``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent / "go"


@dataclass(frozen=True)
class Module:
    """A pinned Go module, by the name of its folder."""

    name: str

    @property
    def folder(self) -> Path:
        """The folder with its ``go.mod``."""
        return _FOLDER / self.name

    @property
    def go(self) -> str:
        """The lowest version of Go that builds it, for example ``1.26.0``."""
        return self._find(r"^go (\S+)$")

    def version(self, module: str) -> str:
        """The version that it pins of a module, for example ``v1.36.3``."""
        return self._find(rf"^\s*(?:require )?{re.escape(module)} (v\S+)")

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, _go_mod(self.folder), re.MULTILINE)
        assert found is not None, f"{self.folder}/go.mod has no {pattern}"
        return found.group(1)


@cache
def _go_mod(folder: Path) -> str:
    return (folder / "go.mod").read_text()


KUBERNETES = Module("kubernetes")
PULUMI = Module("pulumi")
PULUMI_KUBERNETES = Module("pulumi_kubernetes")

PROVIDER_VERSION = "4.25.0"
"""The release of Pulumi's Kubernetes provider that `PULUMI_KUBERNETES` builds.

The module proxy serves that release as a pseudo-version; its commit is the release's.
"""

Variables = Mapping[str, str]
"""Go variables that the linker sets, by their full names."""


@dataclass(frozen=True)
class Tool:
    """A program: its name, its module, and the Go package that it is built from."""

    name: str
    module: Module
    package: str
    variables: Callable[[], Variables] = dict
    """What the linker sets: releases have their version stamped in this way."""
    compiler_flags: tuple[str, ...] = ()
    """More flags of ``go build``."""

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of ``go build`` that decide what the program is."""
        stamps = (f"-X {name}={value}" for name, value in self.variables().items())
        return (*self.compiler_flags, "-ldflags", " ".join(["-s", "-w", *stamps]))


def kubernetes_version() -> str:
    """The version of Kubernetes, for example ``v1.36.3``."""
    return KUBERNETES.version("k8s.io/kubernetes")


def kwok_version() -> str:
    """The version of kwok, for example ``v0.8.0``."""
    return KUBERNETES.version("sigs.k8s.io/kwok")


def _kubernetes() -> Variables:
    # Without them an API server calls itself v0.0.0.
    major, minor, _ = kubernetes_version().removeprefix("v").split(".", 2)
    return {
        f"{package}.{name}": value
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for name, value in {
            "gitVersion": kubernetes_version(),
            "gitMajor": major,
            "gitMinor": minor,
            "gitCommit": "",
            "gitTreeState": "archive",
        }.items()
    }


def _helm() -> Variables:
    # Without them `helm template` renders for the Kubernetes version that Helm was written against.
    major, minor, _ = kubernetes_version().removeprefix("v").split(".", 2)
    helm = "helm.sh/helm/v3"
    return {f"{helm}/internal/version.version": KUBERNETES.version(helm)} | {
        f"{helm}/pkg/{package}.{name}": value
        for package in ("chartutil", "lint/rules")
        for name, value in {"k8sVersionMajor": major, "k8sVersionMinor": minor}.items()
    }


def _pulumi() -> Variables:
    pinned = PULUMI.version("github.com/pulumi/pulumi/pkg/v3")
    return {"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": pinned}


# Optimising all of it is half of the build; a run spends its time in what reads and writes JSON.
_OPTIMISED = (
    *("std", "helm.sh/...", "k8s.io/apimachinery/...", "k8s.io/kube-openapi/..."),
    *("sigs.k8s.io/...", "google.golang.org/...", "github.com/pulumi/pulumi/..."),
)
_QUICKER = (
    *("-gcflags", "all=-N -l"),
    *(word for pattern in _OPTIMISED for word in ("-gcflags", f"{pattern}=")),
)

TOOLS = {
    tool.name: tool
    for tool in (
        Tool("etcd", KUBERNETES, "go.etcd.io/etcd/server/v3"),
        Tool("kube-apiserver", KUBERNETES, "k8s.io/kubernetes/cmd/kube-apiserver", _kubernetes),
        Tool(
            "kube-controller-manager",
            KUBERNETES,
            "k8s.io/kubernetes/cmd/kube-controller-manager",
            _kubernetes,
        ),
        Tool("kube-scheduler", KUBERNETES, "k8s.io/kubernetes/cmd/kube-scheduler", _kubernetes),
        Tool("kwok", KUBERNETES, "sigs.k8s.io/kwok/cmd/kwok"),
        Tool("kubectl", KUBERNETES, "k8s.io/kubernetes/cmd/kubectl", _kubernetes),
        Tool("helm", KUBERNETES, "helm.sh/helm/v3/cmd/helm", _helm),
        Tool("pulumi", PULUMI, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", _pulumi, _QUICKER),
        Tool(
            "pulumi-resource-kubernetes",
            PULUMI_KUBERNETES,
            ".",
            lambda: {"main.version": PROVIDER_VERSION},
            _QUICKER,
        ),
    )
}
"""Every program, by name."""

CLUSTER_TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
"""The programs that a local cluster runs."""
ENGINE_TOOLS = ("pulumi", "pulumi-resource-kubernetes")
"""The programs of Pulumi that are built."""
