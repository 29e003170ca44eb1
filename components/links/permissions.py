"""What the account of a link's source may do in the target: every rule, its reader and its reason.

Facts: linkerd2 edge-26.8.3, ``multicluster/charts/linkerd-multicluster/templates/
remote-access-service-mirror-rbac.yaml`` (the same rules), ``multicluster/service-mirror``,
``controller/api/destination/watcher/cluster_store.go`` and ``multicluster/cmd/check.go`` (their
readers); stable-2.8.1, ``charts/linkerd2-multicluster``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from vocabulary.kinds import (
    CONFIG_MAP,
    ENDPOINT_SLICE,
    ENDPOINTS,
    EVENT,
    JOB,
    POD,
    REPLICA_SET,
    SERVER,
    SERVICE,
    Kind,
)
from vocabulary.linkerd import CONFIG

READ = ("get", "list", "watch")


@dataclass(frozen=True)
class Permission:
    """One rule of a ClusterRole."""

    kinds: tuple[Kind, ...]
    """Kinds of one API group."""
    verbs: tuple[str, ...]
    reader: str
    """The program that uses it."""
    reason: str
    """What for."""
    names: tuple[str, ...] = ()
    """Names of the objects, where it is for these alone."""

    @property
    def rule(self) -> PolicyRuleArgs:
        """The rule."""
        return PolicyRuleArgs(
            api_groups=[self.kinds[0].group],
            resources=[kind.plural for kind in self.kinds],
            verbs=list(self.verbs),
            resource_names=list(self.names) or None,
        )


_DESTINATION = "the source's destination controller"
_MIRROR = "service mirror"
_CONFIG = Permission(
    (CONFIG_MAP,),
    ("get",),
    "`linkerd multicluster check`",
    "compares the trust anchors of both clusters",
    (CONFIG,),
)

REMOTE_ACCESS = (
    Permission((REPLICA_SET,), READ, _DESTINATION, "names the Deployment of a pod in metrics"),
    Permission((JOB,), READ, _DESTINATION, "names the Job of a pod in metrics"),
    Permission(
        (POD, ENDPOINTS, SERVICE),
        READ,
        f"{_MIRROR}; {_DESTINATION}",
        "mirrors exported Services, headless ones with their Endpoints; resolves Services that are "
        "called directly to pods, with their identities and ports",
    ),
    Permission(
        (ENDPOINT_SLICE,), READ, _DESTINATION, "resolves Services that are called directly to pods"
    ),
    Permission((SERVER,), READ, _DESTINATION, "finds out which ports of these pods are opaque"),
    _CONFIG,
    Permission(
        (EVENT,), ("create", "patch"), _MIRROR, "reports at a Service why it is not mirrored"
    ),
)
"""What the source's programs do in the target."""
REMOTE_ACCESS_2_8 = (
    Permission((SERVICE,), READ, "service mirror of Linkerd 2.8", "mirrors exported Services"),
    _CONFIG,
)
"""The same for Linkerd 2.8."""


def rules(permissions: Iterable[Permission]) -> list[PolicyRuleArgs]:
    """The rules of a ClusterRole."""
    return [permission.rule for permission in permissions]
