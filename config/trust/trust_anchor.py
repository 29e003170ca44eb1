"""The trust anchor: where it comes from and how long what it signs is valid.

Facts: Linkerd docs, "Automatically rotating control plane TLS credentials" and "Generating your
own mTLS root certificates".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from config.language.formats import DnsLabel, Secret
from config.language.model import Model, doubled
from config.language.problems import Problem
from config.trust.anchor_certificates import anchor_complaints, fingerprint
from config.trust.issuance import Issuance
from config.trust.restarts import Restarts

AnchorState = Literal["prepared", "active", "tainted"]
"""What an anchor is for, in the verbs of SPIRE."""


class Anchor(Model):
    """One certificate of the bundle: generated when `certificate` is left out, else provided."""

    name: DnsLabel
    """Name within the bundle; part of the logical names of its resources."""
    state: AnchorState | None = None
    """What it is for: a prepared anchor is trusted and is to sign later, the active one signs, a
    tainted one is trusted for what it signed before. Each anchor has a state, or none has."""
    certificate: str | None = None
    """PEM of a provided CA certificate: ECDSA P-256, or RSA of 2048 or 4096 bits, signed with
    SHA-256; ECDSA P-256 alone where a cluster has Linkerd 2.8; one certificate."""
    private_key: Secret | None = None
    """PEM of its private key; needed only for the signing anchor, if the program signs
    certificates."""
    key_lost: Annotated[bool, Field(strict=True)] = False
    """Whether no copy of its private key is left. As the signing anchor it signs nothing new, and
    what it signed is kept, until another anchor signs (docs/import.md)."""

    @property
    def generated(self) -> bool:
        """Whether the program makes this anchor itself."""
        return self.certificate is None

    def inconsistencies(self) -> Iterator[Problem]:
        """Why a provided certificate or its key is unfit."""
        if self.key_lost and (self.certificate is None or self.private_key is not None):
            what = "certificate is not" if self.certificate is None else "privateKey is"
            yield Problem(
                "keyLost",
                f"keyLost is true, and {what} set",
                "leave keyLost out",
                about=("certificate", "privateKey"),
            )
        if self.certificate is None:
            if self.private_key is not None:
                yield Problem(
                    "privateKey",
                    "privateKey is set without certificate",
                    "leave it out to have the anchor generated, or add the certificate that "
                    "belongs to the key",
                    about=("certificate",),
                )
            return
        key = self.private_key.get_secret_value() if self.private_key else None
        for complaint in anchor_complaints(self.certificate, key):
            field = "privateKey" if complaint.of_key else "certificate"
            yield Problem(field, complaint.message, complaint.remedy)


class Validity(Model):
    """How long certificates are valid and when they are renewed.

    pulumi-tls renews at the first update within the renewal period; nothing renews between
    updates. `linkerd check` warns of certificates that end within 60 days.
    """

    anchor_days: Annotated[int, Field(ge=90, le=36500, strict=True)] = 3650
    """Days a generated anchor is valid. It is never renewed automatically, which would break
    trust."""
    issuer_days: Annotated[int, Field(ge=90, le=3650, strict=True)] = 365
    """Days each cluster's issuer is valid."""
    webhook_days: Annotated[int, Field(ge=90, le=3650, strict=True)] = 365
    """Days the webhook certificates are valid."""
    renewal_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = 90
    """Days before their end from which an update renews issuers and webhook certificates."""

    def inconsistencies(self) -> Iterator[Problem]:
        """Periods that do not fit into each other."""
        shortest = min(self.issuer_days, self.webhook_days)
        if self.renewal_days >= shortest:
            yield Problem(
                "renewalDays",
                f"{self.renewal_days} is not below the shortest validity ({shortest} days), so "
                "every update would renew the certificates",
                f"write a number below {shortest}, and above 60 to stay clear of warnings",
                about=("issuerDays", "webhookDays"),
            )
        for key, days in (("issuerDays", self.issuer_days), ("webhookDays", self.webhook_days)):
            if days > self.anchor_days:
                yield Problem(
                    key,
                    f"{days} is above anchorDays ({self.anchor_days})",
                    f"write at most {self.anchor_days}: no certificate outlives the anchor that "
                    "signs it",
                    about=("anchorDays",),
                )


class TrustAnchorConfig(Model):
    """The bundle of anchors that all clusters trust, and which of them signs."""

    anchors: Annotated[tuple[Anchor, ...], Field(min_length=1)] = (Anchor(name="root"),)
    """The bundle, in the order in which it is written; one generated anchor by default."""
    signer: DnsLabel | None = None
    """Name of the anchor that signs issuers and webhooks, where anchors have no state; the first
    one by default."""
    validity: Validity = Validity()
    """Validity and renewal of what is generated."""
    cert_manager: Issuance | None = None
    """Have cert-manager issue Linkerd's certificates in every cluster; the program does when left
    out."""
    restarts: Restarts = Restarts()
    """Restarts of meshed workloads after a change of anchors."""

    @property
    def signing_anchor(self) -> Anchor:
        """The anchor that signs."""
        signs = (a for a in self.anchors if a.state == "active" or a.name == self.signer)
        return next(signs, self.anchors[0])

    @property
    def needs_key(self) -> bool:
        """Whether the signing anchor's private key is needed, trial certificates aside."""
        issuance = self.cert_manager
        return issuance is None or issuance.make_issuer or not issuance.webhooks

    def inconsistencies(self) -> Iterator[Problem]:
        """Duplicate anchors, anchors that are not the issuer's CA, a signer that cannot sign."""
        yield from self._generated_beside_issuer()
        names = [anchor.name for anchor in self.anchors]
        yield from doubled(
            "anchor name", ((f"anchors[{place}].name", name) for place, name in enumerate(names))
        )
        seen: dict[str, int] = {}
        for place, anchor in enumerate(self.anchors):
            print_of = fingerprint(anchor.certificate) if anchor.certificate else None
            if print_of is None:
                continue
            if print_of in seen:
                yield Problem(
                    f"anchors[{place}].certificate",
                    f"anchor '{names[seen[print_of]]}' has the same certificate",
                    "remove one of the two anchors",
                )
            seen.setdefault(print_of, place)
        unclear = list(self._states())
        yield from unclear
        if unclear:
            return
        if self.signer is not None and self.signer not in names:
            yield Problem(
                "signer",
                f"unknown anchor '{self.signer}'",
                f"write one of the anchors: {', '.join(dict.fromkeys(names))}",
                about=("anchors",),
            )
            return
        signer = self.signing_anchor
        kept = signer.key_lost and not (self.cert_manager and self.cert_manager.make_issuer)
        if self.needs_key and not signer.generated and signer.private_key is None and not kept:
            place = names.index(signer.name)
            relieved = ", or write certManager.webhooks: true" if self._issuer_is_there else ""
            yield Problem(
                f"anchors[{place}].privateKey",
                f"anchor '{signer.name}' is the signer, but its private key is missing",
                "set it with `pulumi config set --secret --path`, or have another anchor sign"
                f"{relieved}",
                about=("signer", "certManager"),
            )

    def _states(self) -> Iterator[Problem]:
        """Anchors of which the states do not say which one signs."""
        stated = [place for place, anchor in enumerate(self.anchors) if anchor.state is not None]
        if not stated:
            return
        if self.signer is not None:
            yield Problem(
                "signer",
                "the anchors have states, and signer is the older way to name the one that signs",
                f"leave signer out, and have state: active under the anchor '{self.signer}' alone",
                about=("anchors",),
            )
            return
        for place, anchor in enumerate(self.anchors):
            if anchor.state is None:
                yield Problem(
                    f"anchors[{place}].state",
                    f"anchor '{anchor.name}' has no state, and others have one",
                    "write state: prepared if it is to sign later, or state: tainted if it signed "
                    "before",
                )
        active = [place for place in stated if self.anchors[place].state == "active"]
        if not active:
            yield Problem(
                f"anchors[{stated[0]}].state",
                "no anchor is active, so no anchor signs",
                "write state: active under the anchor that signs",
            )
        for place in active[1:]:
            yield Problem(
                f"anchors[{place}].state",
                f"anchor '{self.anchors[active[0]].name}' is active too, and only one anchor signs",
                "write state: prepared if this one is to sign later, or state: tainted if it "
                "signed before",
            )

    @property
    def _issuer_is_there(self) -> bool:
        return self.cert_manager is not None and not self.cert_manager.make_issuer

    def _generated_beside_issuer(self) -> Iterator[Problem]:
        """Generated anchors next to an existing issuer, whose CA they cannot be."""
        if not self._issuer_is_there:
            return
        for place, anchor in enumerate(self.anchors):
            if anchor.generated:
                yield Problem(
                    f"anchors[{place}].certificate",
                    f"anchor '{anchor.name}' would be generated, so it cannot be the CA of the "
                    "existing issuer",
                    "write certManager.makeIssuer: true, or write the certificate of that issuer's "
                    "CA",
                    about=("anchors", "certManager.makeIssuer"),
                )
