"""Ingresses that lead to a meshed Service through an ingress controller.

Facts: Linkerd docs, "Ingress traffic" and "Exposing the dashboard"; docs of ingress-nginx and
Traefik.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from config.ambassador.routes import CertManagerIssuer, HostConfig, HostTls, MappingConfig
from config.language.formats import DnsLabel, DnsName, Port, ServiceName, UrlPath
from config.language.model import Model
from config.language.problems import Problem
from vocabulary.linkerd import VIZ

VIZ_INGRESS = "linkerd-viz-ingress"
"""Name of the Ingress of the dashboard."""

Controller = Literal["ingress-nginx", "traefik", "traefik-ingressroute"]
"""Who serves an Ingress; Traefik also by its own IngressRoute."""


class IngressTls(Model):
    """How TLS is terminated."""

    secret: DnsName | None = None
    """Secret (kubernetes.io/tls) in the Ingress' namespace; ``<name>-tls`` by default."""
    cert_manager: CertManagerIssuer | None = None
    """Have cert-manager fill it."""


class BasicAuth(Model):
    """Passwords that are asked for."""

    secret: DnsName
    """Secret with the users: key ``auth`` for ingress-nginx, ``users`` for Traefik."""
    namespace: DnsLabel | None = None
    """Its namespace; that of the Ingress by default. Traefik takes no other; ingress-nginx since
    1.12 only with ``allow-cross-namespace-resources: "true"`` in its ConfigMap."""


class IngressBase(Model):
    """What all Ingresses have."""

    host: DnsName
    """Host name that it answers for."""
    controller: Controller
    """Who serves it."""
    class_name: DnsName | None = None
    """Name of the IngressClass; ``nginx`` or ``traefik`` by default."""
    tls: IngressTls | None = None
    """Set (``{}`` is enough) to terminate TLS."""
    basic_auth: BasicAuth | None = None
    """Set to ask for passwords."""

    @property
    def ingress_class(self) -> str:
        """Name of the IngressClass."""
        return self.class_name or ("nginx" if self.controller == "ingress-nginx" else "traefik")

    def tls_secret(self, name: str) -> str | None:
        """Secret that TLS of the Ingress `name` is terminated with; None without TLS."""
        if self.tls is None:
            return None
        return self.tls.secret or f"{'linkerd-viz' if name == VIZ_INGRESS else name}-tls"

    def middlewares(self, name: str) -> tuple[str, ...]:
        """Names of Traefik's Middlewares of the Ingress `name`, in the order of their turns."""
        if self.controller == "ingress-nginx":
            return ()
        header = f"{name}-l5d-header"
        return (f"{name}-basic-auth", header) if self.basic_auth is not None else (header,)

    def inconsistencies(self) -> Iterator[Problem]:
        """What an IngressRoute does not have, and Secrets that Traefik cannot read."""
        if self.controller == "traefik-ingressroute":
            if self.tls is not None and self.tls.cert_manager is not None:
                yield Problem(
                    "tls.certManager",
                    "cert-manager reads annotations of Ingresses, and no IngressRoute",
                    "make a Certificate of your own and name its secret, or write controller: "
                    "traefik",
                    about=("controller",),
                )
            if self.class_name is not None:
                yield Problem(
                    "className",
                    "an IngressRoute names no IngressClass",
                    "leave it out, or write controller: traefik",
                    about=("controller",),
                )
        if (
            self.basic_auth is not None
            and self.basic_auth.namespace is not None
            and self.controller != "ingress-nginx"
        ):
            yield Problem(
                "basicAuth.namespace",
                "Traefik's Middleware reads a Secret of its own namespace only",
                "leave it out, and keep the Secret in the Ingress' namespace",
                about=("controller",),
            )


class IngressConfig(IngressBase):
    """An Ingress to a Service of a meshed namespace."""

    name: DnsName
    """Name of the Ingress."""
    namespace: DnsLabel
    """Its namespace, which is there already."""
    service: ServiceName
    """Name of the Service."""
    port: Port = 80
    """Port of the Service."""
    path: UrlPath = "/"
    """Prefix of the path."""


class VizIngress(IngressBase):
    """How the dashboard of linkerd-viz is reached from outside.

    It refuses host names that it does not know: ingress-nginx rewrites the name, and for Traefik
    the dashboard is told the name. ingress-nginx takes the snippet that comes with it only with
    ``allowSnippetAnnotations: true`` and, since 1.12, ``annotations-risk-level: Critical`` in its
    ConfigMap. The dashboard is open to everyone who gets there: ask for passwords.
    """


class VizRoute(Model):
    """The dashboard through the cluster's own Ambassador: a Host and a Mapping of its own.

    An AuthService is asked as for any other route. The chart makes no Server for the dashboard, so
    that the default inbound policy admits Ambassador or not: with ``deny``, add a Server and an
    AuthorizationPolicy of yours.
    """

    host: DnsName
    """Host name that it answers for."""
    tls_secret: DnsName | None = None
    """Secret (kubernetes.io/tls) in Ambassador's namespace that TLS is terminated with."""
    cert_manager: CertManagerIssuer | None = None
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
        """The Mapping; `domain` is the cluster's. The path stays as it is."""
        return MappingConfig(
            name=VIZ,
            prefix="/",
            hostname=self.host,
            service=f"http://web.linkerd-viz.svc.{domain}:8084",
        )
