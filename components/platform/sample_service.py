"""SampleService: a small meshed Service to try the mesh with."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ContainerArgsDict, Namespace, Service
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs, ObjectMetaArgsDict

from components.core.component import MeshComponent
from components.core.draining import SECONDS
from config.platform.sample import SAMPLE_PORT, SampleConfig
from vocabulary.kubernetes import SKIP_AWAIT
from vocabulary.linkerd import DEFAULT_INBOUND_POLICY, INJECT

CONTAINER_PORT = 5000


@dataclass(frozen=True)
class SampleServiceArgs:
    """Arguments of a SampleService."""

    config: SampleConfig
    """Names and image."""
    provider: pulumi.ProviderResource
    """Provider of its cluster."""
    control_plane: pulumi.Resource
    """The control plane, whose injector has to run before the pods start."""
    denied: bool = False
    """Whether the default inbound policy of the cluster denies every client."""
    drains: bool = False
    """Whether a hook of its container keeps the proxy, too, while a pod ends."""


class SampleService(MeshComponent):
    """The quote of the moment: a meshed namespace, a Deployment and a Service.

    Facts: the Linkerd 2 integration pages of Ambassador, which lack the Service, and have the
    Deployment in an API version that Kubernetes no longer serves. Under the default inbound
    policy ``deny``, its pods accept meshed clients (Linkerd docs, "Proxy configuration").
    """

    service: Service
    """The Service."""

    def __init__(
        self, name: str, args: SampleServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        config = args.config
        space = Namespace(
            f"{name}-namespace",
            metadata=ObjectMetaArgs(name=config.namespace, annotations={INJECT: "enabled"}),
            opts=self.child(args.provider),
        )
        labels = {"app": config.name}
        on_pods: ObjectMetaArgsDict = {"labels": labels}
        if args.denied:
            # The sample would answer no client.
            on_pods["annotations"] = {DEFAULT_INBOUND_POLICY: "all-authenticated"}
        Deployment(
            f"{name}-deployment",
            metadata=ObjectMetaArgs(name=config.name, namespace=space.metadata.name, labels=labels),
            spec={
                "replicas": 1,
                "strategy": {"type": "RollingUpdate"},
                "selector": {"match_labels": labels},
                "template": {
                    "metadata": on_pods,
                    "spec": {"containers": [_container(config, drains=args.drains)]},
                },
            },
            opts=self.child(args.provider, depends_on=[args.control_plane]),
        )
        self.service = Service(
            f"{name}-service",
            metadata=ObjectMetaArgs(
                name=config.service,
                namespace=space.metadata.name,
                labels=labels,
                # Nothing needs its endpoints, and the export would wait for the pods.
                annotations={SKIP_AWAIT: "true"},
            ),
            spec={
                "selector": labels,
                "ports": [{"name": "http", "port": SAMPLE_PORT, "target_port": "http-api"}],
            },
            opts=self.child(args.provider),
        )
        self.register_outputs({"service": f"{config.namespace}/{config.service}"})


def _container(config: SampleConfig, *, drains: bool) -> ContainerArgsDict:
    made: ContainerArgsDict = {
        "name": "qotm",
        "image": config.image,
        "ports": [{"name": "http-api", "container_port": CONTAINER_PORT}],
        "env": [{"name": "POD_IP", "value_from": {"field_ref": {"field_path": "status.podIP"}}}],
        "readiness_probe": {
            "http_get": {"path": "/health", "port": CONTAINER_PORT},
            "initial_delay_seconds": 30,
            "period_seconds": 3,
        },
        "resources": {"limits": {"cpu": "0.1", "memory": "100Mi"}},
    }
    if drains:
        made["lifecycle"] = {"pre_stop": {"sleep": {"seconds": SECONDS}}}
    return made
