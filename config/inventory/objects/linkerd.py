"""Secrets, Certificates and Bundles for Linkerd in one cluster."""

from __future__ import annotations

from collections.abc import Iterator

from config.core.cluster import ClusterConfig
from config.core.mesh import MeshConfig
from config.core.namespaces import made_namespaces
from config.inventory.model import MadeObject
from config.inventory.webhooks import webhooks
from config.trust.issuance import Issuance
from vocabulary.kinds import (
    BUNDLE,
    CERTIFICATE,
    CLUSTER_ISSUER,
    SECRET,
    Kind,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import ISSUER_SECRET, JAEGER, TRUST_ROOTS


def linkerd_objects(mesh: MeshConfig, cluster: str) -> Iterator[MadeObject]:
    """What the control plane and its extensions need in a cluster, beside their releases."""
    config = mesh.clusters[cluster]
    issuance = mesh.trust_anchor.cert_manager
    if issuance is not None:
        yield from _issuers(config, issuance)
    kind = SECRET if issuance is None else CERTIFICATE
    yield MadeObject(kind, config.linkerd.namespace, ISSUER_SECRET)
    for webhook in webhooks(config):
        # cert-manager issues none for the extension that traces.
        if issuance is not None and issuance.webhooks and webhook.namespace != JAEGER:
            yield MadeObject(CERTIFICATE, webhook.namespace, webhook.service)
        else:
            yield MadeObject(SECRET, webhook.namespace, webhook.secret)
    yield from _logins(config, linked=cluster in mesh.linked_clusters())
    for made in mesh.egress_of(cluster):
        yield MadeObject(Kind.of(made), namespace_of(made), name_of(made))


def _issuers(config: ClusterConfig, issuance: Issuance) -> Iterator[MadeObject]:
    if issuance.make_issuer and config.cert_manager is not None:
        yield MadeObject(SECRET, config.cert_manager.namespace, issuance.issuer)
        yield MadeObject(CLUSTER_ISSUER, "", issuance.issuer)
    if issuance.trust_roots == "trust-manager":
        yield MadeObject(BUNDLE, "", TRUST_ROOTS)


def _logins(config: ClusterConfig, *, linked: bool) -> Iterator[MadeObject]:
    """Logins for the image registry whose content the stack file has, in each namespace."""
    if not config.linkerd.generation.pull_secrets:
        return
    for space in made_namespaces(config, linked=linked):
        if space.part.startswith("linkerd"):
            for login in config.linkerd.image_pull_secrets:
                if login.docker_config_json is not None:
                    yield MadeObject(SECRET, space.name, login.name)
