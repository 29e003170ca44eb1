"""The source's half of a link's credentials: the Secrets with a kubeconfig for the target.

Facts: what ``linkerd multicluster link-gen`` writes; linkerd2 stable-2.8.1, the service mirror.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.core.component import MeshComponent
from components.core.secrets import encoded
from config.core.cluster import ClusterConfig
from config.links.link import LinkConfig
from kube.kubeconfig import Endpoint
from vocabulary.linkerd import (
    CLUSTER_NAME,
    LINK_CLUSTER_DOMAIN,
    LINK_CLUSTER_NAME,
    LINK_TRUST_DOMAIN,
    REMOTE_CLUSTER_DOMAIN,
    REMOTE_LINKERD_NAMESPACE,
    SECRET_REMOTE_KUBECONFIG,
    credentials_secret,
)


@dataclass(frozen=True)
class RemoteSecrets:
    """What the source's half of a link's credentials depends on."""

    link: LinkConfig
    """The link."""
    target: ClusterConfig
    """Settings of the target cluster."""
    provider: pulumi.ProviderResource
    """Provider of the source cluster."""
    namespace: Namespace
    """The source's namespace of the multicluster extension."""
    linkerd_namespace: Namespace
    """The source's namespace of the control plane."""


def remote_secrets(
    owner: MeshComponent, args: RemoteSecrets, kubeconfig: pulumi.Input[str]
) -> list[Secret]:
    """Declare the Secrets with this kubeconfig as children of `owner`.

    The service mirror reads one, the destination controller the other. Linkerd 2.8 has the first
    alone, with the target's description in annotations.
    """
    target, name = args.target, args.link.target
    mirror_only = not target.linkerd.generation.links
    described = {
        CLUSTER_NAME: name,
        REMOTE_CLUSTER_DOMAIN: target.domain,
        REMOTE_LINKERD_NAMESPACE: target.linkerd.namespace,
    }
    data = {"kubeconfig": encoded(kubeconfig)}
    mirror = Secret(
        f"{owner.logical_name}-mirror-credentials",
        metadata=ObjectMetaArgs(
            name=credentials_secret(name),
            namespace=args.namespace.metadata.name,
            annotations=described if mirror_only else None,
        ),
        type=SECRET_REMOTE_KUBECONFIG,
        data=data,
        opts=owner.child(args.provider),
    )
    if mirror_only:
        return [mirror]
    destination = Secret(
        f"{owner.logical_name}-destination-credentials",
        metadata=ObjectMetaArgs(
            name=credentials_secret(name),
            namespace=args.linkerd_namespace.metadata.name,
            labels={LINK_CLUSTER_NAME: name},
            annotations={
                LINK_TRUST_DOMAIN: target.trust_domain,
                LINK_CLUSTER_DOMAIN: target.domain,
            },
        ),
        type=SECRET_REMOTE_KUBECONFIG,
        data=data,
        # The destination controller handles a Secret that is added or deleted, not a change.
        opts=owner.child(
            args.provider,
            replace_on_changes=["data", "metadata"],
            delete_before_replace=True,
        ),
    )
    return [mirror, destination]


def kubeconfig_for(link: LinkConfig, endpoint: Endpoint, token: str) -> str:
    """A kubeconfig with one cluster, one context and one user, as JSON, which is YAML.

    `endpoint` is the target's API server as the source reaches it.
    """
    cluster: dict[str, str] = {"server": endpoint.server}
    if endpoint.certificate_authority is not None:
        pem = endpoint.certificate_authority.encode()
        cluster["certificate-authority-data"] = base64.b64encode(pem).decode()
    if endpoint.tls_server_name is not None:
        cluster["tls-server-name"] = endpoint.tls_server_name
    if endpoint.proxy_url is not None:
        cluster["proxy-url"] = endpoint.proxy_url
    context = {"cluster": link.target, "user": link.service_account}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": link.target, "cluster": cluster}],
            "contexts": [{"name": link.target, "context": context}],
            "current-context": link.target,
            "users": [{"name": link.service_account, "user": {"token": token}}],
        },
        indent=2,
    )
