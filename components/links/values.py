"""Values of linkerd-multicluster. Facts: the values file of the chart 2026.8.3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.core.values import Values, merged, pull_secret_names
from config.core.cluster import ClusterConfig
from config.links.link import LinkConfig
from config.links.selection import own_members


@dataclass(frozen=True)
class ServiceMirror:
    """The controller of one link, as the multicluster chart configures it."""

    link: str
    """Name of the Link, which is that of the target cluster."""
    probe_port: int | None
    """Port of the target's gateway that is probed; the chart's must equal the Link's. None on a
    link without a gateway."""
    credentials_digest: pulumi.Input[str]
    """Changes with the credentials."""
    headless_services: bool = False
    """Whether headless Services are mirrored as such."""


@dataclass(frozen=True)
class LocalMirror:
    """The controller of the cluster's own members of federated Services, for all of its links."""

    selector: str | None
    """Label query of the members; None for the chart's."""
    excluded_labels: tuple[str, ...]
    """Labels of members that are not copied to federated Services."""
    excluded_annotations: tuple[str, ...]
    """Annotations that are not copied either."""


def local_mirror(links: Sequence[LinkConfig]) -> LocalMirror:
    """What the links that begin in a cluster say of its own members of federated Services."""
    return LocalMirror(
        selector=next((own.query for own in own_members(links)), None),
        excluded_labels=tuple(dict.fromkeys(key for one in links for key in one.excluded_labels)),
        excluded_annotations=tuple(
            dict.fromkeys(key for one in links for key in one.excluded_annotations)
        ),
    )


def multicluster_values(
    cluster: ClusterConfig, mirrors: Sequence[ServiceMirror], local: LocalMirror
) -> Values:
    """Values of linkerd-multicluster without its own gateway, as the cluster has another."""
    config = cluster.linkerd
    image = {"name": f"{config.registry}/controller"}
    ours: Values = {
        "gateway": {"enabled": False},
        # Each link has an account of its own, so that access of one can be revoked.
        "remoteMirrorServiceAccount": False,
        "createNamespaceMetadataJob": False,
        "linkerdNamespace": config.namespace,
        "identityTrustDomain": cluster.trust_domain,
        "imagePullSecrets": pull_secret_names(config.image_pull_secrets),
        "enableNamespaceCreation": config.multicluster.create_namespaces,
        "localServiceMirror": {"image": image, **_local(local)},
        "controllerDefaults": {"image": image},
        "controllers": [_controller(mirror) for mirror in mirrors],
    }
    if mirrors:
        # A controller keeps its watch after a token is revoked, and never reads its Secret again.
        ours["podAnnotations"] = {
            f"{CREDENTIALS_ANNOTATION}.{m.link}": m.credentials_digest for m in mirrors
        }
    if config.high_availability:
        ours["enablePodAntiAffinity"] = True
        ours["localServiceMirror"] = {**ours["localServiceMirror"], "replicas": 3}
        ours["controllerDefaults"] = {
            **ours["controllerDefaults"],
            "replicas": 3,
            "enablePodAntiAffinity": True,
        }
    return merged(ours, config.multicluster.values)


def _local(mirror: LocalMirror) -> Values:
    found = {
        "federatedServiceSelector": mirror.selector,
        "excludedLabels": ",".join(mirror.excluded_labels),
        "excludedAnnotations": ",".join(mirror.excluded_annotations),
    }
    return {key: value for key, value in found.items() if value}


def _controller(mirror: ServiceMirror) -> Values:
    found: Values = {"link": {"ref": {"name": mirror.link}}}
    if mirror.probe_port is None:
        found["gateway"] = {"enabled": False}
    else:
        found["gateway"] = {"probe": {"port": mirror.probe_port}}
    if mirror.headless_services:
        found["enableHeadlessServices"] = True
    return found


CREDENTIALS_ANNOTATION = "linkerd-ambassador-mesh/credentials"
"""Pod annotation, followed by the link's name, that restarts a controller on new credentials."""
