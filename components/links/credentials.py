"""LinkCredentials: how a source's service mirror logs in to its target, and what tells it so."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret, ServiceAccount
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRuleArgs,
    RoleRefArgs,
    SubjectArgs,
)

from components.core.component import MeshComponent
from components.core.secrets import encoded
from config.core.cluster import ClusterConfig
from config.links.link import LinkConfig
from kube.kubeconfig import Endpoint
from vocabulary.kubernetes import SECRET_SERVICE_ACCOUNT_TOKEN, SERVICE_ACCOUNT_NAME
from vocabulary.linkerd import (
    CLUSTER_NAME,
    EXTENSION,
    LINK_CLUSTER_DOMAIN,
    LINK_CLUSTER_NAME,
    LINK_TRUST_DOMAIN,
    REMOTE_CLUSTER_DOMAIN,
    REMOTE_LINKERD_NAMESPACE,
    SECRET_REMOTE_KUBECONFIG,
    credentials_secret,
)

EXTENSION_LABELS = {EXTENSION: "multicluster"}

READ = ["get", "list", "watch"]
REMOTE_ACCESS = (
    PolicyRuleArgs(api_groups=["apps"], resources=["replicasets"], verbs=READ),
    PolicyRuleArgs(api_groups=["batch"], resources=["jobs"], verbs=READ),
    PolicyRuleArgs(api_groups=[""], resources=["pods", "endpoints", "services"], verbs=READ),
    PolicyRuleArgs(api_groups=["discovery.k8s.io"], resources=["endpointslices"], verbs=READ),
    PolicyRuleArgs(api_groups=["policy.linkerd.io"], resources=["servers"], verbs=READ),
    PolicyRuleArgs(
        api_groups=[""],
        resources=["configmaps"],
        resource_names=["linkerd-config"],
        verbs=["get"],
    ),
    PolicyRuleArgs(api_groups=[""], resources=["events"], verbs=["create", "patch"]),
)
"""What a service mirror and the source's destination controller read in the target."""

REMOTE_ACCESS_2_8 = (
    PolicyRuleArgs(api_groups=[""], resources=["services"], verbs=READ),
    PolicyRuleArgs(
        api_groups=[""],
        resources=["configmaps"],
        resource_names=["linkerd-config"],
        verbs=["get"],
    ),
)
"""What the service mirror of Linkerd 2.8 reads there, and what its `linkerd check` compares."""


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
    """A ServiceAccount with RBAC and token on the target; two Secrets on the source.

    The Secrets hold a kubeconfig with nothing but the target's server, its CA and that token
    (what ``linkerd multicluster link-gen`` writes). In Linkerd 2.8 there is one Secret, and its
    annotations say what a Link says today.
    """

    digest: pulumi.Output[str]
    """Changes when the kubeconfig changes; tells nothing about it."""
    secrets: list[Secret]
    """The Secrets on the source."""

    def __init__(
        self, name: str, args: LinkCredentialsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._old = not args.target.linkerd.generation.links
        token = self._remote_access(args)
        kubeconfig = token.apply(
            lambda value: _kubeconfig(args.link, args.target_endpoint, str(value))
        )
        self.digest = pulumi.Output.unsecret(
            kubeconfig.apply(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])
        )
        self.secrets = self._secrets(args, kubeconfig)
        self.register_outputs({"digest": self.digest})

    def _remote_access(self, args: LinkCredentialsArgs) -> pulumi.Output[str]:
        account = args.link.service_account
        space = args.target_namespace.metadata.name
        on_target = self.child(args.target_provider)
        service_account = ServiceAccount(
            f"{self.logical_name}-account",
            metadata=ObjectMetaArgs(name=account, namespace=space, labels=EXTENSION_LABELS),
            opts=on_target,
        )
        role = ClusterRole(
            f"{self.logical_name}-role",
            metadata=ObjectMetaArgs(name=account, labels=EXTENSION_LABELS),
            rules=REMOTE_ACCESS_2_8 if self._old else REMOTE_ACCESS,
            opts=on_target,
        )
        binding = ClusterRoleBinding(
            f"{self.logical_name}-binding",
            metadata=ObjectMetaArgs(name=account, labels=EXTENSION_LABELS),
            role_ref=RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=account
            ),
            subjects=[SubjectArgs(kind="ServiceAccount", name=account, namespace=space)],
            opts=self.child(args.target_provider, depends_on=[role, service_account]),
        )
        # The provider waits until the controller manager has filled in the token.
        token = Secret(
            f"{self.logical_name}-token",
            metadata=ObjectMetaArgs(
                name=service_account.metadata.name.apply(lambda value: f"{value}-token"),
                namespace=space,
                labels=EXTENSION_LABELS,
                annotations={SERVICE_ACCOUNT_NAME: account},
            ),
            type=SECRET_SERVICE_ACCOUNT_TOKEN,
            opts=self.child(args.target_provider, depends_on=[service_account, binding]),
        )
        return pulumi.Output.secret(
            token.data.apply(lambda data: base64.b64decode((data or {}).get("token", "")).decode())
        )

    def _secrets(self, args: LinkCredentialsArgs, kubeconfig: pulumi.Output[str]) -> list[Secret]:
        link = args.link
        data = {"kubeconfig": encoded(kubeconfig)}
        name = credentials_secret(link.target)
        mirror = Secret(
            f"{self.logical_name}-mirror-credentials",
            metadata=ObjectMetaArgs(
                name=name,
                namespace=args.source_namespace.metadata.name,
                annotations=_told_to_2_8(args) if self._old else None,
            ),
            type=SECRET_REMOTE_KUBECONFIG,
            data=data,
            opts=self.child(args.source_provider),
        )
        if self._old:
            return [mirror]
        destination = Secret(
            f"{self.logical_name}-destination-credentials",
            metadata=ObjectMetaArgs(
                name=name,
                namespace=args.source_linkerd_namespace.metadata.name,
                labels={LINK_CLUSTER_NAME: link.target},
                annotations={
                    LINK_TRUST_DOMAIN: args.target.trust_domain,
                    LINK_CLUSTER_DOMAIN: args.target.domain,
                },
            ),
            type=SECRET_REMOTE_KUBECONFIG,
            data=data,
            # The destination controller hears of a Secret that comes or goes, not of a change.
            opts=self.child(
                args.source_provider,
                replace_on_changes=["data", "metadata"],
                delete_before_replace=True,
            ),
        )
        return [mirror, destination]


def _told_to_2_8(args: LinkCredentialsArgs) -> dict[str, str]:
    """What the service mirror of Linkerd 2.8 has to know of its target."""
    return {
        CLUSTER_NAME: args.link.target,
        REMOTE_CLUSTER_DOMAIN: args.target.domain,
        REMOTE_LINKERD_NAMESPACE: args.target.linkerd.namespace,
    }


def _kubeconfig(link: LinkConfig, endpoint: Endpoint, token: str) -> str:
    """One cluster, one context, one user; JSON, which is YAML with a single way to write it."""
    cluster: dict[str, str] = {"server": endpoint.server}
    if endpoint.certificate_authority is not None:
        pem = endpoint.certificate_authority.encode()
        cluster["certificate-authority-data"] = base64.b64encode(pem).decode()
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": link.target, "cluster": cluster}],
            "contexts": [
                {
                    "name": link.target,
                    "context": {"cluster": link.target, "user": link.service_account},
                }
            ],
            "current-context": link.target,
            "users": [{"name": link.service_account, "user": {"token": token}}],
        },
        indent=2,
    )
