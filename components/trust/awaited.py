"""Objects of cert-manager and trust-manager that the engine waits for.

Facts: Pulumi's Kubernetes provider, ``pulumi.com/waitFor``.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from vocabulary.kinds import BUNDLE, CERTIFICATE, CLUSTER_ISSUER, Kind
from vocabulary.kubernetes import WAIT_FOR

_CONDITIONS = {CLUSTER_ISSUER: "Ready", CERTIFICATE: "Ready", BUNDLE: "Synced"}
"""The condition of each kind that says that it is done."""


def awaited(
    logical_name: str,
    kind: Kind,
    metadata: dict[str, Any],
    spec: dict[str, Any],
    opts: pulumi.ResourceOptions,
) -> CustomResource:
    """An object of `kind`, which the engine waits for until it is done."""
    return CustomResource(
        logical_name,
        api_version=kind.api_version,
        kind=kind.name,
        metadata={**metadata, "annotations": {WAIT_FOR: f"condition={_CONDITIONS[kind]}"}},
        spec=spec,
        opts=opts,
    )
