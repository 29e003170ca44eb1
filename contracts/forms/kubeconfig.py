"""The Secrets of a link, and logins for image registries."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping

from contracts.contract import Complaint, Contract, Form, Made, Subject
from contracts.forms.pem import certificates
from contracts.forms.text import at, http_url

_MIRROR_SOURCE = (
    "linkerd2 multicluster/cmd/service-mirror/main.go, "
    "controller/api/destination/watcher/cluster_store.go @ edge-26.8.3"
)


def kubeconfig(value: object) -> Complaint | None:
    """What client-go's RESTConfigFromKubeConfig makes a client of, without a file or a command.

    JSON, which is YAML. The current context names one cluster with an https server and to one
    user with a token; a CA, where there is one, is base64 of PEM.
    """
    try:
        config = json.loads(value if isinstance(value, (str, bytes)) else "")
    except ValueError:
        return Complaint("is no JSON")
    contexts = _named(config, "contexts", "context")
    context = contexts.get(str(at(config, "current-context")))
    if context is None:
        return Complaint("has no context of the name that is the current one")
    cluster = _named(config, "clusters", "cluster").get(str(at(context, "cluster")))
    user = _named(config, "users", "user").get(str(at(context, "user")))
    if cluster is None or user is None:
        return Complaint("has a context without its cluster, or without its user")
    server = at(cluster, "server")
    if http_url(server) or not str(server).startswith("https://"):
        return Complaint("has a server that is no https URL")
    proxy = at(cluster, "proxy-url")
    if proxy is not None and not re.match(r"(https?|socks5)://[^@]+$", str(proxy)):
        return Complaint("has a proxy-url that is no URL of http, https or socks5")
    if not isinstance(at(user, "token"), str) or not at(user, "token"):
        return Complaint("has a user without a token; a mirror can neither run commands nor log in")
    return _authority(at(cluster, "certificate-authority-data"))


def _authority(data: object) -> Complaint | None:
    if data is None:
        return None
    try:
        plain = base64.b64decode(str(data), validate=True)
    except (binascii.Error, ValueError):
        return Complaint("has certificate-authority-data that is not base64")
    wrong = certificates(plain.strip() + b"\n")
    return Complaint(f"has a CA that {wrong.reason}") if wrong else None


def _named(config: object, plural: str, singular: str) -> dict[str, object]:
    listed = at(config, plural)
    if not isinstance(listed, list):
        return {}
    return {str(at(item, "name")): at(item, singular) for item in listed}


def docker_config(value: object) -> Complaint | None:
    """A Docker configuration: an object with the key auths."""
    try:
        config = json.loads(value if isinstance(value, (str, bytes)) else "")
    except ValueError:
        return Complaint("is no JSON")
    if isinstance(config, Mapping) and isinstance(config.get("auths"), Mapping):
        return None
    return Complaint("has no object auths")


# fmt: off
KUBECONFIG: tuple[Contract, ...] = (
    Contract("LinkCredentials/mirror.linkerd.io/remote-kubeconfig cluster-credentials-*",
        "kubeconfig",
        Form("a kubeconfig whose current context has an https server, its CA and a token",
            kubeconfig, (Made("kubeconfig"), Made("kubeconfig: without CA"),
                Made("kubeconfig: by a proxy")),
            (Made("kubeconfig: CA not base64"), Made("kubeconfig: CA no PEM"),
                Made("kubeconfig: other context"), Made("kubeconfig: no token"),
                Made("kubeconfig: proxy without scheme"), Made("kubeconfig: no user"),
                Made("kubeconfig: server without scheme"), b"")),
        "service mirror, destination controller, linkerd multicluster check",
        subject=Subject.SECRET_KEY, producer="components/links/credentials.py",
        source=_MIRROR_SOURCE),
    Contract("*/kubernetes.io/dockerconfigjson *", ".dockerconfigjson",
        Form("a Docker configuration with auths; the API server asks for JSON", docker_config,
            (b'{"auths": {"registry.example.com": {"auth": "dTpw"}}}', b'{"auths": {}}'),
            (b"", b"auths:", b"[]", b'{"registry.example.com": {}}')),
        "kubelet", subject=Subject.SECRET_KEY, producer="components/core/secrets.py",
        source="Kubernetes docs, Secrets, Docker config Secrets"),
)
# fmt: on
"""Rows about what logs in somewhere."""
