"""LinkerdControlPlane: Linkerd in one cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.helm.v3 import Release
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from charts.source import linkerd_chart
from components.core.component import MeshComponent
from components.core.releases import ReleaseSettings, helm_release
from components.core.secrets import pull_secrets, tls_secret
from components.linkerd.values import (
    WEBHOOKS,
    cni_values,
    control_plane_values,
    linkerd_crds_values,
)
from components.linkerd.viz_values import VIZ_WEBHOOKS, viz_annotations, viz_values
from components.trust.issuance import (
    IssuedBy,
    identity_certificate,
    trust_roots,
    webhook_certificate,
)
from components.trust.trust_anchor import Signatures, SignedCertificate, Webhook
from config.core.cluster import ClusterConfig
from config.inventory.webhooks import webhooks as webhooks_of
from config.trust.issuance import Issuance
from vocabulary.kubernetes import POD_SECURITY_ENFORCE
from vocabulary.linkerd import (
    ADMISSION_WEBHOOKS,
    CNI,
    CNI_RESOURCE,
    CONTROL_PLANE_NS,
    EXTENSION,
    INJECT,
    IS_CONTROL_PLANE,
    ISSUER_SECRET,
    MULTICLUSTER,
    PROXY_AWAIT,
    VIZ,
    webhook_secret,
)


def signatures(cluster: ClusterConfig, issuance: Issuance | None = None) -> Signatures:
    """What a cluster's control plane and extensions need signed by the trust anchor.

    `issuance` says what cert-manager issues in its place; None for nothing.
    """
    config = cluster.linkerd
    webhooks = [Webhook(item.namespace, item.service) for item in webhooks_of(cluster)]
    hosts = cluster.ambassador.all_hosts if cluster.ambassador else ()
    trials = {host.name: host.hostname for host in hosts if host.tls and host.tls.trial}
    if issuance is not None and issuance.webhooks:
        webhooks = []
    return Signatures(
        config.namespace, cluster.trust_domain, webhooks, trials, issuer=issuance is None
    )


@dataclass(frozen=True)
class LinkerdControlPlaneArgs:
    """Arguments of a LinkerdControlPlane."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    bundle: pulumi.Input[str]
    """PEM of all trust anchors."""
    issuer: SignedCertificate | None
    """The cluster's issuer; None where cert-manager issues it."""
    webhooks: Mapping[Webhook, SignedCertificate]
    """Serving certificates of the webhooks that `signatures` lists."""
    releases: ReleaseSettings
    """What all releases share."""
    issued: IssuedBy | None = None
    """How cert-manager issues certificates; None where the trust anchor signs them all."""
    multicluster: bool = True
    """Whether the namespace of the multicluster extension is needed."""
    protect_crds: bool = True
    """Whether the release of the CRDs is protected from deletion."""


class LinkerdControlPlane(MeshComponent):
    """Namespaces, CRDs, the CNI plugin on request, the control plane, viz on request.

    Facts: Linkerd docs, "Installing Linkerd with Helm", "Using your own webhook certificates",
    "CNI plugin"; what `linkerd check` wants of namespaces, issuers and webhooks.
    """

    control_plane: Release
    """The release of the control plane; what needs its webhooks or CRDs depends on it."""
    namespace: Namespace
    """Namespace of the control plane."""
    multicluster_namespace: Namespace | None
    """Namespace of the multicluster extension."""
    viz: Release | None = None
    """The release of the viz extension; what stands in its namespace depends on it."""

    def __init__(
        self, name: str, args: LinkerdControlPlaneArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        config = args.cluster.linkerd
        self.namespace = self._namespace(
            config.namespace,
            labels={
                IS_CONTROL_PLANE: "true",
                ADMISSION_WEBHOOKS: "disabled",
                CONTROL_PLANE_NS: config.namespace,
                **self._pod_security(),
            },
            annotations={INJECT: "disabled"},
        )
        self.multicluster_namespace = None
        if args.multicluster:
            self.multicluster_namespace = self._namespace(
                MULTICLUSTER,
                labels={EXTENSION: "multicluster", **self._pod_security()},
            )
        self.control_plane = self._install()
        self.register_outputs({"namespace": config.namespace, "version": config.version})

    def _install(self) -> Release:
        """Everything that runs; the release of the control plane."""
        args = self._args
        config = args.cluster.linkerd
        crds = self._release(
            "crds",
            "linkerd-crds",
            "linkerd-crds",
            self.namespace,
            linkerd_crds_values(config),
            protect=args.protect_crds or None,
        )
        before: list[pulumi.Resource] = [crds]
        if config.cni:
            before.append(self._cni())
        before += self._pull_secrets({"linkerd": self.namespace})
        if self.multicluster_namespace is not None:
            self._pull_secrets({"multicluster": self.multicluster_namespace})
        before.append(self._issuer())
        before += self._trust_roots()
        before += [
            self._webhook(Webhook(config.namespace, service), self.namespace)
            for service in WEBHOOKS.values()
        ]
        control_plane = self._release(
            "control-plane",
            "linkerd-control-plane",
            "linkerd-control-plane",
            self.namespace,
            control_plane_values(args.cluster, args.bundle, self._issuance),
            depends_on=before,
        )
        if config.viz.enabled:
            self.viz = self._viz(control_plane)
        return control_plane

    def _cni(self) -> Release:
        config = self._args.cluster.linkerd
        space = self._namespace(
            CNI,
            labels={
                CNI_RESOURCE: "true",
                ADMISSION_WEBHOOKS: "disabled",
                POD_SECURITY_ENFORCE: "privileged",
            },
            annotations={INJECT: "disabled"},
        )
        secrets = self._pull_secrets({"cni": space})
        return self._release(
            "cni", "linkerd2-cni", "linkerd-cni", space, cni_values(config), depends_on=secrets
        )

    def _viz(self, control_plane: Release) -> Release:
        args = self._args
        space = self._namespace(
            VIZ,
            labels={EXTENSION: "viz", **self._pod_security()},
            annotations={
                INJECT: "enabled",
                PROXY_AWAIT: "enabled",
                **viz_annotations(args.cluster.linkerd.viz),
            },
        )
        before: list[pulumi.Resource] = [control_plane]
        before += self._pull_secrets({"viz": space})
        before += [self._webhook(Webhook(VIZ, service), space) for service in VIZ_WEBHOOKS.values()]
        return self._release(
            "viz",
            "linkerd-viz",
            "linkerd-viz",
            space,
            viz_values(args.cluster, args.bundle, self._issuance),
            depends_on=before,
        )

    @property
    def _issuance(self) -> Issuance | None:
        return self._args.issued.config if self._args.issued is not None else None

    def _issuer(self) -> pulumi.Resource:
        args = self._args
        if args.issued is not None:
            wanted = signatures(args.cluster, args.issued.config)
            space = self.namespace.metadata.name
            return identity_certificate(self, args.issued, space, wanted.issuer_name)
        if args.issuer is None:
            raise ValueError("nobody makes the cluster's issuer")
        return tls_secret(
            f"{self.logical_name}-issuer",
            ISSUER_SECRET,
            self.namespace.metadata.name,
            args.issuer,
            self.child(args.provider),
            authority=args.bundle,
            key=self._issuer_key(args.issuer),
        )

    def _issuer_key(self, issuer: SignedCertificate) -> pulumi.Input[str]:
        """PEM of the issuer's key in a form that the identity service of the generation reads."""
        return issuer.pkcs8

    def _trust_roots(self) -> list[pulumi.Resource]:
        args = self._args
        if args.issued is None or args.issued.config.trust_roots == "values":
            return []
        space = args.cluster.linkerd.namespace
        return [trust_roots(self, args.issued, self.namespace, space)]

    def _webhook(self, webhook: Webhook, space: Namespace) -> pulumi.Resource:
        args = self._args
        secret = webhook_secret(webhook.service)
        if args.issued is not None and args.issued.config.webhooks:
            return webhook_certificate(self, args.issued, webhook, secret, space.metadata.name)
        return tls_secret(
            f"{self.logical_name}-{webhook.service}-tls",
            secret,
            space.metadata.name,
            args.webhooks[webhook],
            self.child(args.provider),
        )

    def _pull_secrets(self, spaces: Mapping[str, Namespace]) -> list[pulumi.Resource]:
        secrets = self._args.cluster.linkerd.image_pull_secrets
        return [*pull_secrets(self.logical_name, spaces, secrets, self.child(self._args.provider))]

    def _pod_security(self) -> dict[str, str]:
        # Without the CNI plugin, the proxy's init container needs NET_ADMIN.
        level = "restricted" if self._args.cluster.linkerd.cni else "privileged"
        return {POD_SECURITY_ENFORCE: level}

    def _namespace(
        self, name: str, labels: dict[str, str], annotations: dict[str, str] | None = None
    ) -> Namespace:
        return Namespace(
            f"{self.logical_name}-{name}-namespace",
            metadata=ObjectMetaArgs(name=name, labels=labels, annotations=annotations),
            opts=self.child(self._args.provider),
        )

    def _release(
        self,
        suffix: str,
        chart: str,
        release: str,
        space: Namespace,
        values: dict[str, object],
        *,
        depends_on: Sequence[pulumi.Resource] = (),
        protect: bool | None = None,
    ) -> Release:
        return helm_release(
            f"{self.logical_name}-{suffix}",
            linkerd_chart(self._args.cluster.linkerd, chart),
            self._args.releases,
            name=release,
            namespace=space.metadata.name,
            values=values,
            opts=self.child(self._args.provider, depends_on=depends_on, protect=protect),
        )
