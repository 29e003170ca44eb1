"""The trust anchor: where it comes from and how long what it signs is valid.

Facts: Linkerd docs, "Automatically rotating control plane TLS credentials" and "Generating your
own mTLS root certificates".
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from config.base import DnsLabel, Model, Secret, wrong
from config.certificates import examine_anchor


class Anchor(Model):
    """One certificate of the bundle: generated when `certificate` is left out, else provided."""

    name: DnsLabel
    """Name within the bundle; part of the logical names of its resources."""
    certificate: str | None = None
    """PEM of a provided CA certificate (ECDSA P-256 or RSA); one certificate."""
    private_key: Secret | None = None
    """PEM of its private key; needed only for the anchor that signs."""

    @property
    def generated(self) -> bool:
        """Whether the program makes this anchor itself."""
        return self.certificate is None

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.certificate is None:
            if self.private_key is not None:
                raise wrong(
                    f"anchor '{self.name}' has a private key but no certificate",
                    "add the certificate that belongs to the key, or leave out both to have the "
                    "anchor generated",
                )
            return self
        key = self.private_key.get_secret_value() if self.private_key else None
        complaint = examine_anchor(self.certificate, key)
        if complaint:
            raise wrong(f"anchor '{self.name}' {complaint.message}", complaint.remedy)
        return self


class Validity(Model):
    """How long certificates are valid and when they are renewed.

    pulumi-tls renews at the first update within the renewal period; nothing renews between
    updates. `linkerd check` warns of certificates that end within 60 days.
    """

    anchor_days: Annotated[int, Field(ge=90, le=36500, strict=True)] = 3650
    """Days a generated anchor is valid. It is never renewed by itself: that would break trust."""
    issuer_days: Annotated[int, Field(ge=90, le=3650, strict=True)] = 365
    """Days each cluster's issuer is valid."""
    webhook_days: Annotated[int, Field(ge=90, le=3650, strict=True)] = 365
    """Days the webhook certificates are valid."""
    renewal_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = 90
    """Days before their end from which an update renews issuers and webhook certificates."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        shortest = min(self.issuer_days, self.webhook_days)
        if self.renewal_days >= shortest:
            raise wrong(
                f"renewalDays ({self.renewal_days}) is not below the shortest validity "
                f"({shortest} days), so every update would renew",
                f"write a number below {shortest}, and above 60 to stay clear of warnings",
            )
        if self.issuer_days > self.anchor_days:
            raise wrong(
                f"issuerDays ({self.issuer_days}) is beyond anchorDays ({self.anchor_days})",
                "let issuers end before the anchor that signs them",
            )
        return self


class TrustAnchorConfig(Model):
    """The bundle of anchors that all clusters trust, and which of them signs."""

    anchors: Annotated[tuple[Anchor, ...], Field(min_length=1)] = (Anchor(name="root"),)
    """The bundle, in the order in which it is written; one generated anchor by default."""
    signer: DnsLabel | None = None
    """Name of the anchor that signs issuers and webhooks; the first one by default."""
    validity: Validity = Validity()
    """Validity and renewal of what is generated."""

    @property
    def signing_anchor(self) -> Anchor:
        """The anchor that signs."""
        return next((a for a in self.anchors if a.name == self.signer), self.anchors[0])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [anchor.name for anchor in self.anchors]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise wrong(
                f"the anchor name{'s' if len(doubled) > 1 else ''} {', '.join(doubled)} "
                "stand more than once",
                "give every anchor a name of its own",
            )
        if self.signer is not None and self.signer not in names:
            raise wrong(
                f"the signer '{self.signer}' is not among the anchors", f"write one of {names}"
            )
        signer = self.signing_anchor
        if not signer.generated and signer.private_key is None:
            raise wrong(
                f"anchor '{signer.name}' is to sign but has no private key",
                "set privateKey with `pulumi config set --secret --path`, "
                "or name another anchor as signer",
            )
        return self
