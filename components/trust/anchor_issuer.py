"""AnchorIssuer: the issuer of cert-manager that signs with the trust anchor, in one cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.core.component import MeshComponent
from components.core.secrets import tls_secret
from components.trust.awaited import awaited
from components.trust.trust_anchor import SignedCertificate
from vocabulary.kinds import CLUSTER_ISSUER


@dataclass(frozen=True)
class AnchorIssuerArgs:
    """Arguments of an AnchorIssuer."""

    name: str
    """Name of the ClusterIssuer, and of the Secret that it signs with."""
    namespace: pulumi.Input[str]
    """cert-manager's namespace, from which ClusterIssuers take their Secrets."""
    anchor: SignedCertificate
    """The anchor that signs."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    ready: Sequence[pulumi.Resource] = ()
    """The release of cert-manager, where the program makes it."""


class AnchorIssuer(MeshComponent):
    """A ClusterIssuer that signs with the trust anchor, and the Secret that holds the anchor."""

    issuer: pulumi.Resource
    """The ClusterIssuer."""

    def __init__(
        self, name: str, args: AnchorIssuerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        secret = tls_secret(
            f"{name}-anchor",
            args.name,
            args.namespace,
            args.anchor,
            self.child(args.provider, depends_on=args.ready),
        )
        self.issuer = awaited(
            f"{name}-issuer",
            CLUSTER_ISSUER,
            {"name": args.name},
            {"ca": {"secretName": args.name}},
            self.child(args.provider, depends_on=[*args.ready, secret]),
        )
        self.register_outputs({})
