"""Login plugins of kubeconfigs (``exec:``), run with a timeout.

The Kubernetes client can run them itself, but waits for them for ever, and where one fails it
logs the plugin's output and goes on without credentials.

Fact: Kubernetes docs, "client-go credential plugins" (client.authentication.k8s.io).
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath
from typing import Any

from config.language.problems import printable
from kube.errors import KubeconfigError
from vocabulary.kubernetes import EXEC_CLUSTER

EXTENSION = EXEC_CLUSTER
"""Name of the cluster's extension that a plugin is handed as its configuration."""

SHARED = (
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority-data",
    "proxy-url",
    "disable-compression",
)
"""What a plugin gets about the cluster, where it asks for it."""


def log_in(
    plugin: Mapping[str, Any], cluster: Mapping[str, Any], context: str, timeout: float
) -> dict[str, str]:
    """A kubeconfig's user entry with the credentials that a plugin gives.

    `plugin` is the user's ``exec`` entry, `cluster` the cluster's entry; `timeout` is in seconds.
    Raises KubeconfigError, which quotes nothing of the plugin's output.
    """
    command, environment = _call(plugin, cluster, context)
    name = f"the login plugin '{printable(PurePath(command[0]).name)}'"
    remedy = f"try `kubectl --context {printable(context)} version`, which shows its output"
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError):
        raise KubeconfigError(
            f"{name} cannot be started", "install it, or correct `command` in the kubeconfig"
        ) from None
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise KubeconfigError(
            f"{name} did not finish within {timeout:g} seconds", f"log in with it first; {remedy}"
        ) from None
    finally:
        _end(process)
    if process.returncode != 0:
        raise KubeconfigError(f"{name} failed with status {process.returncode}", remedy)
    user = _credentials(output, plugin.get("apiVersion"))
    if user is None:
        raise KubeconfigError(f"{name} returned no usable credentials", remedy)
    return user


def _call(
    plugin: Mapping[str, Any], cluster: Mapping[str, Any], context: str
) -> tuple[list[str], dict[str, str]]:
    arguments = plugin.get("args") or []
    variables = plugin.get("env") or []
    command = plugin.get("command")
    if (
        not isinstance(command, str)
        or not command
        or not isinstance(plugin.get("apiVersion"), str)
        or not isinstance(arguments, list)
        or not isinstance(variables, list)
        or not all(isinstance(item, Mapping) and "name" in item for item in variables)
    ):
        raise KubeconfigError(
            f"the login plugin (exec) of context '{printable(context)}' is incomplete",
            "write command, apiVersion, args and env of the user in the kubeconfig",
        )
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = {key: cluster[key] for key in SHARED if key in cluster}
        extensions = cluster.get("extensions")
        for extension in extensions if isinstance(extensions, list) else []:
            if isinstance(extension, Mapping) and extension.get("name") == EXTENSION:
                spec["cluster"]["config"] = extension.get("extension")
    info = {"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": spec}
    environment = {
        **os.environ,
        **{str(item["name"]): str(item.get("value", "")) for item in variables},
        "KUBERNETES_EXEC_INFO": json.dumps(info, default=str),
    }
    return [command, *map(str, arguments)], environment


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a plugin that still runs, with whatever it started."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _credentials(output: bytes, version: Any) -> dict[str, str] | None:
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        return None
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(status, dict) or answer.get("apiVersion") != version:
        return None
    token = status.get("token")
    certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
    user: dict[str, str] = {}
    if isinstance(token, str) and token:
        user["token"] = token
    if isinstance(certificate, str) and isinstance(key, str):
        user["client-certificate-data"] = base64.b64encode(certificate.encode()).decode()
        user["client-key-data"] = base64.b64encode(key.encode()).decode()
    return user or None
