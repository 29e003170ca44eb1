"""The explicit provider of one cluster.

The kubeconfig is a path where it can be, so that the state has no credentials, and a secret
otherwise. Pulumi's strict mode needs both kubeconfig and context.
"""

from __future__ import annotations

import json

import pulumi
import pulumi_kubernetes as kubernetes

from preflight.reach import Reach


def cluster_provider(name: str, reach: Reach, permitted: pulumi.Input[bool]) -> kubernetes.Provider:
    """A provider for the cluster called `name`, as the guard reached it.

    It is registered once `permitted` is known, so that nothing in the cluster changes before.

    Its `cluster_identifier` is the UID of the namespace kube-system: a renewed kubeconfig replaces
    nothing, and one of another cluster shows as a replacement.

    For a cluster that is skipped, it has an API server that cannot be reached: so nothing changes
    there even if the cluster answers again in the meantime, and none of its many requests waits for
    an answer. Facts: pulumi-kubernetes 4.32, ``provider.go`` (Check, Diff, Read, DiffConfig).
    """
    return kubernetes.Provider(
        name,
        context=reach.login.context if reach.login else name,
        kubeconfig=pulumi.Output.all(permitted, _kubeconfig(reach)).apply(lambda both: both[1]),
        cluster_identifier=reach.uid,
        # A renewed Secret keeps its name; deleting it first would leave a gap.
        enable_secret_mutable=True,
        suppress_helm_hook_warnings=True,
        skip_update_unreachable=reach.skipped or None,
    )


def _kubeconfig(reach: Reach) -> pulumi.Input[str]:
    # Without one, the SDK would read KUBECONFIG, which may be a list of files.
    if reach.login is None:
        return "offline"
    if reach.skipped:
        return _nowhere(reach.login.context)
    return (
        pulumi.Output.secret(reach.login.kubeconfig)
        if reach.login.secret
        else (reach.login.kubeconfig)
    )


def _nowhere(context: str) -> str:
    """A kubeconfig with this context and an API server that no machine has; no credentials."""
    cluster = {"name": "skipped", "cluster": {"server": "https://127.0.0.1:1"}}
    entry = {"name": context, "context": {"cluster": "skipped", "user": ""}}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [cluster],
            "contexts": [entry],
            "current-context": context,
        }
    )
