"""Linkerd28ControlPlane: Linkerd of the 2.8 generation in one cluster."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.linkerd.control_plane import LinkerdControlPlane, LinkerdControlPlaneArgs
from components.linkerd.values_2_8 import cni_values, linkerd2_values
from vocabulary.linkerd import CNI_CHART, LINKERD_2_8_CHART


class Linkerd28ControlPlane(LinkerdControlPlane):
    """The chart linkerd2, which holds CRDs, metrics and dashboard; the CNI plugin on request.

    Facts: Linkerd 2.8 docs, "Installing Linkerd with Helm"; the charts 2.8.1. Its CRDs go with the
    release.
    """

    def _install(self) -> Release:
        args = self._args
        before: list[pulumi.Resource] = []
        if args.made.release_of(CNI_CHART) is not None:
            # The chart makes the plugin's namespace itself, so its record is in this one.
            values = cni_values(args.cluster.linkerd)
            before.append(self._release("cni", CNI_CHART, self.namespace, values))
        before.append(self._issuer())
        before += [self._webhook(webhook, self.namespace) for webhook in args.made.webhooks]
        return self._release(
            "control-plane",
            LINKERD_2_8_CHART,
            self.namespace,
            linkerd2_values(args.cluster.linkerd, args.made.webhooks, args.bundle),
            depends_on=before,
            protect=args.protect_crds or None,
        )


def control_plane(
    name: str, args: LinkerdControlPlaneArgs, opts: pulumi.ResourceOptions | None = None
) -> LinkerdControlPlane:
    """The control plane of the generation that a cluster has."""
    old = args.cluster.linkerd.generation.layout == "linkerd2"
    return (Linkerd28ControlPlane if old else LinkerdControlPlane)(name, args, opts)
