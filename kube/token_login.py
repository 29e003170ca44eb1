"""The kubeconfig that a link's source keeps: its content, and a connection that uses it.

Of such a kubeconfig only server, CA, server name, proxy and token are used. It came out of a
cluster, so it is not handed to a loader that would run a login plugin or read files that it names.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3
import yaml

from kube.answers import inner
from kube.kubeconfig import Endpoint
from vocabulary.kinds import Object

KEY = "kubeconfig"
TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)


class CredentialsFault(ValueError):
    """Why a Secret has no usable credentials; the text has nothing of its content."""


@dataclass(frozen=True)
class TokenLogin:
    """How a service mirror logs in."""

    endpoint: Endpoint
    """The target's API server."""
    token: str
    """The ServiceAccount's token; secret."""

    def __repr__(self) -> str:
        return f"TokenLogin({self.endpoint.server})"


def login_of(secret: Object) -> TokenLogin:
    """The login in a credentials Secret.

    Raises CredentialsFault: there is none that can be used.
    """
    encoded = inner(secret, "data").get(KEY)
    if not encoded:
        raise CredentialsFault(f"it has no key '{KEY}'")
    try:
        content = yaml.safe_load(base64.b64decode(str(encoded), validate=True).decode())
    except (binascii.Error, UnicodeDecodeError, yaml.YAMLError):
        raise CredentialsFault(f"its key '{KEY}' is not a kubeconfig") from None
    if not isinstance(content, dict):
        raise CredentialsFault(f"its key '{KEY}' is not a kubeconfig")
    context = _named(content, "contexts", "context", content.get("current-context"))
    cluster = _named(content, "clusters", "cluster", context.get("cluster"))
    user = _named(content, "users", "user", context.get("user"))
    server, token = cluster.get("server"), user.get("token")
    if not isinstance(server, str) or not server.startswith("https://"):
        raise CredentialsFault("its kubeconfig names no API server with https")
    if not isinstance(token, str) or not token:
        raise CredentialsFault("its kubeconfig holds no token")
    name, proxy = (cluster.get(key) or None for key in ("tls-server-name", "proxy-url"))
    return TokenLogin(Endpoint(server, _authority(cluster), name, proxy), token)


def _named(content: dict[str, Any], kind: str, inner: str, name: object) -> dict[str, Any]:
    entries = content.get(kind)
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name:
            body = entry.get(inner)
            if isinstance(body, dict):
                return body
    raise CredentialsFault(f"its kubeconfig lacks the {inner} that it refers to")


def _authority(cluster: dict[str, Any]) -> str | None:
    data = cluster.get("certificate-authority-data")
    if not data:
        return None
    try:
        return base64.b64decode(str(data), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise CredentialsFault("its kubeconfig's CA cannot be read") from None


class UntriedError(Exception):
    """Why no request can be made; the text has no secret."""

    def __init__(self, message: str, *, untrusted: bool) -> None:
        super().__init__(message)
        self.untrusted = untrusted
        """Whether the CA is the reason."""


@contextmanager
def connected(endpoint: Endpoint) -> Iterator[urllib3.PoolManager]:
    """Connections to an API server, without any credentials; one try for each request.

    Raises UntriedError: they cannot be made.
    """
    try:
        context = ssl.create_default_context(cadata=endpoint.certificate_authority)
    except (ssl.SSLError, ValueError):
        raise UntriedError("the CA in it cannot be read", untrusted=True) from None
    proxy = endpoint.proxy_url
    if proxy is not None and not proxy.startswith("http"):
        raise UntriedError("its proxy is a SOCKS proxy, which is not tried", untrusted=False)
    options: dict[str, Any] = {
        "ssl_context": context,
        "retries": False,
        "timeout": TIMEOUT,
        "server_hostname": endpoint.tls_server_name,
    }
    made = (
        urllib3.PoolManager(**options) if proxy is None else urllib3.ProxyManager(proxy, **options)
    )
    with made as pool:
        yield pool
