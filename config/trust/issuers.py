"""The issuer of a Certificate: one of cert-manager's own, or an external one.

Facts: cert-manager docs, "Issuer", "External issuers" and "Annotated Ingress resource".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import WithJsonSchema

from config.language.formats import DnsName, matching
from config.language.model import Model
from config.language.problems import Problem
from vocabulary.kinds import CERTIFICATE, CLUSTER_ISSUER, ISSUER, Kind

_KIND = "[A-Z][A-Za-z0-9]{0,62}"
OWN = (ISSUER.name, CLUSTER_ISSUER.name)
"""Kinds of cert-manager's own issuers."""


IssuerKind = Annotated[
    str,
    matching(
        _KIND,
        "the name of a kind",
        "write Issuer, ClusterIssuer or the kind of an external issuer, for example "
        "AWSPCAClusterIssuer",
    ),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{_KIND}$", "examples": [*OWN, "AWSPCAClusterIssuer"]}
    ),
]
"""Kind of an issuer."""


class IssuerReference(Model):
    """The issuer of a Certificate of cert-manager."""

    issuer: DnsName
    """Name of the issuer."""
    kind: IssuerKind = CLUSTER_ISSUER.name
    """Its kind: Issuer, ClusterIssuer, or that of an external issuer. What ends in ClusterIssuer
    signs for every namespace, all else for its own."""
    group: DnsName = CERTIFICATE.group
    """Its API group; that of an external issuer, for example ``awspca.cert-manager.io``."""

    @property
    def in_cluster(self) -> bool:
        """Whether it signs for every namespace; external issuers follow the same naming."""
        return self.kind.endswith(CLUSTER_ISSUER.name)

    @property
    def external(self) -> bool:
        """Whether it is not one of cert-manager's own."""
        return self.group != CERTIFICATE.group

    @property
    def api(self) -> Kind:
        """Its kind within its group."""
        return Kind.of({"apiVersion": f"{self.group}/", "kind": self.kind})

    @property
    def reference(self) -> dict[str, str]:
        """The issuer as Certificates refer to it."""
        return {"name": self.issuer, "kind": self.kind, "group": self.group}

    def inconsistencies(self) -> Iterator[Problem]:
        """A kind that its group does not have."""
        if self.external == (self.kind in OWN):
            yield Problem(
                "group" if self.external else "kind",
                f"cert-manager has no kind {self.kind}"
                if not self.external
                else f"{self.kind} is a kind of {CERTIFICATE.group}, not of {self.group}",
                f"write {' or '.join(OWN)}, or the group of the external issuer under group"
                if not self.external
                else "leave group out, or write the kind of the external issuer under kind",
                about=("kind", "group"),
            )
