"""What a program declares, and whether it is what clusters that are skipped have.

Facts: Pulumi docs, "Stack transformations": each resource is seen when it is constructed, and so
before the engine hears of any: the language host waits for the program, which awaits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from config.core.mesh import MeshConfig
from config.language.problems import some
from preflight.cluster_error import ClusterError, ClusterProblem, context_of
from preflight.last_update import LastUpdate
from preflight.reach import Reach
from preflight.skipping import PAGE


class Declared:
    """Every resource that is declared after this was made. Needs an engine."""

    def __init__(self) -> None:
        self.resources: list[pulumi.Resource] = []
        """The resources, in the order of declaration."""
        self.names: dict[str, list[str]] = {}
        """Each as ``type::name``, by the cluster that it is in; of no cluster by an empty name."""
        pulumi.runtime.register_stack_transformation(self._note)

    def _note(self, args: pulumi.ResourceTransformationArgs) -> None:
        provider = args.opts.provider
        kubernetes = (
            provider is not None and provider.pulumi_resource_type == "pulumi:providers:kubernetes"
        )
        cluster = provider.pulumi_resource_name if provider is not None and kubernetes else ""
        self.resources.append(args.resource)
        self.names.setdefault(cluster, []).append(f"{args.type_}::{args.name}")

    def gate(
        self, config: MeshConfig, reach: Mapping[str, Reach], last: LastUpdate | None
    ) -> pulumi.Output[bool]:
        """True once the whole program is known to declare in skipped clusters what they have.

        The update or preview fails with pulumi.RunError where it does not.
        """
        return pulumi.Output.from_input(self._equal(config, reach, last))

    async def _equal(
        self, config: MeshConfig, reach: Mapping[str, Reach], last: LastUpdate | None
    ) -> bool:
        problems = [
            ClusterProblem(
                name,
                context_of(config.clusters[name]),
                f"it does not answer, and cannot be skipped: {some(differing, 3)} would be made or "
                "deleted in it, because of a change in another cluster or of the program",
                f"undo that change, or run `pulumi up` when the cluster answers ({PAGE})",
            )
            for name, found in reach.items()
            if found.skipped and (differing := self._differing(name, last))
        ]
        if problems:
            raise pulumi.RunError(str(ClusterError(problems)))
        return True

    def _differing(self, cluster: str, last: LastUpdate | None) -> list[str]:
        before = last.resources.get(cluster, []) if last is not None else []
        return sorted(set(self.names.get(cluster, [])).symmetric_difference(before))

    def finished(self, text: pulumi.Input[str]) -> pulumi.Output[str]:
        """A text, made secret, once every resource is made; never where one fails."""
        made = pulumi.Output.all(*(one.urn for one in self.resources))
        return pulumi.Output.secret(pulumi.Output.all(made, text).apply(lambda both: str(both[1])))
