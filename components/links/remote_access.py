"""The target's half of a link's credentials: what a source may read, and the Secret of its token.

Facts: what ``linkerd multicluster link-gen`` and ``allow`` write.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret, ServiceAccount
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    RoleRefArgs,
    SubjectArgs,
)

from components.core.component import MeshComponent
from components.links.permissions import REMOTE_ACCESS, REMOTE_ACCESS_2_8, rules
from components.links.requested_token import requested_token
from config.core.cluster import ClusterConfig
from config.links.link import LinkConfig
from vocabulary.kinds import CLUSTER_ROLE
from vocabulary.kubernetes import SECRET_SERVICE_ACCOUNT_TOKEN, SERVICE_ACCOUNT_NAME
from vocabulary.linkerd import EXTENSION

EXTENSION_LABELS = {EXTENSION: "multicluster"}


@dataclass(frozen=True)
class RemoteAccess:
    """What the target's half of a link's credentials depends on."""

    link: LinkConfig
    """The link; its account is the name of the ServiceAccount, the ClusterRole and its binding."""
    target: ClusterConfig
    """Settings of the target cluster."""
    provider: pulumi.ProviderResource
    """Provider of the target cluster."""
    namespace: Namespace
    """The target's namespace of the multicluster extension."""
    kept: str | None = None
    """The requested token that the source has and keeps; None where a new one is due."""


def remote_access(owner: MeshComponent, args: RemoteAccess) -> pulumi.Output[str]:
    """Declare account, RBAC and the token's Secret as children of `owner`; the token, a secret.

    A Secret of another generation has another name, so that the engine deletes the old one, which
    revokes its tokens, at the end of an update in which nothing failed: when the Secrets of the
    source have the new token and the service mirror has started with it.
    """
    name, space = owner.logical_name, args.namespace.metadata.name
    link, account = args.link, args.link.service_account
    on_target = owner.child(args.provider)
    service_account = ServiceAccount(
        f"{name}-account",
        metadata=ObjectMetaArgs(name=account, namespace=space, labels=EXTENSION_LABELS),
        opts=on_target,
    )
    role = ClusterRole(
        f"{name}-role",
        metadata=ObjectMetaArgs(name=account, labels=EXTENSION_LABELS),
        rules=rules(REMOTE_ACCESS if args.target.linkerd.generation.links else REMOTE_ACCESS_2_8),
        opts=on_target,
    )
    binding = ClusterRoleBinding(
        f"{name}-binding",
        metadata=ObjectMetaArgs(name=account, labels=EXTENSION_LABELS),
        role_ref=RoleRefArgs(api_group=CLUSTER_ROLE.group, kind=CLUSTER_ROLE.name, name=account),
        subjects=[SubjectArgs(kind="ServiceAccount", name=account, namespace=space)],
        opts=owner.child(args.provider, depends_on=[role, service_account]),
    )
    # The provider waits until the controller manager has filled in a token of its own.
    token = Secret(
        f"{name}-token",
        metadata=ObjectMetaArgs(
            name=service_account.metadata.name.apply(lambda _: link.token_secret),
            namespace=space,
            labels=EXTENSION_LABELS,
            annotations={SERVICE_ACCOUNT_NAME: account},
        ),
        type="Opaque" if link.credentials.requested else SECRET_SERVICE_ACCOUNT_TOKEN,
        opts=owner.child(args.provider, depends_on=[service_account, binding]),
    )
    if link.credentials.requested:
        return requested_token(link, args.target, token, args.kept)
    return pulumi.Output.secret(
        token.data.apply(lambda data: base64.b64decode((data or {}).get("token", "")).decode())
    )
