"""Writes the next versions of an upgrade into a stack file, which keeps everything else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from config import PROJECT, MeshConfig
from lifecycle.rotation.yaml_edit import (
    UneditableError,
    composed,
    mapping,
    pair,
    with_block,
    with_entry,
    with_value,
)
from lifecycle.stack_file import rewrite
from vocabulary.errors import MeshError

KEYS = (f"{PROJECT}:clusters", "clusters", f"{PROJECT}:config:clusters")
"""Forms of the key in a stack file."""


class UpgradeError(MeshError):
    """An upgrade cannot go on by itself."""


def write(path: Path, versions: Mapping[str, str]) -> None:
    """Write the version of Linkerd of clusters, by their names, into a stack file.

    Raises UpgradeError with the lines to write by hand where that cannot be done exactly.
    """
    try:
        rewrite(
            path,
            lambda text: edited(text, versions),
            lambda before, after: after == with_versions(before, versions),
        )
    except UneditableError as error:
        raise UpgradeError(
            f"{path} is left as it is: {error}",
            "\n".join(("write by hand:", *(f"  {line}" for line in lines(versions)))),
        ) from None


def lines(versions: Mapping[str, str]) -> list[str]:
    """The versions as key paths of a stack file."""
    return [f'clusters.{name}.linkerd.version: "{version}"' for name, version in versions.items()]


def with_versions(mesh: MeshConfig, versions: Mapping[str, str]) -> MeshConfig:
    """A stack file's models with other versions of Linkerd."""
    clusters = dict(mesh.clusters)
    for name, version in versions.items():
        linkerd = clusters[name].linkerd.model_copy(update={"version": version})
        clusters[name] = clusters[name].model_copy(update={"linkerd": linkerd})
    return mesh.model_copy(update={"clusters": clusters})


def edited(text: str, versions: Mapping[str, str]) -> str:
    """The text of a stack file with these versions. Raises UneditableError."""
    for name, version in versions.items():
        cluster = _cluster(text, name)
        quoted = f'"{version}"'
        linkerd = pair(cluster, "linkerd")
        if linkerd is None:
            block = [f"  version: {quoted}"]
            text = with_block(text, cluster, "linkerd", block, f"{{version: {quoted}}}")
            continue
        node = mapping(linkerd[1], f"clusters.{name}.linkerd")
        written = pair(node, "version")
        if written is not None:
            text = with_value(text, written[1], quoted)
        elif node.value:
            text = with_entry(text, node, node.value[0], "version", quoted)
        else:
            text = with_value(text, node, f"{{version: {quoted}}}")
    return text


def _cluster(text: str, name: str) -> yaml.MappingNode:
    node: yaml.MappingNode = composed(text)
    for keys in (("config",), KEYS, (name,)):
        found = pair(node, *keys)
        node = mapping(found[1] if found else None, keys[0])
    return node
