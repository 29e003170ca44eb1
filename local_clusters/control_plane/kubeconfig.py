"""Kubeconfig files for local clusters."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config

from local_clusters.control_plane.certificates import KeyPair
from local_clusters.errors import LocalClusterError
from machine.files import write_private


def write_kubeconfig(path: Path, name: str, server: str, ca: Path, user: KeyPair) -> Path:
    """Write a kubeconfig (mode 0600) whose one context, cluster and user are all called `name`.

    Certificates and key are embedded, so that it can be copied and merged.
    """
    entry = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {"server": server, "certificate-authority-data": _base64(ca)},
            }
        ],
        "users": [
            {
                "name": name,
                "user": {
                    "client-certificate-data": _base64(user.certificate),
                    "client-key-data": _base64(user.key),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return write_private(path, yaml.safe_dump(entry, sort_keys=False))


def merge_files(kubeconfigs: Sequence[Path], path: Path) -> Path:
    """Write one kubeconfig (mode 0600) with every context of the given ones.

    The current context is that of the first. Names must differ; a name that comes twice keeps its
    first meaning, as kubectl has it.
    """
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config"}
    for source in kubeconfigs:
        loaded = yaml.safe_load(source.read_text())
        merged.setdefault("current-context", loaded["current-context"])
        for kind in ("clusters", "users", "contexts"):
            entries = merged.setdefault(kind, [])
            known = {entry["name"] for entry in entries}
            entries.extend(entry for entry in loaded[kind] if entry["name"] not in known)
    return write_private(path, yaml.safe_dump(merged, sort_keys=False))


def api_client(kubeconfig: Path) -> client.ApiClient:
    """Return an API client that goes to loopback directly, whatever proxy the environment names.

    Raises:
        LocalClusterError: the kubeconfig cannot be used.
    """
    configuration = client.Configuration()
    try:
        config.load_kube_config(  # type: ignore[no-untyped-call]
            str(kubeconfig), client_configuration=configuration
        )
    except (config.ConfigException, OSError, yaml.YAMLError) as error:
        raise LocalClusterError(f"{kubeconfig} cannot be used: {error}") from error
    configuration.proxy = None
    # Callers ask again by themselves, and need to know of a refusal at once.
    configuration.retries = False
    return client.ApiClient(configuration)


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
