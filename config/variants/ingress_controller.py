"""Facts about one ingress controller: its objects, annotations and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vocabulary.kinds import INGRESS, Kind
from vocabulary.kubernetes import (
    CERT_MANAGER_CLUSTER_ISSUER,
    CERT_MANAGER_COMMON_NAME,
    CERT_MANAGER_ISSUER,
    CERT_MANAGER_ISSUER_GROUP,
    CERT_MANAGER_ISSUER_KIND,
    LONGEST_COMMON_NAME,
    SKIP_AWAIT,
)

if TYPE_CHECKING:
    from config.platform.ingress import IngressBase

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Backend:
    """The Service behind an Ingress, in the namespace of the Ingress."""

    name: str
    """Name of the Ingress."""
    namespace: str
    """Namespace of the Ingress and of the Service."""
    service: str
    """Name of the Service."""
    port: int
    """Port of the Service."""
    domain: str
    """DNS domain of the cluster."""
    path: str = "/"
    """Prefix of the path."""
    dashboard: bool = False
    """Whether it is the dashboard of viz, which refuses unknown host names."""

    @property
    def address(self) -> str:
        """Full name and port of the Service."""
        return f"{self.service}.{self.namespace}.svc.{self.domain}:{self.port}"


@dataclass(frozen=True)
class IngressController:
    """One ingress controller that a stack file can name under `controller`."""

    name: str
    """How a stack file names it."""
    title: str
    """How a sentence names it."""
    objects: Callable[[IngressBase, Backend], Iterator[Manifest]]
    """The object that routes requests to a backend, last, and those that it names, before it."""
    kind: Kind = INGRESS
    """Kind of that object."""
    class_name: str | None = None
    """Default name of its IngressClass; None if its kind has no IngressClass."""
    middlewares: Callable[[IngressBase, str], tuple[str, ...]] = lambda _, __: ()
    """Names of the Middlewares of an Ingress of a name, in the order in which they apply."""
    needed: tuple[Kind, ...] = ()
    """Kinds of its own CRDs that its objects are of."""
    requirement: str = ""
    """What to install if these are missing."""
    certificates: bool = True
    """Whether cert-manager reads annotations of its kind."""
    shares_secrets: bool = False
    """Whether it can read passwords from another namespace."""
    native: bool = False
    """Whether it can leave balancing to the proxy in its pods."""
    rewrites_host: bool = False
    """Whether it rewrites the host name to one that the dashboard accepts."""


def ingress(config: IngressBase, backend: Backend, annotations: dict[str, str]) -> Manifest:
    """The Ingress to a backend, with `annotations` and those for cert-manager."""
    target = {"service": {"name": backend.service, "port": {"number": backend.port}}}
    path = {"path": backend.path, "pathType": "Prefix", "backend": target}
    spec: dict[str, Any] = {
        "ingressClassName": config.ingress_class,
        "rules": [{"host": config.host, "http": {"paths": [path]}}],
    }
    if config.tls is not None:
        spec["tls"] = [{"hosts": [config.host], "secretName": config.tls_secret(backend.name)}]
    made = manifest(INGRESS, backend, backend.name, spec)
    # Controllers without a load balancer write no address; `./mesh check` reports it.
    made["metadata"]["annotations"] = {**annotations, **_cert_manager(config), SKIP_AWAIT: "true"}
    return made


def manifest(kind: Kind, backend: Backend, name: str, spec: dict[str, Any]) -> Manifest:
    """An object in the namespace of a backend."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": name, "namespace": backend.namespace},
        "spec": spec,
    }


def _cert_manager(config: IngressBase) -> dict[str, str]:
    if config.tls is None or config.tls.cert_manager is None:
        return {}
    issuer = config.tls.cert_manager
    whole = issuer.in_cluster and not issuer.external
    found = {CERT_MANAGER_CLUSTER_ISSUER if whole else CERT_MANAGER_ISSUER: issuer.issuer}
    if issuer.external:
        found |= {
            CERT_MANAGER_ISSUER_KIND: issuer.kind,
            CERT_MANAGER_ISSUER_GROUP: issuer.group,
        }
    if len(config.host) <= LONGEST_COMMON_NAME:
        found[CERT_MANAGER_COMMON_NAME] = config.host
    return found
