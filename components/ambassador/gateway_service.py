"""The Service that has the ports of a gateway and nothing else."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Service, ServicePortArgs, ServiceSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.core.component import MeshComponent
from config.links.gateway_view import Gateway


def gateway_service(
    owner: MeshComponent, gateway: Gateway | None, opts: pulumi.ResourceOptions
) -> Service | None:
    """Declare the gateway's own Service; None where there is no gateway, or no such Service.

    Returns it as it is read back, where its addresses are needed.
    """
    if gateway is None or gateway.own_service is None:
        return None
    config = gateway.own_service
    made = Service(
        f"{owner.logical_name}-gateway-service",
        metadata=ObjectMetaArgs(
            name=gateway.service,
            namespace=gateway.namespace,
            annotations={**config.annotations, **gateway.annotations},
        ),
        spec=ServiceSpecArgs(
            type=config.type,
            selector=gateway.pod_labels,
            ports=[
                ServicePortArgs(
                    name=port.name,
                    port=port.number,
                    target_port=port.target,
                    node_port=port.node,
                )
                for port in gateway.ports
            ],
            load_balancer_ip=config.load_balancer_ip,
            load_balancer_source_ranges=list(config.source_ranges) or None,
            load_balancer_class=config.load_balancer_class,
            external_traffic_policy=config.external_traffic_policy,
        ),
        opts=opts,
    )
    if gateway.addresses or gateway.service_type != "LoadBalancer":
        return made
    # The state has the addresses of the moment at which the Service was made or changed.
    return read_service(owner, made.id, owner.child(opts.provider))


def read_service(
    owner: MeshComponent, place: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> Service:
    """The gateway's Service with its present addresses, which every run reads again.

    `place` is ``<namespace>/<name>``, not known before the Service exists: the first preview would
    read an id that is known beforehand, and fail.
    """
    return Service.get(f"{owner.logical_name}-service", place, opts=opts)
