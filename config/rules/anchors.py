"""Checks between provided trust anchors and clusters whose Linkerd does not read them.

Facts: linkerd2 stable-2.8.1, ``pkg/issuercerts/issuercerts.go`` (VerifyAndBuildCreds: the identity
controller does not start where the issuer is not signed by ECDSA with SHA-256) and
``pkg/healthcheck/healthcheck.go`` (`linkerd check` demands the same of every anchor).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.cluster import ClusterConfig
from config.language.problems import Problem
from config.trust.anchor_certificates import NO_ECDSA_KEY, anchor_fault_for_2_8
from config.trust.trust_anchor import TrustAnchorConfig
from config.variants.generation import Generation


def anchors_fit(
    config: TrustAnchorConfig, clusters: Mapping[str, ClusterConfig]
) -> Iterator[Problem]:
    """Anchors that Linkerd 2.8 refuses, where a cluster has it; one problem for each anchor."""
    old = [
        name
        for name, cluster in clusters.items()
        if Generation.of(cluster.linkerd.version) is Generation.V2_8
    ]
    if not old:
        return
    for place, anchor in enumerate(config.anchors):
        fault = anchor_fault_for_2_8(anchor.certificate) if anchor.certificate else None
        if fault is None:
            continue
        # An anchor signs by the algorithm of its key, whatever its own signature is.
        signs = anchor == config.signing_anchor and fault == NO_ECDSA_KEY
        refuses = (
            "whose identity controller reads only issuers signed by ECDSA with SHA-256"
            if signs
            else "whose `linkerd check` refuses such an anchor"
        )
        yield Problem(
            f"trustAnchor.anchors[{place}].certificate",
            f"{fault}, and cluster '{old[0]}' has Linkerd 2.8, {refuses}",
            "provide an ECDSA P-256 CA certificate signed with SHA-256, or leave out certificate "
            "and privateKey to have the anchor generated, or write a version of current Linkerd "
            f"under {' and '.join(f'clusters.{name}.linkerd.version' for name in old)}",
            about=tuple(f"clusters.{name}.linkerd.version" for name in old),
        )
