"""SampleService: a small meshed Service to try the mesh with."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Namespace, Service
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.component import MeshComponent
from config.cluster import SampleConfig


@dataclass(frozen=True)
class SampleServiceArgs:
    """Arguments of a SampleService."""

    config: SampleConfig
    """Names and image."""
    provider: pulumi.ProviderResource
    """Provider of its cluster."""
    control_plane: pulumi.Resource
    """The control plane, whose injector has to be there before the pods."""


class SampleService(MeshComponent):
    """A namespace that is meshed, a Deployment and a Service."""

    service: Service
    """The Service."""

    def __init__(
        self, name: str, args: SampleServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        config = args.config
        labels = {"app.kubernetes.io/name": config.name}
        space = Namespace(
            f"{name}-namespace",
            metadata=ObjectMetaArgs(
                name=config.namespace, annotations={"linkerd.io/inject": "enabled"}
            ),
            opts=self.child(args.provider),
        )
        Deployment(
            f"{name}-deployment",
            metadata=ObjectMetaArgs(name=config.name, namespace=space.metadata.name, labels=labels),
            spec={
                "replicas": 1,
                "selector": {"match_labels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "containers": [
                            {
                                "name": "backend",
                                "image": config.image,
                                "ports": [{"name": "http", "container_port": 8080}],
                                "resources": {
                                    "requests": {"cpu": "10m", "memory": "20Mi"},
                                    "limits": {"memory": "100Mi"},
                                },
                            }
                        ]
                    },
                },
            },
            opts=self.child(args.provider, depends_on=[args.control_plane]),
        )
        self.service = Service(
            f"{name}-service",
            metadata=ObjectMetaArgs(
                name=config.name,
                namespace=space.metadata.name,
                labels=labels,
                # Nothing needs its endpoints, and the export would wait for the pods.
                annotations={"pulumi.com/skipAwait": "true"},
            ),
            spec={
                "selector": labels,
                "ports": [{"name": "http", "port": 80, "target_port": "http"}],
            },
            opts=self.child(args.provider),
        )
        self.register_outputs({"service": f"{config.namespace}/{config.name}"})
