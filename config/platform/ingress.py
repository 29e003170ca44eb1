"""Ingresses to meshed Services through an ingress controller.

Facts: Linkerd docs, "Ingress traffic" and "Exposing the dashboard"; docs of ingress-nginx and
Traefik.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from config.ambassador.routes import HostConfig, HostTls, MappingConfig
from config.language.formats import DnsLabel, DnsName, Flag, Port, ServiceName, UrlPath
from config.language.model import Model
from config.language.problems import Problem, quoted, wrong
from config.trust.issuers import IssuerReference
from config.variants.ingress_controller import Backend, IngressController, Manifest
from config.variants.ingress_controllers import CONTROLLERS
from vocabulary.kinds import MIDDLEWARE, Kind
from vocabulary.linkerd import VIZ

VIZ_INGRESS = "linkerd-viz-ingress"
"""Name of the Ingress of the dashboard."""

VIZ_SERVICE = "web"
VIZ_PORT = 8084
"""Service of the dashboard, and its port."""


def _controller(value: str) -> str:
    if value not in CONTROLLERS:
        raise wrong(
            f"unknown ingress controller {quoted(value)}", f"write one of {', '.join(CONTROLLERS)}"
        )
    return value


Controller = Annotated[
    str, AfterValidator(_controller), WithJsonSchema({"type": "string", "enum": list(CONTROLLERS)})
]
"""Ingress controller of an Ingress; Traefik also by its own IngressRoute."""


class IngressTls(Model):
    """How TLS is terminated."""

    secret: DnsName | None = None
    """Secret (kubernetes.io/tls) in the Ingress' namespace; ``<name>-tls`` by default."""
    cert_manager: IssuerReference | None = None
    """Have cert-manager fill that Secret."""


class BasicAuth(Model):
    """HTTP basic authentication."""

    secret: DnsName
    """Secret with the users: key ``auth`` for ingress-nginx, ``users`` for Traefik."""
    namespace: DnsLabel | None = None
    """Its namespace; that of the Ingress by default. Traefik accepts no other; ingress-nginx since
    1.12 only with ``allow-cross-namespace-resources: "true"`` in its ConfigMap."""


class IngressBase(Model):
    """Settings of every Ingress."""

    host: DnsName
    """Host name that it answers for."""
    controller: Controller
    """Ingress controller that serves it."""
    class_name: DnsName | None = None
    """Name of the IngressClass; ``nginx`` or ``traefik`` by default."""
    tls: IngressTls | None = None
    """Set (``{}`` is enough) to terminate TLS."""
    basic_auth: BasicAuth | None = None
    """Set to require passwords."""
    native_load_balancing: Flag = False
    """Traefik 3 sends requests to the Service's own address, and its proxy (``inject: enabled``)
    balances them, so that no Middleware sets a header. An IngressRoute says so itself. For an
    Ingress, Traefik reads it of the Service (annotation
    ``traefik.ingress.kubernetes.io/service.nativelb``) or of its setting ``nativeLBByDefault``."""

    @property
    def needed(self) -> tuple[Kind, ...]:
        """Kinds of its controller's own CRDs that its objects are of."""
        without = self.native_load_balancing and self.basic_auth is None
        return tuple(kind for kind in self.served_by.needed if kind != MIDDLEWARE or not without)

    @property
    def served_by(self) -> IngressController:
        """Its ingress controller."""
        return CONTROLLERS[self.controller]

    @property
    def ingress_class(self) -> str | None:
        """Name of the IngressClass; None where its kind names none."""
        return self.class_name or self.served_by.class_name

    def tls_secret(self, name: str) -> str | None:
        """Secret that TLS of the Ingress `name` is terminated with; None without TLS."""
        if self.tls is None:
            return None
        return self.tls.secret or f"{VIZ if name == VIZ_INGRESS else name}-tls"

    @property
    def backend_service(self) -> str:
        """Name of the Service behind it."""
        return VIZ_SERVICE

    def middlewares(self, name: str) -> tuple[str, ...]:
        """Names of Traefik's Middlewares of the Ingress `name`, in their order."""
        return self.served_by.middlewares(self, name)

    def manifests(self, backend: Backend) -> Iterator[Manifest]:
        """Its objects for a backend, each after those that it names."""
        return self.served_by.objects(self, backend)

    def inconsistencies(self) -> Iterator[Problem]:
        """Settings that its controller does not support."""
        served_by = self.served_by
        if self.native_load_balancing and not served_by.native:
            yield Problem(
                "nativeLoadBalancing",
                f"{served_by.title} has no such setting",
                "leave it out, or write controller: traefik-ingressroute",
                about=("controller",),
            )
        if not served_by.certificates and self.tls is not None and self.tls.cert_manager:
            yield Problem(
                "tls.certManager",
                f"cert-manager reads annotations of Ingresses, not of {served_by.kind.name}s",
                "write controller: traefik, or leave it out, create a Certificate and write its "
                "Secret under tls.secret",
                about=("controller",),
            )
        if served_by.class_name is None and self.class_name is not None:
            yield Problem(
                "className",
                f"an {served_by.kind.name} has no IngressClass",
                "leave it out, or write controller: traefik",
                about=("controller",),
            )
        if (
            self.basic_auth is not None
            and self.basic_auth.namespace is not None
            and not served_by.shares_secrets
        ):
            yield Problem(
                "basicAuth.namespace",
                f"{served_by.title} reads the Secret from the Ingress' own namespace only",
                "leave it out, and keep the Secret in the Ingress' namespace",
                about=("controller",),
            )


class IngressConfig(IngressBase):
    """An Ingress to a Service of a meshed namespace."""

    name: DnsName
    """Name of the Ingress."""
    namespace: DnsLabel
    """Its namespace, which has to exist."""
    service: ServiceName
    """Name of the Service."""
    port: Port = 80
    """Port of the Service."""
    path: UrlPath = "/"
    """Prefix of the path."""

    @property
    def backend_service(self) -> str:
        """Name of the Service behind it."""
        return self.service

    def backend(self, domain: str) -> Backend:
        """Its backend; `domain` is the DNS domain of the cluster."""
        return Backend(self.name, self.namespace, self.service, self.port, domain, self.path)


class VizIngress(IngressBase):
    """An Ingress to the dashboard of linkerd-viz.

    The dashboard refuses unknown host names: ingress-nginx rewrites the name, and for Traefik the
    program adds the name to those that the dashboard accepts. ingress-nginx accepts the snippet for
    this only with ``allowSnippetAnnotations: true`` and, since 1.12, ``annotations-risk-level:
    Critical`` in its ConfigMap. The dashboard has no authentication of its own: set `basicAuth`.
    """

    def backend(self, domain: str) -> Backend:
        """The dashboard; `domain` is the DNS domain of the cluster."""
        return Backend(VIZ_INGRESS, VIZ, VIZ_SERVICE, VIZ_PORT, domain, dashboard=True)


class VizRoute(Model):
    """The dashboard through the cluster's Ambassador, by a separate Host and Mapping.

    An AuthService applies as to any other route. The chart makes no Server for the dashboard, so
    the default inbound policy decides whether Ambassador may connect: with ``deny``, add a Server
    and an AuthorizationPolicy.
    """

    host: DnsName
    """Host name that it answers for."""
    tls_secret: DnsName | None = None
    """Secret (kubernetes.io/tls) in Ambassador's namespace that TLS is terminated with."""
    cert_manager: IssuerReference | None = None
    """Have cert-manager fill that Secret."""

    def as_host(self) -> HostConfig:
        """The Host; cleartext is redirected where TLS is terminated."""
        encrypted = self.tls_secret is not None or self.cert_manager is not None
        tls = HostTls(secret=self.tls_secret, cert_manager=self.cert_manager)
        return HostConfig(
            name=VIZ,
            hostname=self.host,
            insecure="Redirect" if encrypted else "Route",
            tls=tls if encrypted else None,
        )

    def as_mapping(self, domain: str) -> MappingConfig:
        """The Mapping; `domain` is the cluster's. The path is not rewritten."""
        return MappingConfig(
            name=VIZ,
            prefix="/",
            hostname=self.host,
            service=f"http://{VIZ_SERVICE}.{VIZ}.svc.{domain}:{VIZ_PORT}",
        )
