"""MirroredServices: what a service mirror writes into its source, so that it goes with the link.

The provider is one of this project (`lifecycle/orphans/provider.py`): creating the resource does
nothing, deleting it deletes what the service mirror left.
"""

from __future__ import annotations

import pulumi

from preflight.reach import Reach


def mirrors_provider() -> pulumi.ProviderResource:
    """The provider of all `MirroredServices`; Pulumi.yaml says where the engine finds it."""
    return pulumi.ProviderResource("mesh", "mirrors", {})


class MirroredServices(pulumi.CustomResource):
    """What the service mirror for one target writes into its source.

    With an empty `target`, what the one for members of federated Services in the same cluster
    writes. The release with the service mirror depends on it, so that it is deleted after the
    service mirror.
    """

    def __init__(
        self, name: str, cluster: str, target: str, reach: Reach, opts: pulumi.ResourceOptions
    ) -> None:
        login = reach.login
        kubeconfig: pulumi.Input[str] = login.kubeconfig if login is not None else "offline"
        if login is not None and login.secret:
            kubeconfig = pulumi.Output.secret(kubeconfig)
        super().__init__(
            "mesh:index:MirroredServices",
            name,
            {
                "cluster": cluster,
                "target": target,
                "uid": reach.uid,
                "context": login.context if login is not None else cluster,
                "kubeconfig": kubeconfig,
            },
            opts,
        )
