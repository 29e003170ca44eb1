"""The gate before every cluster: no update may remove an anchor that running proxies need.

Only the engine knows whether a generated anchor exists: in a preview, the certificate of a new one
is unknown. So the guard reads what the clusters trust, and the comparison waits for the anchors
here, before the provider of any cluster is registered.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from cryptography import x509

from components.trust.trust_anchor import TrustAnchor
from config.core.mesh import MeshConfig
from preflight.anchor_change import NextTrust, refusals
from preflight.cluster_error import ClusterError, ClusterProblem, context_of
from preflight.meshed_pods import certificates
from preflight.reach import Reach
from preflight.restart_notice import notices


def anchor_gate(
    config: MeshConfig, anchors: TrustAnchor, reach: Mapping[str, Reach]
) -> pulumi.Output[bool]:
    """True once the anchors are known to be safe for the running proxies of every cluster.

    The update or preview fails with pulumi.RunError, with every cluster and the steps to follow,
    where they are not.
    """
    return pulumi.Output.from_input(_decided(config, anchors, reach))


async def _decided(config: MeshConfig, anchors: TrustAnchor, reach: Mapping[str, Reach]) -> bool:
    held = {name: item.trust for name, item in reach.items() if item.trust is not None}
    if not held:
        return True
    existing = {name: await _existing(pem) for name, pem in anchors.anchors.items()}
    wanted = NextTrust.of(config.trust_anchor, existing)
    problems = [
        ClusterProblem(name, context_of(config.clusters[name]), *reason)
        for name, reason in refusals(held, wanted, config.clusters)
    ]
    if problems:
        raise pulumi.RunError(str(ClusterError(problems)))
    for name, trust in held.items():
        for line in notices(name, config.clusters[name].linkerd.namespace, trust, wanted):
            pulumi.log.warn(line)
    return True


async def _existing(pem: pulumi.Output[str]) -> x509.Certificate | None:
    """The certificate of an anchor; None for one that the update would make."""
    if not await pem.is_known():
        return None
    found = certificates(str(await pem.future()))
    return found[0] if found else None
