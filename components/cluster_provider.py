"""The explicit provider of one cluster.

A context is handed over by name, so that the state holds no credentials and operators with
different kubeconfigs see no differences; a kubeconfig is handed over as a secret.
"""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from config.cluster import ClusterConfig


def cluster_provider(name: str, cluster: ClusterConfig, uid: str) -> kubernetes.Provider:
    """A provider for the cluster called `name`.

    `uid` is the UID of its namespace kube-system: as `cluster_identifier` it keeps a renewed
    kubeconfig from replacing everything, and shows a swapped one as a replacement.
    """
    secret = cluster.kubeconfig
    return kubernetes.Provider(
        name,
        context=cluster.context,
        kubeconfig=pulumi.Output.secret(secret.get_secret_value()) if secret else None,
        cluster_identifier=uid,
        # A renewed Secret keeps its name; deleting it first would leave a gap.
        enable_secret_mutable=True,
        suppress_helm_hook_warnings=True,
    )
