"""Identity issuers, and webhook certificates, that cert-manager issues in place of the program.

Facts: Linkerd docs, "Automatically rotating control plane TLS credentials" and "… webhook TLS
credentials"; cert-manager docs, Certificate; trust-manager docs, Bundle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, WithJsonSchema

from config.language.formats import DnsName, Flag
from config.language.model import Model
from config.language.problems import Problem, quoted, wrong
from config.trust.issuers import IssuerKind, IssuerReference
from vocabulary.kubernetes import TLS_AUTHORITY_KEY
from vocabulary.linkerd import TRUST_ANCHOR_SECRET

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_PART = re.compile(r"([0-9]{1,6})([hms])")


def _duration(value: str) -> str:
    if not value or _PART.sub("", value) or seconds(value) <= 0:
        raise wrong(
            f"{quoted(value)} is not a duration",
            "write hours, minutes and seconds as Go does, for example 48h or 1h30m",
        )
    return value


def seconds(value: str) -> float:
    """A duration such as ``1h30m`` in seconds."""
    return sum(int(number) * UNITS[unit] for number, unit in _PART.findall(value))


Duration = Annotated[
    str,
    AfterValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]+[hms])+$", "examples": ["48h"]}),
]
"""A span of time as Go writes it."""


class RootsSecret(Model):
    """A Secret in trust-manager's namespace that holds the anchors."""

    name: DnsName
    """Its name."""
    key: str = TLS_AUTHORITY_KEY
    """Key with the certificates."""


class Issuance(IssuerReference):
    """How cert-manager issues Linkerd's certificates, the same in every cluster."""

    issuer: DnsName = TRUST_ANCHOR_SECRET
    """Name of the issuer that signs."""
    kind: IssuerKind = "ClusterIssuer"
    """Its kind; an Issuer, of cert-manager or external, has to be in Linkerd's own namespace."""
    make_issuer: Flag = False
    """Create that ClusterIssuer from the signing anchor, whose private key is then in a Secret of
    cert-manager's namespace in every cluster. Otherwise the issuer has to exist, and its CA has to
    be one of the anchors."""
    duration: Duration = "48h"
    """How long an identity issuer is valid."""
    renew_before: Duration = "25h"
    """How long before its expiry it is renewed."""
    rotation_policy: Literal["Always", "Never"] = "Always"
    """Whether every renewal makes a new private key."""
    webhooks: Flag = False
    """Have cert-manager issue the webhooks' certificates too, and give the API server their CA."""
    trust_roots: Literal["values", "trust-manager"] = "values"
    """Where proxies find the anchors: in the chart's values alone, or in a ConfigMap that
    trust-manager fills."""
    roots_secret: RootsSecret | None = None
    """Secret from which trust-manager reads the anchors; those of the stack file by default."""

    def inconsistencies(self) -> Iterator[Problem]:
        """A renewal period longer than the validity; an issuer that cannot be created."""
        yield from super().inconsistencies()
        if seconds(self.renew_before) >= seconds(self.duration):
            yield Problem(
                "renewBefore",
                f"{self.renew_before} is not below duration ({self.duration}), so the certificate "
                "would be renewed endlessly",
                f"write less than {self.duration}, for example half of it",
                about=("duration",),
            )
        if self.make_issuer and (self.external or self.kind != "ClusterIssuer"):
            key = "group" if self.external else "kind"
            yield Problem(
                key,
                f"makeIssuer creates a ClusterIssuer, not an {self.kind} of {self.group}",
                "leave kind and group out, or name an existing issuer and leave makeIssuer out",
                about=("makeIssuer",),
            )
        if self.roots_secret is not None and self.trust_roots == "values":
            yield Problem(
                "rootsSecret",
                "only trust-manager reads rootsSecret, and trustRoots is values",
                "write trustRoots: trust-manager, or leave it out",
                about=("trustRoots",),
            )
