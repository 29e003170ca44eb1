"""cert-manager and trust-manager in one cluster: installed by us, or expected to be there."""

from __future__ import annotations

from config.language.formats import ChartVersion, DnsLabel, Flag, HelmValues
from config.language.model import Model


class TrustManagerConfig(Model):
    """trust-manager, which copies bundles of anchors into ConfigMaps."""

    install: Flag = False
    """Install it; otherwise it is expected to be there, with cert-manager's namespace as its own
    trust namespace, and looked for before anything is touched."""
    version: ChartVersion = "v0.25.0"
    """Version of the chart trust-manager."""
    values: HelmValues = {}
    """Extra values for the chart; they win over ours."""


class CertManagerConfig(Model):
    """cert-manager, which issues certificates and renews them without anybody's update."""

    install: Flag = False
    """Install it, CRDs included; otherwise it is expected to be there, and looked for before
    anything is touched."""
    version: ChartVersion = "v1.21.2"
    """Version of the chart cert-manager."""
    namespace: DnsLabel = "cert-manager"
    """Its namespace, from which a ClusterIssuer takes its Secrets."""
    values: HelmValues = {}
    """Extra values for the chart; they win over ours."""
    trust_manager: TrustManagerConfig | None = None
    """trust-manager beside it (``{}`` is enough); none when left out."""
