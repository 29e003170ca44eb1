"""LinkCredentials: how a source's service mirror logs in to its target.

The halves for the target (`remote_access`) and for the source (`remote_secrets`) meet here alone:
a token of the one, in a kubeconfig of the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Secret

from components.core.component import MeshComponent
from components.links.remote_access import RemoteAccess, remote_access
from components.links.remote_secrets import RemoteSecrets, kubeconfig_for, remote_secrets
from kube.kubeconfig import Endpoint


@dataclass(frozen=True)
class LinkCredentialsArgs:
    """Arguments of LinkCredentials."""

    endpoint: Endpoint
    """The target's API server as the source reaches it."""
    on_target: RemoteAccess
    """The half for the target."""
    on_source: RemoteSecrets
    """The half for the source."""


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
        link = args.on_source.link
        token = remote_access(self, args.on_target)
        login = token.apply(lambda value: kubeconfig_for(link, args.endpoint, str(value)))
        self.digest = pulumi.Output.unsecret(
            login.apply(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])
        )
        self.secrets = remote_secrets(self, args.on_source, login)
        self.register_outputs({"digest": self.digest})
