"""Ambassador's Listeners, Hosts and Mappings.

One description for every API version of getambassador.io. Facts: Emissary docs on Listener, Host,
Mapping, TLS termination; the CRDs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.language.formats import DnsName, Flag, HostGlob, Line, Port, UrlPath, url_complaint
from config.language.model import Model
from config.language.problems import Problem, quoted, wrong

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


def _rewriting(value: str) -> str:
    if value and (not value.startswith("/") or re.search(r"\s", value)):
        raise wrong(
            f"{quoted(value)} cannot replace a prefix",
            "write a path that begins with '/', or \"\" to keep the prefix",
        )
    return value


def _header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", value):
        raise wrong(f"{quoted(value)} is not a header name", "write it without colon and spaces")
    return value.lower()


def _acme_authority(value: str) -> str:
    complaint = url_complaint(value, ("https",))
    if complaint is not None:
        raise wrong(
            f"{quoted(value)} {complaint}",
            "write the directory of an ACME server, "
            "for example https://acme-v02.api.letsencrypt.org/directory",
        )
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        raise wrong(
            f"{quoted(value)} is not an e-mail address", "write an address whose mail is read"
        )
    return value


class Listener(Model):
    """A port on which Ambassador accepts requests (Emissary docs, Listener)."""

    name: DnsName
    """Name of the Listener."""
    port: Port
    """Port in the pod."""
    protocol: Literal["HTTP", "HTTPS", "HTTPPROXY", "HTTPSPROXY"] = "HTTPS"
    """Protocol stack; HTTPS also accepts cleartext, and the Host decides."""
    security_model: Literal["XFP", "SECURE", "INSECURE"] = "XFP"
    """When a request counts as secure: by X-Forwarded-Proto, always, or never."""


class CertManagerIssuer(Model):
    """The issuer of a Certificate of cert-manager (cert-manager docs, Certificate)."""

    issuer: DnsName
    """Name of the issuer."""
    kind: Literal["Issuer", "ClusterIssuer"] = "ClusterIssuer"
    """An Issuer has to be in the namespace of the Secret that it fills."""


class HostTls(Model):
    """How TLS of a Host is terminated: with which certificate and which settings."""

    secret: DnsName | None = None
    """Name of the Secret (kubernetes.io/tls) in Ambassador's namespace; ``<host>-tls`` by default.
    Without `certManager` and `trial`, the Secret has to exist."""
    cert_manager: CertManagerIssuer | None = None
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

    authority: Annotated[str, AfterValidator(_acme_authority)] = (
        "https://acme-v02.api.letsencrypt.org/directory"
    )
    """Directory of the ACME server."""
    email: Annotated[str, AfterValidator(_email)]
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


class MappingConfig(Model):
    """A route to a Service (Emissary docs, Mapping)."""

    name: DnsName
    """Name of the Mapping."""
    prefix: UrlPath
    """Prefix of the request's path."""
    service: Annotated[str, AfterValidator(_destination)]
    """The Service: ``name``, ``name.namespace`` or a full name, with an optional port."""
    hostname: HostGlob = "*"
    """Host names the route is for; without one, Emissary drops a Mapping silently."""
    rewrite: Annotated[str, AfterValidator(_rewriting)] | None = None
    """Replacement of the prefix; ``/`` by default, an empty string keeps the prefix."""
    linkerd_headers: Flag | None = None
    """Whether ``l5d-dst-override`` is added; the setting of the whole Ambassador by default."""
    remove_request_headers: tuple[Annotated[str, AfterValidator(_header)], ...] = ()
    """Headers of a request that do not reach the Service."""
    bypass_auth: Flag | None = None
    """Whether the route bypasses an AuthService."""
    timeout_ms: Annotated[int, Field(ge=1, strict=True)] | None = None
    """Milliseconds until a request times out."""

    @property
    def route(self) -> tuple[str, str]:
        """What distinguishes routes in Emissary: host names and prefix."""
        return self.hostname.lower(), self.prefix

    @property
    def service_host(self) -> str:
        """Host name of the Service, without scheme and port."""
        return self.service.rpartition("://")[2].partition(":")[0].lower()

    @property
    def in_full(self) -> bool:
        """Whether the Service is named with its namespace and the cluster's domain."""
        return ".svc." in self.service_host
