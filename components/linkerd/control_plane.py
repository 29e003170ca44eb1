"""LinkerdControlPlane: Linkerd in one cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.helm.v3 import Release

from components.core.component import MeshComponent
from components.core.namespaces import meshed_namespace
from components.core.releases import ReleaseSettings, helm_release
from components.core.secrets import pull_secrets, tls_secret, webhook_secret
from components.linkerd.values import cni_values, control_plane_values
from components.linkerd.viz_values import viz_annotations, viz_values
from components.trust.issuance import (
    IssuedBy,
    identity_certificate,
    trust_roots,
    webhook_certificate,
)
from components.trust.trust_anchor import SignedCertificate
from config.core.cluster import ClusterConfig
from config.inventory import Inventory, Webhook
from config.trust.issuance import Issuance
from vocabulary.kubernetes import POD_SECURITY_ENFORCE
from vocabulary.linkerd import (
    ADMISSION_WEBHOOKS,
    CNI,
    CNI_CHART,
    CNI_RESOURCE,
    CONTROL_PLANE_NS,
    CONTROL_PLANE_RELEASE,
    CRDS_RELEASE,
    EXTENSION,
    INJECT,
    IS_CONTROL_PLANE,
    ISSUER_SECRET,
    MULTICLUSTER,
    PROXY_AWAIT,
    VIZ,
)


@dataclass(frozen=True)
class LinkerdControlPlaneArgs:
    """Arguments of a LinkerdControlPlane."""

    cluster: ClusterConfig
    """The cluster's settings."""
    made: Inventory
    """What the program makes in the cluster."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    bundle: pulumi.Input[str]
    """PEM of all trust anchors."""
    issuer: SignedCertificate | None
    """The cluster's issuer; None where cert-manager issues it."""
    webhooks: Mapping[Webhook, SignedCertificate]
    """Serving certificates of the webhooks that the trust anchor signs for."""
    releases: ReleaseSettings
    """What all releases share."""
    issued: IssuedBy | None = None
    """How cert-manager issues certificates; None where the trust anchor signs them all."""
    protect_crds: bool = True
    """Whether the release of the CRDs is protected from deletion."""


class LinkerdControlPlane(MeshComponent):
    """Namespaces, CRDs, the CNI plugin on request, the control plane, viz on request.

    Facts: Linkerd docs, "Installing Linkerd with Helm", "Using your own webhook certificates",
    "CNI plugin"; what `linkerd check` reads of namespaces, issuers and webhooks.
    """

    control_plane: Release
    """The release of the control plane; what needs its webhooks or CRDs depends on it."""
    namespace: Namespace
    """Namespace of the control plane."""
    multicluster_namespace: Namespace | None
    """Namespace of the multicluster extension; None in a cluster without links."""
    viz: Release | None = None
    """The release of the viz extension; what is in its namespace depends on it."""

    def __init__(
        self, name: str, args: LinkerdControlPlaneArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        config = args.cluster.linkerd
        self.namespace = self._namespace(
            config.namespace,
            {
                IS_CONTROL_PLANE: "true",
                ADMISSION_WEBHOOKS: "disabled",
                CONTROL_PLANE_NS: config.namespace,
            },
            {INJECT: "disabled"},
        )
        self.multicluster_namespace = None
        if args.made.linked:
            self.multicluster_namespace = self._namespace(MULTICLUSTER, {EXTENSION: "multicluster"})
        self.control_plane = self._install()
        self.register_outputs({"namespace": config.namespace, "version": config.version})

    def _install(self) -> Release:
        """Declare everything that runs, and return the release of the control plane."""
        args = self._args
        config = args.cluster.linkerd
        crds = self._release(
            "crds",
            CRDS_RELEASE,
            self.namespace,
            {},
            protect=args.protect_crds or None,
        )
        before: list[pulumi.Resource] = [crds]
        if args.made.release_of(CNI_CHART) is not None:
            before.append(self._cni())
        before += self._pull_secrets({"linkerd": self.namespace})
        if self.multicluster_namespace is not None:
            self._pull_secrets({"multicluster": self.multicluster_namespace})
        before.append(self._issuer())
        before += self._trust_roots()
        webhooks = self._webhooks(config.namespace)
        before += [self._webhook(webhook, self.namespace) for webhook in webhooks]
        control_plane = self._release(
            "control-plane",
            CONTROL_PLANE_RELEASE,
            self.namespace,
            control_plane_values(args.cluster, webhooks, args.bundle, self._issuance),
            depends_on=before,
        )
        if args.made.release_of(VIZ) is not None:
            self.viz = self._viz(control_plane)
        return control_plane

    def _cni(self) -> Release:
        config = self._args.cluster.linkerd
        space = self._namespace(
            CNI,
            {
                CNI_RESOURCE: "true",
                ADMISSION_WEBHOOKS: "disabled",
                POD_SECURITY_ENFORCE: "privileged",
            },
            {INJECT: "disabled"},
        )
        secrets = self._pull_secrets({"cni": space})
        return self._release("cni", CNI_CHART, space, cni_values(config), depends_on=secrets)

    def _viz(self, control_plane: Release) -> Release:
        args = self._args
        annotations = viz_annotations(args.cluster.linkerd.viz)
        space = self._namespace(
            VIZ,
            {EXTENSION: "viz"},
            {INJECT: "enabled", PROXY_AWAIT: "enabled", **annotations},
        )
        webhooks = self._webhooks(VIZ)
        before: list[pulumi.Resource] = [control_plane, *self._pull_secrets({"viz": space})]
        before += [self._webhook(webhook, space) for webhook in webhooks]
        values = viz_values(args.cluster, webhooks, args.bundle, self._issuance)
        return self._release("viz", VIZ, space, values, depends_on=before)

    @property
    def _issuance(self) -> Issuance | None:
        return self._args.issued.config if self._args.issued is not None else None

    def _issuer(self) -> pulumi.Resource:
        args = self._args
        space = self.namespace.metadata.name
        if args.issued is not None:
            return identity_certificate(self, args.issued, space, args.cluster.issuer_name)
        if args.issuer is None:
            raise ValueError("neither the trust anchor nor cert-manager signs the issuer")
        return tls_secret(
            f"{self.logical_name}-issuer",
            ISSUER_SECRET,
            space,
            args.issuer,
            self.child(args.provider),
            authority=args.bundle,
            forms=args.cluster.linkerd.generation.identity_key_forms,
        )

    def _trust_roots(self) -> list[pulumi.Resource]:
        args = self._args
        if args.issued is None or args.issued.config.trust_roots == "values":
            return []
        space = args.cluster.linkerd.namespace
        return [trust_roots(self, args.issued, self.namespace, space)]

    def _webhooks(self, namespace: str) -> list[Webhook]:
        return [item for item in self._args.made.webhooks if item.namespace == namespace]

    def _webhook(self, webhook: Webhook, space: Namespace) -> pulumi.Resource:
        args = self._args
        if args.issued is not None and args.issued.config.webhooks:
            return webhook_certificate(self, args.issued, webhook, space.metadata.name)
        return webhook_secret(
            f"{self.logical_name}-{webhook.service}-tls",
            webhook,
            space.metadata.name,
            args.webhooks[webhook],
            self.child(args.provider),
        )

    def _pull_secrets(self, spaces: Mapping[str, Namespace]) -> list[pulumi.Resource]:
        secrets = self._args.cluster.linkerd.image_pull_secrets
        return [*pull_secrets(self.logical_name, spaces, secrets, self.child(self._args.provider))]

    def _namespace(
        self, name: str, labels: dict[str, str], annotations: dict[str, str] | None = None
    ) -> Namespace:
        return meshed_namespace(
            f"{self.logical_name}-{name}-namespace",
            name,
            self._args.cluster.linkerd,
            self.child(self._args.provider),
            labels=labels,
            annotations=annotations,
        )

    def _release(
        self,
        suffix: str,
        chart: str,
        space: Namespace,
        values: dict[str, object],
        *,
        depends_on: Sequence[pulumi.Resource] = (),
        protect: bool | None = None,
    ) -> Release:
        return helm_release(
            f"{self.logical_name}-{suffix}",
            self._args.made,
            chart,
            self._args.releases,
            namespace=space.metadata.name,
            values=values,
            opts=self.child(self._args.provider, depends_on=depends_on, protect=protect),
        )
