"""A cluster's entry in a kubeconfig: its API server, its CA, and a client that logs in.

``KUBECONFIG`` may name several files, as for kubectl; the first that names a thing wins.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client
from kubernetes.config import new_client_from_config_dict
from kubernetes.config.config_exception import ConfigException

from config.cluster import ClusterConfig


class KubeconfigError(ValueError):
    """A kubeconfig does not lead to a cluster; says why and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True)
class Endpoint:
    """Where an API server is and who vouches for it; no credentials."""

    server: str
    """URL of the API server."""
    certificate_authority: str | None
    """PEM of the CA, or None where the system's roots are meant."""


def kubeconfig_paths() -> list[Path]:
    """The files that ``KUBECONFIG`` names, or the usual one."""
    value = os.environ.get("KUBECONFIG", "")
    named = [Path(part).expanduser() for part in value.split(os.pathsep) if part]
    return named or [Path("~/.kube/config").expanduser()]


def endpoint(cluster: ClusterConfig) -> Endpoint:
    """API server and CA of a cluster as other clusters reach it.

    `cluster.api_server` wins over the kubeconfig; of the kubeconfig, only server and CA are read,
    never the operator's credentials. Raises KubeconfigError.
    """
    given = cluster.api_server
    if given is not None and given.certificate_authority is not None:
        return Endpoint(given.address, given.certificate_authority)
    entry = _named(_content(cluster), "clusters", _context(cluster)["cluster"], "cluster")
    server = entry.get("server")
    if not isinstance(server, str) or not server:
        raise KubeconfigError(
            "the kubeconfig names no API server", "set clusters.<name>.apiServer.address"
        )
    return Endpoint(given.address if given is not None else server, _authority(entry))


def api_client(cluster: ClusterConfig, connect_timeout: float = 3.0) -> client.ApiClient:
    """A client that logs in to a cluster as the operator; one try per request.

    `connect_timeout` is in seconds and bounds how long a login plugin's own look-ups may connect.
    Raises KubeconfigError.
    """
    content = _content(cluster)
    context = _context(cluster)
    name = cluster.context or content.get("current-context")
    configuration = client.Configuration()
    configuration.retries = 0
    try:
        made: client.ApiClient = new_client_from_config_dict(  # type: ignore[no-untyped-call]
            config_dict=_only(content, str(name), context),
            context=str(name),
            client_configuration=configuration,
            persist_config=False,
        )
    except (ConfigException, OSError, ValueError, binascii.Error) as error:
        raise KubeconfigError(
            f"the credentials of context '{name}' cannot be used ({_brief(error)})",
            f"try `kubectl --context {name} version`",
        ) from None
    return made


def _content(cluster: ClusterConfig) -> dict[str, Any]:
    if cluster.kubeconfig is not None:
        return _parsed(cluster.kubeconfig.get_secret_value(), "the kubeconfig of the stack file")
    merged: dict[str, Any] = {"clusters": [], "contexts": [], "users": []}
    found = False
    for path in kubeconfig_paths():
        try:
            text = path.read_text(encoding="utf-8")
        except OSError:
            continue
        found = True
        content = _absolute(_parsed(text, str(path)), path.parent)
        for kind in ("clusters", "contexts", "users"):
            merged[kind].extend(content.get(kind) or [])
        merged.setdefault("current-context", content.get("current-context"))
    if not found:
        paths = os.pathsep.join(str(path) for path in kubeconfig_paths())
        raise KubeconfigError(
            f"there is no kubeconfig at {paths}", "set KUBECONFIG to the file that has the context"
        )
    return merged


def _parsed(text: str, origin: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict):
        raise KubeconfigError(f"{origin} is not a kubeconfig", "write it anew")
    return content


def _absolute(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths in a kubeconfig are relative to the file that holds them."""
    for kind, inner, keys in (
        ("clusters", "cluster", ("certificate-authority",)),
        ("users", "user", ("client-certificate", "client-key", "tokenFile")),
    ):
        for entry in content.get(kind) or []:
            body = entry.get(inner) if isinstance(entry, dict) else None
            for key in keys:
                if isinstance(body, dict) and body.get(key):
                    body[key] = str(folder / str(body[key]))
    return content


def _context(cluster: ClusterConfig) -> Mapping[str, Any]:
    content = _content(cluster)
    name = cluster.context or content.get("current-context")
    if not name:
        contexts = content.get("contexts") or []
        if len(contexts) == 1:
            name = contexts[0].get("name")
    return _named(content, "contexts", str(name), "context")


def _named(content: Mapping[str, Any], kind: str, name: str, inner: str) -> dict[str, Any]:
    entries = [entry for entry in content.get(kind) or [] if isinstance(entry, dict)]
    for entry in entries:
        if entry.get("name") == name and isinstance(entry.get(inner), dict):
            return dict(entry[inner])
    known = ", ".join(str(entry.get("name")) for entry in entries) or "none"
    raise KubeconfigError(
        f"the kubeconfig has no {inner} '{name}' (it has: {known})",
        "correct clusters.<name>.context, or set KUBECONFIG to the file that has it",
    )


def _only(content: dict[str, Any], name: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """The one context with what it needs, so that broken neighbours do no harm."""
    user = str(context.get("user", ""))
    users = [entry for entry in content.get("users") or [] if entry.get("name") == user]
    cluster = str(context["cluster"])
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": dict(context)}],
        "clusters": [{"name": cluster, "cluster": _named(content, "clusters", cluster, "cluster")}],
        "users": users[:1],
    }


def _authority(entry: Mapping[str, Any]) -> str | None:
    data = entry.get("certificate-authority-data")
    try:
        if data:
            return base64.b64decode(str(data), validate=True).decode()
        path = entry.get("certificate-authority")
        return Path(str(path)).read_text(encoding="utf-8") if path else None
    except (OSError, UnicodeDecodeError, binascii.Error):
        raise KubeconfigError(
            "the kubeconfig's certificate authority cannot be read",
            "set clusters.<name>.apiServer.certificateAuthority",
        ) from None


def _brief(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
