"""A cluster's API server as other clusters reach it, and what they would never reach.

Facts: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files" and the fields of a
kubeconfig's cluster; RFC 6890 (special-purpose addresses); the documentation of kind, k3d, Docker
Desktop and Podman on the names of a container's host; Rancher docs, "Authorized Cluster Endpoint".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import urlsplit

from config.language.formats import Address, Certificates, Flag, url, url_complaint
from config.language.model import Model
from config.language.problems import printable

PROXY_SCHEMES = ("http", "https", "socks5")
"""Schemes of ``proxy-url`` that Kubernetes clients know."""
HOSTS_OF_CONTAINERS = (
    "localhost",
    "docker.internal",
    "containers.internal",
    "k3d.internal",
    "minikube.internal",
    "lima.internal",
    "orb.internal",
)
"""Names, and ends of names, that mean the machine itself."""
WITHIN = ("kubernetes", "kubernetes.default")
"""Names by which pods reach the API server of their own cluster."""


_SERVER = url(
    ("https",),
    "write the API server's address with its scheme, for example https://east.example.com:6443",
    bare=True,
)
_PROXY = url(
    PROXY_SCHEMES,
    "write the proxy's address with its scheme, for example http://proxy.example.com:3128",
    bare=True,
)


class ApiServer(Model):
    """A cluster's API server as the *other* clusters reach it."""

    address: Annotated[str, _SERVER] | None = None
    """URL with scheme https; the kubeconfig's by default."""
    certificate_authority: Certificates | None = None
    """PEM of the CA that signs its certificate; the kubeconfig's by default."""
    tls_server_name: Address | None = None
    """Name or IP address in its certificate, if `address` has another; the kubeconfig's
    ``tls-server-name`` by default."""
    proxy_url: Annotated[str, _PROXY] | None = None
    """Proxy by which source clusters reach it: http, https or socks5; the kubeconfig's
    ``proxy-url`` by default, or none with `address`."""
    same_machine: Flag = False
    """Allow a loopback address, or a name of a container's host: only if the pods of source
    clusters share the network of this machine, as local trial clusters of processes do."""


def foreign(host: str) -> tuple[str, bool] | None:
    """Why no other cluster reaches a host, and whether one on the same machine does; else None."""
    name = host.lower().rstrip(".")
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None = None
    with suppress(ValueError):
        address = ipaddress.ip_address(name.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
    if address is None:
        if any(name == one or name.endswith(f".{one}") for one in HOSTS_OF_CONTAINERS):
            return "a name that each machine has for itself", True
        bare = name.partition(".svc")[0] if ".svc" in name else name
        if bare in WITHIN:
            return "the name that every cluster has for its own API server", False
        return None
    if address.is_loopback:
        return "a loopback address", True
    if address.is_unspecified:
        return "no address of a machine", True
    if address.is_link_local:
        return "a link-local address", False
    return ("a multicast address", False) if address.is_multicast else None


def misleading(host: str, shown: str, *, same_machine: bool) -> tuple[str, bool] | None:
    """Why other clusters would take a host for another one, and whether `same_machine` allows it.

    `shown` is how the sentence names the host. None where they reach it, or share its machine.
    """
    why = foreign(host)
    if why is None or (why[1] and same_machine):
        return None
    return f"{shown} is {why[0]}, which means another machine in every other cluster", why[1]


def cluster_entry(content: Any) -> dict[str, Any] | None:
    """The cluster of a kubeconfig's current context, or of its only one; None where it has none."""

    def named(kind: str, inner: str) -> dict[str, Any]:
        entries = content.get(kind) if isinstance(content, dict) else None
        listed = [one for one in entries if isinstance(one, dict)] if entries else []
        return {str(one.get("name")): one.get(inner) for one in reversed(listed)}

    contexts = named("contexts", "context")
    wanted = content.get("current-context") if isinstance(content, dict) else None
    context = contexts.get(str(wanted or next(iter(contexts), None)))
    name = context.get("cluster") if isinstance(context, dict) else None
    found = named("clusters", "cluster").get(str(name))
    return found if isinstance(found, dict) else None


def obstacles(
    path: str, given: ApiServer | None, entry: Mapping[str, Any] | None
) -> Iterator[tuple[str, str]]:
    """Why other clusters would not log in to an API server: what is wrong, and the remedy.

    `path` is the key path of `given`, `entry` the cluster of the kubeconfig, as far as it is known.
    """
    api, found = given or ApiServer(), entry or {}
    server = api.address or str(found.get("server") or "")
    if url_complaint(server, ("https", "http")) is not None:
        # The guard reports it, without what may be a password in it.
        server = ""
    parts = urlsplit(server)
    reached = "as pods of other clusters reach it"
    yield from _foreign(server, f"write {path}.address {reached}", path, api)
    if api.address is None and parts.path.strip("/"):
        yield (
            f"{printable(server)} has a path, so it is a proxy, and proxies such as Rancher's "
            "accept their own logins, not the token of a ServiceAccount",
            f"write {path}.address and {path}.certificateAuthority of the API server itself, with "
            "Rancher those of the authorized cluster endpoint",
        )
    if parts.scheme == "http":
        yield (
            f"{printable(server)} is without TLS, and service mirrors would send their token to it",
            f"write {path}.address with https",
        )
    if found.get("insecure-skip-tls-verify") is True and api.certificate_authority is None:
        yield (
            "the kubeconfig has insecure-skip-tls-verify, and service mirrors verify the API "
            "server before they send their token",
            f"write {path}.certificateAuthority, which `kubectl -n kube-system get configmap "
            "kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}'` prints",
        )
    proxy = api.proxy_url or (None if api.address else found.get("proxy-url"))
    if proxy:
        other = f"write {path}.proxyUrl {reached}, or {path}.address to use no proxy"
        complaint = url_complaint(str(proxy), PROXY_SCHEMES)
        if complaint is not None:
            yield f"the kubeconfig's proxy-url {complaint}", other
        else:
            yield from _foreign(str(proxy), other, path, api)


def _foreign(url: str, remedy: str, path: str, api: ApiServer) -> Iterator[tuple[str, str]]:
    host = urlsplit(url).hostname
    why = misleading(host, printable(url), same_machine=api.same_machine) if host else None
    if why is not None:
        local = f", or write {path}.sameMachine: true if their pods share this machine's network"
        yield why[0], remedy + (local if why[1] else "")
