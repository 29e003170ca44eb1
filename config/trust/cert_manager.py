"""cert-manager and trust-manager in one cluster: installed by the program, or existing."""

from __future__ import annotations

from config.language.formats import ChartVersion, DnsLabel, Flag, HelmValues
from config.language.model import Model


class TrustManagerConfig(Model):
    """trust-manager, which copies bundles of anchors into ConfigMaps."""

    install: Flag = False
    """Install it. Otherwise the program requires an existing trust-manager, whose trust namespace
    is that of cert-manager, and checks this before it changes anything."""
    version: ChartVersion = "v0.25.0"
    """Version of the chart trust-manager."""
    values: HelmValues = {}
    """Extra values for the chart; they override the program's defaults."""


class CertManagerConfig(Model):
    """cert-manager, which issues and renews certificates between updates of the stack."""

    install: Flag = False
    """Install it, CRDs included. Otherwise the program requires an existing cert-manager, and
    checks this before it changes anything."""
    version: ChartVersion = "v1.21.2"
    """Version of the chart cert-manager."""
    namespace: DnsLabel = "cert-manager"
    """Its namespace, from which a ClusterIssuer reads its Secrets."""
    values: HelmValues = {}
    """Extra values for the chart; they override the program's defaults."""
    trust_manager: TrustManagerConfig | None = None
    """trust-manager beside it (``{}`` is enough); none when left out."""
