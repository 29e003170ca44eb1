"""Namespaces of Linkerd and its extensions, with what `linkerd check` reads of them."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from config.linkerd.control_plane import LinkerdConfig
from vocabulary.kubernetes import POD_SECURITY_ENFORCE


def meshed_namespace(
    logical_name: str,
    name: str,
    config: LinkerdConfig,
    opts: pulumi.ResourceOptions,
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
) -> Namespace:
    """A namespace of meshed pods.

    Its Pod Security level is ``restricted`` with the CNI plugin; without it, the proxy's init
    container needs NET_ADMIN.
    """
    level = "restricted" if config.cni else "privileged"
    return Namespace(
        logical_name,
        metadata=ObjectMetaArgs(
            name=name,
            labels={POD_SECURITY_ENFORCE: level, **labels},
            annotations=dict(annotations) if annotations is not None else None,
        ),
        opts=opts,
    )
