"""Ambassador's Hosts and Mappings.

One description for every API version of getambassador.io. Facts: Emissary docs on Host, Mapping and
TLS termination; the CRDs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator

from config.ambassador.route_settings import RouteSettings
from config.language.formats import (
    DnsLabel,
    DnsName,
    Flag,
    HostGlob,
    Line,
    ObjectSpec,
    UrlPath,
    matching,
    url,
    url_complaint,
)
from config.language.model import Model
from config.language.problems import Problem, quoted, wrong
from config.trust.issuers import IssuerReference

HEALTH_MAPPING = "public-health-check"
"""Name of the gateway's own Mapping."""


TlsVersion = Literal["v1.0", "v1.1", "v1.2", "v1.3"]


def _destination(value: str) -> str:
    _, separator, rest = value.rpartition("://")
    complaint = url_complaint(value if separator else f"http://{value}", ("http", "https"))
    if complaint is not None or "/" in rest:
        raise wrong(
            f"{quoted(value)} is not a Service",
            "write its name, its namespace and, where needed, its port, "
            "for example http://web.shop.svc.cluster.local:80",
        )
    return value


_EMAIL, _MAIL_READ = r"[^@\s]+@[^@\s]+\.[^@\s]+", "write an address whose mail is read"


_ACME = url(
    ("https",),
    "write the directory of an ACME server, "
    "for example https://acme-v02.api.letsencrypt.org/directory",
)


class HostTls(Model):
    """How TLS of a Host is terminated: with which certificate and which settings."""

    secret: DnsName | None = None
    """Name of the Secret (kubernetes.io/tls); ``<host>-tls`` by default. Without `certManager` and
    `trial`, the Secret has to exist."""
    namespace: DnsLabel | None = None
    """Namespace of that Secret, which has to exist; Ambassador's by default."""
    cert_manager: IssuerReference | None = None
    """Have cert-manager fill the Secret; the program creates a Certificate."""
    trial: Flag = False
    """Have the mesh's own trust anchor sign a certificate: only for trials, as no browser trusts
    it."""
    min_version: TlsVersion | None = None
    """Oldest accepted version of TLS."""
    max_version: TlsVersion | None = None
    """Newest accepted version of TLS."""
    alpn_protocols: tuple[Literal["h2", "http/1.1"], ...] = ()
    """Protocols that are offered, the preferred one first."""
    cipher_suites: tuple[Line, ...] = ()
    """Cipher suites of TLS 1.2 and older, by the names of Envoy."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Two origins of one certificate; contradicting versions of TLS."""
        if self.cert_manager is not None and self.trial:
            yield Problem(
                "trial",
                "the certificate would come from cert-manager and from the trust anchor",
                "leave certManager or trial out",
                about=("certManager",),
            )
        if self.min_version and self.max_version and self.min_version > self.max_version:
            yield Problem(
                "minVersion",
                f"{self.min_version} is above maxVersion ({self.max_version})",
                f"write at most {self.max_version}",
                about=("maxVersion",),
            )
        if self.cipher_suites and self.min_version == "v1.3":
            yield Problem(
                "cipherSuites",
                "TLS 1.3 has its own cipher suites, and minVersion allows nothing older",
                "leave cipherSuites out, or write minVersion: v1.2",
                about=("minVersion",),
            )

    @property
    def has_settings(self) -> bool:
        """Whether anything besides the certificate is set."""
        return bool(
            self.min_version or self.max_version or self.alpn_protocols or self.cipher_suites
        )


class Acme(Model):
    """How an Edge Stack fetches a certificate itself (Edge Stack docs, Host)."""

    authority: Annotated[str, _ACME] = "https://acme-v02.api.letsencrypt.org/directory"
    """Directory of the ACME server."""
    email: Annotated[str, matching(_EMAIL, "an e-mail address", _MAIL_READ)]
    """Address to which the authority sends mail."""


class HostConfig(Model):
    """A host name that Ambassador answers for (Emissary docs, Host)."""

    name: DnsName
    """Name of the Host."""
    hostname: HostGlob
    """The host name, a glob, or ``*``."""
    insecure: Literal["Route", "Redirect", "Reject"] = "Route"
    """What happens to cleartext requests."""
    tls: HostTls | None = None
    """Set (``{}`` is enough) to terminate TLS."""
    acme: Acme | None = None
    """Set to have an Edge Stack fetch the certificate, for a full host name; off by default."""
    spec: ObjectSpec = {}
    """Further fields of the Host's ``spec``, as the CRD of its `apiVersion` has them."""

    @property
    def tls_secret(self) -> str | None:
        """Name of the Secret that TLS is terminated with; None without TLS."""
        return None if self.tls is None else self.tls.secret or f"{self.name}-tls"

    @property
    def _certifiable(self) -> bool:
        """Whether a certificate can be for this host name."""
        return not (self.hostname == "*" or self.hostname.endswith(".*") or ":" in self.hostname)

    def inconsistencies(self) -> Iterator[Problem]:
        """Certificates that cannot be issued; two writers of one Secret."""
        if self.acme is not None and "*" in self.hostname:
            yield Problem(
                "acme",
                "an Edge Stack gets ACME certificates for single host names only, and "
                f"{quoted(self.hostname)} is a pattern",
                "write a full host name, or use tls.certManager",
                about=("hostname",),
            )
        tls = self.tls
        if tls is None:
            return
        for key, wanted in (("certManager", tls.cert_manager is not None), ("trial", tls.trial)):
            if wanted and self.acme is not None:
                yield Problem(
                    f"tls.{key}",
                    "the Edge Stack already gets this Host's certificate by ACME",
                    f"leave out acme or tls.{key}",
                    about=("acme",),
                )
            if wanted and not self._certifiable:
                yield Problem(
                    f"tls.{key}",
                    f"no certificate can be made for the hostname {quoted(self.hostname)}",
                    "write a host name without a port or '*.example.com', or name an existing "
                    "Secret under tls.secret",
                    about=("hostname",),
                )


class MappingConfig(RouteSettings):
    """A route to a Service (Emissary docs, Mapping)."""

    name: DnsName
    """Name of the Mapping."""
    prefix: UrlPath
    """Prefix of the request's path."""
    service: Annotated[str, AfterValidator(_destination)]
    """The Service: ``name``, ``name.namespace`` or a full name, with an optional port."""
    hostname: HostGlob = "*"
    """Host names the route is for; without one, Emissary drops a Mapping silently."""

    @property
    def route(self) -> tuple[str, str, str]:
        """What distinguishes routes in Emissary: host names, prefix and further conditions."""
        return self.hostname.lower(), self.prefix, self.conditions

    @property
    def service_host(self) -> str:
        """Host name of the Service, without scheme and port."""
        return self.service.rpartition("://")[2].partition(":")[0].lower()

    @property
    def in_full(self) -> bool:
        """Whether the Service is named with its namespace and the cluster's domain."""
        return ".svc." in self.service_host
