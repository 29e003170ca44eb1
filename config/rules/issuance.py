"""Checks between the trust anchor and clusters where cert-manager issues Linkerd's certificates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.cluster import ClusterConfig
from config.language.problems import Problem
from config.rules.several import key_at
from config.trust.issuers import IssuerReference
from config.trust.trust_anchor import TrustAnchorConfig
from config.variants.edge_releases import TRACING
from config.variants.linkerds import DEFAULT

PATH = "trustAnchor.certManager"


def issuance_fits(
    anchors: TrustAnchorConfig, clusters: Mapping[str, ClusterConfig]
) -> Iterator[Problem]:
    """What clusters lack for certificates that cert-manager issues, and who signs the rest."""
    if anchors.cert_manager is None:
        return
    for name, cluster in clusters.items():
        yield from _cluster(anchors, name, cluster)
    yield from _trials(anchors, clusters)


def _cluster(anchors: TrustAnchorConfig, name: str, cluster: ClusterConfig) -> Iterator[Problem]:
    issuance = anchors.cert_manager
    path = f"clusters.{name}"
    if issuance is None:
        return
    generation = cluster.linkerd.generation
    if not generation.cert_manager:
        yield Problem(
            f"{path}.linkerd.version",
            f"cert-manager cannot issue certificates for {generation.title}: they need different "
            "versions of Kubernetes, and its webhooks read another form of Secrets",
            f'leave {PATH} out, or write version "{DEFAULT.newest}"',
            about=(PATH,),
        )
        return
    if cluster.cert_manager is None:
        yield Problem(
            f"{path}.certManager",
            f"{PATH} needs cert-manager in every cluster, and this cluster has none",
            f"write {path}.certManager: {{}} if cert-manager is installed, or "
            f"{path}.certManager.install: true",
            about=(PATH,),
        )
    elif issuance.trust_roots == "trust-manager" and cluster.cert_manager.trust_manager is None:
        yield Problem(
            f"{path}.certManager.trustManager",
            f"{PATH}.trustRoots needs trust-manager, which this cluster lacks",
            "write trustManager: {} if trust-manager is installed, or trustManager.install: true",
            about=(f"{PATH}.trustRoots",),
        )
    if issuance.webhooks and cluster.linkerd.traces_by_extension:
        yield Problem(
            f"{path}.linkerd.tracing",
            "cert-manager issues no certificate for the webhook of linkerd-jaeger, which traces "
            "in this version",
            f"write {PATH}.webhooks: false, or a version from {TRACING.version} on",
            about=(f"{PATH}.webhooks", f"{path}.linkerd.version"),
        )
    if issuance.webhooks and not issuance.in_cluster and cluster.linkerd.viz.enabled:
        yield Problem(
            f"{PATH}.kind",
            f"an {issuance.kind} in the namespace {cluster.linkerd.namespace} cannot sign for the "
            f"webhooks of viz in cluster '{name}', which are in another namespace",
            "name a ClusterIssuer, or write webhooks: false",
            about=(f"{PATH}.webhooks", f"{path}.linkerd.viz.enabled"),
        )


def _trials(anchors: TrustAnchorConfig, clusters: Mapping[str, ClusterConfig]) -> Iterator[Problem]:
    """Certificates for trials, which the program always signs itself."""
    signer = anchors.signing_anchor
    if anchors.needs_key or signer.generated or signer.private_key is not None:
        return
    hosts = [
        (f"clusters.{name}.{key_at(at)}.hosts[{place}].tls", host)
        for name, cluster in clusters.items()
        for at, ambassador in enumerate(cluster.every_ambassador)
        for place, host in enumerate(ambassador.hosts or ())
    ]
    for where, host in hosts:
        if host.tls is not None and host.tls.trial:
            yield Problem(
                f"{where}.trial",
                f"anchor '{signer.name}' signs this certificate, but its private key is missing",
                f"leave it out, and write {where}.certManager{_named(anchors.cert_manager)}"
                if anchors.cert_manager is not None and anchors.cert_manager.in_cluster
                else "leave it out, and name an existing Secret under tls.secret",
                about=(f"trustAnchor.anchors[{anchors.anchors.index(signer)}].privateKey",),
            )


def _named(issuer: IssuerReference) -> str:
    """The rest of a key path and its value that name an issuer."""
    if not issuer.external:
        return f".issuer: {issuer.issuer}"
    return f": {{issuer: {issuer.issuer}, kind: {issuer.kind}, group: {issuer.group}}}"
