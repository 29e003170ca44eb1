"""LinkCredentials: how a source's service mirror logs in to its target.

The halves for the target (`remote_access`) and for the source (`remote_secrets`) meet here alone:
a token of the one, in a kubeconfig of the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret

from components.core.component import MeshComponent
from components.links.remote_access import RemoteAccess, remote_access
from components.links.remote_secrets import RemoteSecrets, kubeconfig, remote_secrets
from config.core.cluster import ClusterConfig
from config.links.link import LinkConfig
from kube.kubeconfig import Endpoint


@dataclass(frozen=True)
class LinkCredentialsArgs:
    """Arguments of LinkCredentials."""

    link: LinkConfig
    """The link."""
    target: ClusterConfig
    """Settings of the target cluster."""
    target_endpoint: Endpoint
    """The target's API server as the source reaches it."""
    target_provider: pulumi.ProviderResource
    """Provider of the target cluster."""
    target_namespace: Namespace
    """The target's namespace of the multicluster extension."""
    source_provider: pulumi.ProviderResource
    """Provider of the source cluster."""
    source_namespace: Namespace
    """The source's namespace of the multicluster extension."""
    source_linkerd_namespace: Namespace
    """The source's namespace of the control plane."""


class LinkCredentials(MeshComponent):
    """A ServiceAccount with RBAC and token on the target; Secrets with that token on the source."""

    digest: pulumi.Output[str]
    """Changes when the kubeconfig changes; reveals nothing of it."""
    secrets: list[Secret]
    """The Secrets on the source."""

    def __init__(
        self, name: str, args: LinkCredentialsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        link = args.link
        token = remote_access(
            self,
            RemoteAccess(
                link.service_account, args.target, args.target_provider, args.target_namespace
            ),
        )
        login = token.apply(lambda value: kubeconfig(link, args.target_endpoint, str(value)))
        self.digest = pulumi.Output.unsecret(
            login.apply(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])
        )
        self.secrets = remote_secrets(
            self,
            RemoteSecrets(
                link,
                args.target,
                login,
                args.source_provider,
                args.source_namespace,
                args.source_linkerd_namespace,
            ),
        )
        self.register_outputs({"digest": self.digest})
