"""Observers: Linkerd policy that lets Prometheus and the dashboard's clients in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.core.component import MeshComponent
from components.platform.policy import declare_open_port
from config.platform.policy import OpenPort


@dataclass(frozen=True)
class ObserversArgs:
    """Arguments of Observers."""

    ports: Sequence[OpenPort]
    """The ports that they reach."""
    policy: str
    """The default inbound policy of the cluster."""
    provider: pulumi.ProviderResource
    """The cluster's provider."""
    control_plane: pulumi.Resource
    """The release of the control plane."""
    makers: Mapping[str, pulumi.Resource]
    """What makes a namespace, and the chart's Servers in it, by the namespace's name."""


class Observers(MeshComponent):
    """Policy for the Prometheus that the stack file names, and for viz where policy is strict.

    Facts: those of `config.platform.observers`.
    """

    def __init__(
        self, name: str, args: ObserversArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        for port in args.ports:
            maker = args.makers.get(port.namespace)
            before = [args.control_plane, *((maker,) if maker is not None else ())]
            declare_open_port(self, port, args.policy, args.provider, before)
        self.register_outputs({})
