"""Helm releases and published manifests that a stack file asks for in one cluster.

Facts: the charts of Linkerd and of the Ambassadors (`config/variants/`); the charts cert-manager
v1.21.2 and trust-manager v0.25.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from config.ambassador.ambassador import AmbassadorConfig
from config.core.charts import Origin
from config.core.cluster import ClusterConfig
from config.trust.cert_manager import CertManagerConfig
from config.variants.ambassadors import CrdsChart, CrdsManifest
from config.variants.linkerd import OWN
from vocabulary.ambassador import CRDS_RELEASE
from vocabulary.kinds import (
    CERTIFICATE,
    CRD,
    DEPLOYMENT,
    ISSUER,
    JOB,
    MUTATING_WEBHOOK,
    RBAC,
    SERVICE,
    VALIDATING_WEBHOOK,
    Kind,
)

CERT_MANAGER = "cert-manager"
TRUST_MANAGER = "trust-manager"
_CERT_MANAGER_KINDS = frozenset(
    {*RBAC, CRD, DEPLOYMENT, JOB, MUTATING_WEBHOOK, SERVICE, VALIDATING_WEBHOOK}
)
_TRUST_MANAGER_KINDS = frozenset(
    {*RBAC, CERTIFICATE, CRD, DEPLOYMENT, ISSUER, SERVICE, VALIDATING_WEBHOOK}
)


@dataclass(frozen=True)
class Release:
    """A Helm release that the stack file asks for."""

    namespace: str
    """Namespace of the release."""
    name: str
    """Name of the release."""
    chart: str
    """Name of the chart."""
    version: str
    """Exact version of the chart."""
    origin: Origin
    """Field of the stack file's `charts` that names the chart's repository."""
    kinds: frozenset[Kind]
    """Kinds of the objects that the chart makes."""
    version_key: str
    """Key path of its version in the stack file, below the cluster."""

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class PublishedManifest:
    """A published manifest whose objects the program declares one by one."""

    name: str
    """File name without version and ``.yaml``, for example ``aes-crds``."""
    version: str
    """Version of the application that it is for."""
    url: str
    """Where it is published."""
    namespace: str
    """Namespace that it makes."""
    kinds: frozenset[Kind]
    """Kinds of its objects."""


def releases(config: ClusterConfig, *, linked: bool) -> tuple[Release, ...]:
    """The releases of a cluster, in the order in which they are made.

    `linked` is whether any link begins or ends there.
    """
    found = [] if config.cert_manager is None else list(_issuing(config.cert_manager))
    found += _linkerd(config, linked=linked)
    for view in config.each_ambassador:
        if view.ambassador is not None and view.ambassador.installed:
            found += _ambassador(view.ambassador, f"{view.ambassador_key}.version")
    return tuple(found)


def manifests(config: ClusterConfig) -> tuple[PublishedManifest, ...]:
    """The published manifests of a cluster."""
    ambassador = config.ambassador
    if ambassador is None or not (ambassador.installed and ambassador.install_crds):
        return ()
    line = ambassador.line
    if not isinstance(line.crds, CrdsManifest):
        return ()
    crds, version = line.crds, line.application
    url = crds.url.format(version=version)
    return (PublishedManifest(crds.name, version, url, crds.namespace, crds.kinds),)


def _linkerd(config: ClusterConfig, *, linked: bool) -> Iterator[Release]:
    linkerd = config.linkerd
    generation = linkerd.generation
    needs = linkerd.needs(linked=linked)
    for chart in generation.charts:
        if chart.when not in needs:
            continue
        kinds = chart.kinds.union(
            *(more for need, more in chart.kinds_when.items() if need in needs)
        )
        yield Release(
            linkerd.namespace if chart.namespace == OWN else chart.namespace,
            chart.release,
            chart.chart,
            linkerd.jaeger_version if chart.when == "jaeger" else linkerd.version,
            generation.origin,
            kinds,
            "linkerd.tracing.jaegerVersion" if chart.when == "jaeger" else "linkerd.version",
        )


def _issuing(config: CertManagerConfig) -> Iterator[Release]:
    trust, space = config.trust_manager, config.namespace
    if config.install:
        yield Release(
            space,
            CERT_MANAGER,
            CERT_MANAGER,
            config.version,
            "cert_manager",
            _CERT_MANAGER_KINDS,
            "certManager.version",
        )
    if trust is not None and trust.install:
        yield Release(
            space,
            TRUST_MANAGER,
            TRUST_MANAGER,
            trust.version,
            "cert_manager",
            _TRUST_MANAGER_KINDS,
            "certManager.trustManager.version",
        )


def _ambassador(config: AmbassadorConfig, key: str) -> Iterator[Release]:
    line, version = config.line, config.chart_version
    if config.install_crds and isinstance(line.crds, CrdsChart):
        crds, space = line.crds, config.crds_namespace
        yield Release(space, CRDS_RELEASE, crds.name, version, line.repository, crds.kinds, key)
    yield Release(
        config.namespace, config.name, line.chart, version, line.repository, line.kinds, key
    )
