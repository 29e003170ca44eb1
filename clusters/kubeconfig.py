"""A cluster's entry in a kubeconfig: its API server, its CA, and a client that logs in.

``KUBECONFIG`` may name several files, as for kubectl; the first that names a thing wins.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException
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


@dataclass(frozen=True)
class Login:
    """How the engine's provider logs in to a cluster; in strict mode it wants both by name."""

    context: str
    """Name of the context."""
    kubeconfig: str
    """Path of the file that holds it, or the content."""
    secret: bool
    """Whether `kubeconfig` is a content, which holds credentials."""


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


def login(cluster: ClusterConfig) -> Login:
    """The kubeconfig of a cluster as the engine's provider takes it.

    A path where one file has the whole context, so that the state holds no credentials; below the
    home directory it begins with ``~``, so that it is the same for all operators. A content where
    the stack file holds it, or the context is spread over several files. Raises KubeconfigError.
    """
    content = _content(cluster)
    name = _context_name(cluster, content)
    context = _named(content, "contexts", name, "context")
    if cluster.kubeconfig is None:
        for path in kubeconfig_paths():
            if _holds(path, name, context):
                return Login(name, _portable(path), secret=False)
    return Login(name, yaml.safe_dump(_only(content, name, context)), secret=True)


def get_json(api: client.ApiClient, path: str, timeout: tuple[float, float]) -> dict[str, Any]:
    """The JSON that an API server gives for a path.

    `timeout` is in seconds, to connect and to answer. Raises ApiException where the server
    refuses, urllib3's HTTPError where it is silent. The client's typed calls would load models of
    every kind first, which takes longer than the request.
    """
    request = api.param_serialize(
        "GET",
        path,
        header_params={"Accept": "application/json"},
        auth_settings=["BearerToken"],
    )
    response = api.call_api(*request, _request_timeout=timeout)
    body = response.read()  # type: ignore[no-untyped-call]
    if not 200 <= response.status < 300:
        raise ApiException(status=response.status, reason=response.reason)
    answer = json.loads(body)
    return answer if isinstance(answer, dict) else {}


def api_client(cluster: ClusterConfig, connect_timeout: float = 3.0) -> client.ApiClient:
    """A client that logs in to a cluster as the operator; one try per request.

    `connect_timeout` is in seconds and bounds how long a login plugin's own look-ups may connect.
    Raises KubeconfigError.
    """
    content = _content(cluster)
    name = _context_name(cluster, content)
    context = _named(content, "contexts", name, "context")
    configuration = client.Configuration()
    configuration.retries = 0
    try:
        made: client.ApiClient = new_client_from_config_dict(  # type: ignore[no-untyped-call]
            config_dict=_only(content, name, context),
            context=name,
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
    return _named(content, "contexts", _context_name(cluster, content), "context")


def _context_name(cluster: ClusterConfig, content: Mapping[str, Any]) -> str:
    name = cluster.context or content.get("current-context")
    contexts = [entry for entry in content.get("contexts") or [] if isinstance(entry, dict)]
    if not name and len(contexts) == 1:
        name = contexts[0].get("name")
    return str(name)


def _holds(path: Path, name: str, context: Mapping[str, Any]) -> bool:
    """Whether a file has a context together with its cluster and user."""
    try:
        content = _parsed(path.read_text(encoding="utf-8"), str(path))
        found = _named(content, "contexts", name, "context")
        _named(content, "clusters", str(found.get("cluster")), "cluster")
        _named(content, "users", str(found.get("user")), "user")
    except (OSError, UnicodeDecodeError, KubeconfigError):
        return False
    return found == dict(context)


def _portable(path: Path) -> str:
    absolute = path.absolute()
    try:
        return f"~/{absolute.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(absolute)


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
