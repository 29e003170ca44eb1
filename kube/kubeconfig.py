"""A cluster's entry in a kubeconfig: its API server, its CA, and a client that logs in.

``KUBECONFIG`` may name several files, as for kubectl; the first that names a thing wins.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import new_client_from_config_dict

from config.core.api_server import ApiServer
from config.core.cluster import ClusterConfig
from config.language.formats import UNREADABLE_SECRET, url_complaint
from config.language.problems import printable, some
from config.language.yaml_text import YamlTextError, read_yaml
from kube.errors import KubeconfigError
from kube.exec_login import log_in

__all__ = [
    "Endpoint",
    "KubeconfigError",
    "Login",
    "Timeout",
    "api_client",
    "delete",
    "described",
    "endpoint",
    "existing",
    "get_json",
    "kubeconfig_paths",
    "login",
    "own_endpoint",
    "patch_json",
    "post_json",
]

LARGEST_KUBECONFIG = 10_000_000
"""Characters of a kubeconfig; the files of some people name hundreds of clusters."""


@dataclass(frozen=True)
class Endpoint:
    """Where an API server is and who vouches for it; no credentials."""

    server: str
    """URL of the API server."""
    certificate_authority: str | None
    """PEM of the CA, or None for the system's roots."""
    tls_server_name: str | None = None
    """Name that its certificate has, where the URL has another."""
    proxy_url: str | None = None
    """Proxy by which it is reached."""


@dataclass(frozen=True)
class Login:
    """How the engine's provider logs in to a cluster; in strict mode it wants both by name."""

    context: str
    """Name of the context."""
    kubeconfig: str
    """Path of the file that holds it, or the content."""
    secret: bool
    """Whether `kubeconfig` is a content, which has usable credentials."""


@dataclass(frozen=True)
class _Entry:
    """A context with the cluster and the user that it names."""

    name: str
    context: dict[str, Any]
    cluster: dict[str, Any]
    user: dict[str, Any]

    def document(self, user: dict[str, Any]) -> dict[str, Any]:
        """A kubeconfig of this context alone, so that other broken entries do no harm."""
        names = {key: str(self.context.get(key) or self.name) for key in ("cluster", "user")}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.name,
            "contexts": [{"name": self.name, "context": {**self.context, **names}}],
            "clusters": [{"name": names["cluster"], "cluster": self.cluster}],
            "users": [{"name": names["user"], "user": user}],
        }


def kubeconfig_paths() -> list[Path]:
    """The files that ``KUBECONFIG`` names, or the usual one."""
    value = os.environ.get("KUBECONFIG", "")
    named = [_home(part) for part in value.split(os.pathsep) if part]
    return named or [_home("~/.kube/config")]


def endpoint(cluster: ClusterConfig) -> Endpoint:
    """API server and CA of a cluster for other clusters.

    `cluster.api_server` wins over the kubeconfig; of the kubeconfig, only the cluster's entry is
    read, never the operator's credentials. Raises KubeconfigError.
    """
    given = cluster.api_server or ApiServer()
    name, proxy = given.tls_server_name, given.proxy_url
    if given.address is not None and given.certificate_authority is not None:
        return Endpoint(given.address, given.certificate_authority, name, proxy)
    entry = _entry(cluster)
    own = {key: str(entry.cluster.get(key) or "") for key in ("tls-server-name", "proxy-url")}
    return Endpoint(
        given.address or _server(entry),
        given.certificate_authority or _authority(entry),
        name or own["tls-server-name"] or None,
        # Another address is reached another way.
        proxy or (None if given.address else own["proxy-url"] or None),
    )


def own_endpoint(cluster: ClusterConfig) -> Endpoint:
    """API server and CA of a cluster as the operator reaches it. Raises KubeconfigError."""
    return endpoint(cluster.model_copy(update={"api_server": None}))


def described(cluster: ClusterConfig) -> dict[str, Any]:
    """The cluster's entry in its kubeconfig, without credentials. Raises KubeconfigError."""
    return _entry(cluster).cluster


def login(cluster: ClusterConfig) -> Login:
    """The kubeconfig of a cluster for the engine's provider.

    A path where one file has the whole context, so that the state holds no credentials; below the
    home directory it begins with ``~``, so that it is the same for all operators. A content where
    the stack file holds it, or the context is spread over several files. Raises KubeconfigError.
    """
    entry = _entry(cluster)
    if cluster.kubeconfig is None:
        for path in kubeconfig_paths():
            if _holds(path, entry):
                return Login(entry.name, _portable(path), secret=False)
    return Login(entry.name, yaml.safe_dump(entry.document(entry.user)), secret=True)


BUSY, BUSY_REPEATS, BUSY_SECONDS = 429, 8, 0.5
"""The status of an API server that asks to come again, how often a request is made, and the seconds
in between.

Seen with Kubernetes 1.36: lists of a kind get it while the server fills its watch cache, right
after the CRD is made.
"""

Timeout = tuple[float, float]
"""Seconds to connect to an API server, and to have its answer."""
JSON = "application/json"
METADATA = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Media types of whole objects, and of a list without all but the metadata (Kubernetes API)."""


def get_json(
    api: client.ApiClient, path: str, timeout: Timeout, accept: str = JSON
) -> dict[str, Any]:
    """The JSON object that an API server gives for a path; empty where it gives something else.

    `accept` is a media type. Raises ApiException where the server refuses, urllib3's HTTPError
    where it is silent. The client's typed calls would load models of every kind first, which takes
    longer than the request.
    """
    return _request(api, "GET", path, timeout, accept=accept)


def existing(
    api: client.ApiClient, path: str, timeout: Timeout, accept: str = JSON
) -> dict[str, Any] | None:
    """The JSON object at a path; None where nothing exists. Otherwise as `get_json`."""
    try:
        return get_json(api, path, timeout, accept)
    except ApiException as error:
        if error.status == 404:
            return None
        raise


def post_json(
    api: client.ApiClient, path: str, body: Mapping[str, object], timeout: Timeout
) -> dict[str, Any]:
    """The JSON object that an API server answers to a body, as for `get_json`."""
    return _request(api, "POST", path, timeout, body=dict(body))


def patch_json(
    api: client.ApiClient,
    path: str,
    steps: Sequence[Mapping[str, object]],
    timeout: Timeout,
) -> None:
    """Change the object at a path by the steps of a JSON Patch (RFC 6902).

    Other arguments and errors as those of `get_json`.
    """
    _request(api, "PATCH", path, timeout, body=list(steps), content="application/json-patch+json")


def delete(api: client.ApiClient, path: str, timeout: Timeout) -> None:
    """Delete the object at a path; one that does not exist is deleted already.

    Arguments and errors as those of `get_json`.
    """
    try:
        _request(api, "DELETE", path, timeout)
    except ApiException as error:
        if error.status != 404:
            raise


def _request(
    api: client.ApiClient,
    method: str,
    path: str,
    timeout: Timeout,
    *,
    accept: str = JSON,
    body: object = None,
    content: str = JSON,
) -> dict[str, Any]:
    request = api.param_serialize(
        method,
        path,
        header_params={"Accept": accept, "Content-Type": content},
        body=body,
        auth_settings=["BearerToken"],
    )
    for again in reversed(range(BUSY_REPEATS if method == "GET" else 1)):
        response = api.call_api(*request, _request_timeout=timeout)
        answered = response.read()  # type: ignore[no-untyped-call]
        if response.status != BUSY or not again:
            break
        time.sleep(BUSY_SECONDS)
    if not 200 <= response.status < 300:
        raise ApiException(status=response.status, reason=response.reason)
    try:
        answer = json.loads(answered)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def api_client(cluster: ClusterConfig, login_timeout: float = 8.0) -> client.ApiClient:
    """A client that logs in to a cluster as the operator; one try per request.

    `login_timeout` is how many seconds a login plugin may take. Raises KubeconfigError.
    """
    entry = _entry(cluster)
    _server(entry)
    _check_authority(entry)
    user = _user(entry, login_timeout)
    configuration = client.Configuration()
    configuration.retries = 0
    try:
        with _writing_files(user):
            made: client.ApiClient = new_client_from_config_dict(  # type: ignore[no-untyped-call]
                config_dict=entry.document(user),
                context=entry.name,
                client_configuration=configuration,
                persist_config=False,
            )
    except Exception as error:  # its message may hold what a kubeconfig keeps secret
        raise KubeconfigError(
            f"the credentials of context '{printable(entry.name)}' cannot be used "
            f"({type(error).__name__})",
            f"try `kubectl --context {printable(entry.name)} version`",
        ) from None
    return made


@contextmanager
def _writing_files(user: Mapping[str, Any]) -> Iterator[None]:
    """One client after the other: it names its temporary files before it has written them."""
    if "auth-provider" in user:
        # This one asks the network, and must not keep the others waiting.
        yield
        return
    with _CLIENT_FILES:
        yield


_CLIENT_FILES = threading.Lock()
_PARSING = threading.Lock()


def _entry(cluster: ClusterConfig) -> _Entry:
    content, where = _content(cluster)
    contexts = _named(content, "contexts", "context")
    wanted = cluster.context or content.get("current-context")
    if not wanted and len(contexts) == 1:
        wanted = next(iter(contexts))
    if not isinstance(wanted, str) or not wanted:
        raise KubeconfigError(
            f"{where} has {len(contexts)} contexts and no current-context",
            "leave one context in it, or write current-context",
        )
    context = _pick(contexts, wanted, "context", where)
    clusters = _named(content, "clusters", "cluster")
    user = context.get("user")
    return _Entry(
        wanted,
        context,
        _pick(clusters, context.get("cluster"), "cluster", where),
        _pick(_named(content, "users", "user"), user, "user", where) if user else {},
    )


def _named(content: Mapping[str, Any], kind: str, inner: str) -> dict[str, dict[str, Any]]:
    """The entries of one kind by name; the first of a name wins, broken ones are left out."""
    found: dict[str, dict[str, Any]] = {}
    entries = content.get(kind)
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            continue
        body = entry.get(inner)
        if isinstance(body, dict):
            found.setdefault(entry["name"], body)
        elif body is None and inner == "user":
            # A user without any credentials is written without a body.
            found.setdefault(entry["name"], {})
    return found


def _pick(
    entries: Mapping[str, dict[str, Any]], name: Any, what: str, where: str
) -> dict[str, Any]:
    if isinstance(name, str) and name in entries:
        return entries[name]
    known = some(map(printable, entries), 10) or "none"
    wanted = f"'{printable(name)}'" if isinstance(name, str) else "for this context"
    remedy = (
        "correct the context in the stack file, or set KUBECONFIG to the file that has it"
        if what == "context"
        else "correct the kubeconfig, or fetch a new one"
    )
    raise KubeconfigError(f"{where} has no {what} {wanted} (it has: {known})", remedy)


def _content(cluster: ClusterConfig) -> tuple[dict[str, Any], str]:
    """The kubeconfig of a cluster, and how a message names it."""
    if cluster.kubeconfig is not None:
        where = "the kubeconfig in the stack file"
        text = cluster.kubeconfig.get_secret_value()
        if text == UNREADABLE_SECRET:
            raise KubeconfigError(
                f"{where} is encrypted", "run this under Pulumi, which decrypts it"
            )
        return _absolute(_parsed(text, where), Path.cwd()), where
    merged: dict[str, Any] = {"clusters": [], "contexts": [], "users": []}
    read: list[Path] = []
    for path in kubeconfig_paths():
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            cause = getattr(error, "strerror", None)
            reason = cause.lower() if cause else "it is not text in UTF-8"
            raise KubeconfigError(
                f"the kubeconfig {printable(str(path), 4096)} cannot be read ({reason})",
                "correct KUBECONFIG or the file's permissions",
            ) from None
        read.append(path)
        content = _absolute(_parsed(text, f"the file {printable(str(path), 4096)}"), path.parent)
        for kind, entries in merged.items():
            if isinstance(entries, list):
                more = content.get(kind)
                entries.extend(more if isinstance(more, list) else [])
        if content.get("current-context"):
            merged.setdefault("current-context", content["current-context"])
    names = os.pathsep.join(printable(str(path), 4096) for path in read or kubeconfig_paths())
    if not read:
        raise KubeconfigError(
            f"there is no kubeconfig at {names}", "set KUBECONFIG to the file that has the context"
        )
    return merged, f"the kubeconfig {names}"


def _parsed(text: str, where: str) -> dict[str, Any]:
    with _PARSING:
        try:
            content = _read(text)
        except YamlTextError as error:
            raise KubeconfigError(
                f"{where} cannot be read: {error.message}", error.remedy
            ) from None
    if not isinstance(content, dict):
        raise KubeconfigError(f"{where} is not a kubeconfig", "fetch a new one")
    return content


@lru_cache(maxsize=16)
def _read(text: str) -> Any:
    return read_yaml(text, LARGEST_KUBECONFIG)


def _absolute(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths in a kubeconfig are relative to the file that holds them."""
    result = dict(content)
    for kind, inner, keys in (
        ("clusters", "cluster", ("certificate-authority",)),
        ("users", "user", ("client-certificate", "client-key", "tokenFile")),
    ):
        entries = content.get(kind)
        if isinstance(entries, list):
            result[kind] = [_entry_absolute(entry, inner, keys, folder) for entry in entries]
    return result


def _entry_absolute(entry: Any, inner: str, keys: tuple[str, ...], folder: Path) -> Any:
    body = entry.get(inner) if isinstance(entry, dict) else None
    if not isinstance(body, dict):
        return entry
    moved = {
        key: str(folder / value) if key in keys and isinstance(value, str) and value else value
        for key, value in body.items()
    }
    plugin = body.get("exec")
    command = plugin.get("command") if isinstance(plugin, dict) else None
    if isinstance(plugin, dict) and isinstance(command, str) and os.sep in command:
        moved["exec"] = {**plugin, "command": str(folder / command)}
    return {**entry, inner: moved}


def _server(entry: _Entry) -> str:
    server = entry.cluster.get("server")
    complaint = "is missing"
    if isinstance(server, str) and server:
        found = url_complaint(server, ("https", "http"))
        if found is None:
            return server.rstrip("/")
        complaint = found
    raise KubeconfigError(
        f"the API server's address in context '{printable(entry.name)}' {complaint}",
        "correct `server` in the kubeconfig",
    )


def _authority(entry: _Entry) -> str | None:
    data = entry.cluster.get("certificate-authority-data")
    path = entry.cluster.get("certificate-authority")
    try:
        if data:
            return base64.b64decode(str(data), validate=True).decode()
        return Path(str(path)).read_text(encoding="utf-8") if path else None
    except (OSError, ValueError, binascii.Error):
        raise _bad_authority(entry) from None


def _check_authority(entry: _Entry) -> None:
    pem = _authority(entry)
    if pem is None:
        return
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise _bad_authority(entry) from None


def _bad_authority(entry: _Entry) -> KubeconfigError:
    path = entry.cluster.get("certificate-authority")
    given = entry.cluster.get("certificate-authority-data")
    where = f" at {printable(str(path), 4096)}" if path and not given else ""
    return KubeconfigError(
        f"the certificate authority of context '{printable(entry.name)}'{where} cannot be read",
        "fetch a new kubeconfig, or write the CA under apiServer.certificateAuthority",
    )


def _user(entry: _Entry, login_timeout: float) -> dict[str, Any]:
    user = dict(entry.user)
    for key in ("client-certificate", "client-key", "tokenFile"):
        path = user.get(key)
        if path and not user.get(f"{key}-data") and not Path(str(path)).is_file():
            raise KubeconfigError(
                f"the file {printable(str(path), 4096)} ({key} of context "
                f"'{printable(entry.name)}') does not exist",
                "log in again, or correct the kubeconfig",
            )
    if user.get("tokenFile") and not user.get("token"):
        # A token ends where its line ends, which the client does not know.
        with suppress(OSError, ValueError):
            user["token"] = Path(str(user["tokenFile"])).read_text(encoding="utf-8").strip()
    plugin = user.pop("exec", None)
    if plugin is not None and not user.get("token"):
        described = plugin if isinstance(plugin, Mapping) else {}
        user.update(log_in(described, entry.cluster, entry.name, login_timeout))
    return user


def _holds(path: Path, wanted: _Entry) -> bool:
    """Whether a file alone has the whole of a context."""
    try:
        content = _parsed(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError, KubeconfigError):
        return False
    found = _named(content, "contexts", "context").get(wanted.name)
    if found != wanted.context:
        return False
    user = found.get("user")
    return str(found.get("cluster")) in _named(content, "clusters", "cluster") and (
        not user or str(user) in _named(content, "users", "user")
    )


def _portable(path: Path) -> str:
    absolute = path.absolute()
    with suppress(ValueError, RuntimeError):
        return f"~/{absolute.relative_to(Path.home())}"
    return str(absolute)


def _home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
