"""Ingresses: ingresses to meshed Services, and to the dashboard of linkerd-viz."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from components.core.component import MeshComponent
from config.core.cluster import ClusterConfig
from config.variants.ingress_controller import Manifest


@dataclass(frozen=True)
class IngressesArgs:
    """Arguments of Ingresses."""

    cluster: ClusterConfig
    """The cluster's settings."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    viz: pulumi.Resource | None
    """The release of linkerd-viz; None in a cluster without it."""


class Ingresses(MeshComponent):
    """Ingresses to meshed Services, and to the dashboard of linkerd-viz.

    Facts: Linkerd docs, "Ingress traffic" and "Exposing the dashboard"; the annotations of
    ingress-nginx; Traefik docs, Middleware and IngressRoute.
    """

    def __init__(
        self, name: str, args: IngressesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._args = args
        for ingress in args.cluster.every_ingress:
            backend = ingress.backend(args.cluster.domain)
            viz = args.viz if backend.dashboard else None
            self._declare(ingress.manifests(backend), [viz] if viz is not None else [])
        self.register_outputs({})

    def _declare(self, manifests: Iterator[Manifest], before: list[pulumi.Resource]) -> None:
        """Declare objects, each after those that come before it."""
        waited = list(before)
        for manifest in manifests:
            version, kind, metadata = (manifest[key] for key in ("apiVersion", "kind", "metadata"))
            where = f"{metadata['namespace']}.{metadata['name']}"
            made = pulumi.CustomResource(
                f"kubernetes:{version}:{kind}",
                f"{self.logical_name}-{kind.lower()}-{where}",
                # The engine writes the API server's answer into these.
                {"status": None, **manifest},
                self.child(self._args.provider, depends_on=waited),
            )
            waited.append(made)
