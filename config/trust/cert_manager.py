"""cert-manager and trust-manager in one cluster: installed by the program, or existing."""

from __future__ import annotations

from typing import Annotated

from config.language.formats import ChartVersion, DnsLabel, Flag, HelmValues, chart_version
from config.language.model import Model

_CERT_MANAGER, _TRUST_MANAGER = "v1.21.2", "v0.25.0"


class TrustManagerConfig(Model):
    """trust-manager, which copies bundles of anchors into ConfigMaps."""

    install: Flag = False
    """Install it. Otherwise the program requires an existing trust-manager, whose trust namespace
    is that of cert-manager, and checks this before it changes anything."""
    version: Annotated[ChartVersion, chart_version(_TRUST_MANAGER)] = _TRUST_MANAGER
    """Version of the chart trust-manager."""
    values: HelmValues = {}
    """Extra values for the chart; they override the program's defaults."""


class CertManagerConfig(Model):
    """cert-manager, which issues and renews certificates between updates of the stack."""

    install: Flag = False
    """Install it, CRDs included. Otherwise the program requires an existing cert-manager, and
    checks this before it changes anything."""
    version: Annotated[ChartVersion, chart_version(_CERT_MANAGER)] = _CERT_MANAGER
    """Version of the chart cert-manager."""
    namespace: DnsLabel = "cert-manager"
    """Its namespace, from which a ClusterIssuer reads its Secrets."""
    values: HelmValues = {}
    """Extra values for the chart; they override the program's defaults."""
    trust_manager: TrustManagerConfig | None = None
    """trust-manager beside it (``{}`` is enough); none when left out."""
