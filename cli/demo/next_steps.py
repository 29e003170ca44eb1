"""The commands that the demo prints in the end."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from cli.demo.stack import STACK, DemoStack
from cli.engine.engine import Engine

Group = tuple[str, Sequence[str]]
"""A heading, and shell commands below it."""


def to_look(
    contexts: Sequence[str], kubectl: str, kubeconfig: Path | None, stack_file: Path | None
) -> Group:
    """Commands that show the mesh.

    `contexts` are those of source and target; `kubeconfig` is None for clusters of the user's own,
    `stack_file` None for the stack `local` of the checkout.
    """
    call = shlex.quote(kubectl)
    source, target = (f"{call} --context {shlex.quote(context)}" for context in contexts)
    variables = {"KUBECONFIG": str(kubeconfig)} if kubeconfig is not None else {}
    return (
        "To see it:",
        [
            *_exports(variables),
            f"{source} get links.multicluster.linkerd.io --all-namespaces",
            f"{target} get service ambassador --namespace ambassador",
            f"{target} get services --all-namespaces --selector mirror.linkerd.io/exported=true",
            f"./mesh check {shlex.quote(str(stack_file or STACK))}",
        ],
    )


def to_go_on(stack: DemoStack, engine: Engine, charts: Path | None) -> Group:
    """Commands that use the stack with Pulumi; `charts` is a folder of charts, or None."""
    variables = stack.settings()
    if charts is not None:
        variables["MESH_CHARTS"] = str(charts)
    folders = [shlex.quote(str(folder)) for folder in engine.folders]
    path = [f"export PATH={os.pathsep.join(folders)}:$PATH"] if folders else []
    file = shlex.quote(str(stack.stack_file))
    return (
        "To go on with Pulumi:",
        [
            "./mesh demo --change",
            *_exports(variables),
            *path,
            f"pulumi preview --stack {STACK} --config-file {file}",
        ],
    )


def _exports(variables: Mapping[str, str]) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
