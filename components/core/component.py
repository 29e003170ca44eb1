"""What all components share: their type, and the options of their children."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi

TYPE_PREFIX = "linkerd-ambassador-mesh:components"


class MeshComponent(pulumi.ComponentResource):
    """A component of this project; its type is ``linkerd-ambassador-mesh:components:<class>``.

    The first argument of a component is its logical name; children are named ``<name>-…``.
    """

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(f"{TYPE_PREFIX}:{type(self).__name__}", name, {}, opts)
        self.logical_name = name
        """The name that its children's names begin with."""

    def child(
        self,
        provider: pulumi.ProviderResource | None = None,
        *,
        depends_on: Sequence[pulumi.Resource] = (),
        protect: bool | None = None,
        **more: Any,
    ) -> pulumi.ResourceOptions:
        """Options of a child in the cluster of `provider`; `more` as for ResourceOptions."""
        return pulumi.ResourceOptions(
            parent=self,
            provider=provider,
            depends_on=list(depends_on),
            protect=protect,
            **more,
        )
