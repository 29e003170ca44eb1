"""Checks between provided trust anchors and clusters whose Linkerd does not read them.

Facts: linkerd2 stable-2.8.1, ``pkg/issuercerts/issuercerts.go`` (VerifyAndBuildCreds: the identity
controller does not start where the issuer is not signed by ECDSA with SHA-256) and
``pkg/healthcheck/healthcheck.go`` (`linkerd check` demands the same of every anchor).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.core.cluster import ClusterConfig
from config.language.problems import Problem
from config.trust.anchor_certificates import ecdsa_fault, has_ecdsa_key
from config.trust.trust_anchor import TrustAnchorConfig
from config.variants.linkerds import DEFAULT, generation_of


def anchors_fit(
    config: TrustAnchorConfig, clusters: Mapping[str, ClusterConfig]
) -> Iterator[Problem]:
    """Anchors that Linkerd 2.8 refuses, where a cluster has it; one problem for each anchor."""
    strict = {
        name: generation
        for name, cluster in clusters.items()
        if (generation := generation_of(cluster.linkerd.version)) and generation.ecdsa_only
    }
    if not strict:
        return
    name, generation = next(iter(strict.items()))
    keys = [f"clusters.{item}.linkerd.version" for item in strict]
    for place, anchor in enumerate(config.anchors):
        fault = ecdsa_fault(anchor.certificate) if anchor.certificate else None
        if fault is None or anchor.certificate is None:
            continue
        # An anchor signs by the algorithm of its key, whatever its own signature is.
        signs = anchor == config.signing_anchor and not has_ecdsa_key(anchor.certificate)
        refuses = (
            "whose identity controller reads only issuers signed by ECDSA with SHA-256"
            if signs
            else "whose `linkerd check` refuses such an anchor"
        )
        yield Problem(
            f"trustAnchor.anchors[{place}].certificate",
            f"{fault}, and cluster '{name}' has {generation.title}, {refuses}",
            "provide an ECDSA P-256 CA certificate signed with SHA-256, or leave out certificate "
            f"and privateKey to have the anchor generated, or write {DEFAULT.newest} "
            f"under {' and '.join(keys)}",
            about=tuple(keys),
        )
