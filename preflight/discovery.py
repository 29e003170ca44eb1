"""Whether a cluster has the other owners' kinds and namespaces that this stack's objects need.

Fact: Kubernetes API, discovery (``/apis/<group>/<version>``), which everyone may read who is
known to the API server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.preconditions import Needed, NeededNamespace
from kube.answers import items
from kube.failures import Reason
from kube.kubeconfig import Timeout, existing
from kube.paths import path_of
from vocabulary.kinds import NAMESPACE


def unserved(api: client.ApiClient, needed: Iterable[Needed], timeout: Timeout) -> Iterator[Reason]:
    """Why a cluster cannot hold objects of kinds that it does not serve.

    `timeout` is in seconds, to connect and to answer. Raises ApiException where the API server
    fails.
    """
    for item in needed:
        served = _kinds(api, item, timeout)
        missing = [kind for kind in item.kinds if kind not in served]
        if missing:
            yield (
                f"it does not serve {', '.join(missing)} of {item.api_version}, so {item.owner} is "
                "not installed, or has another version",
                item.remedy,
            )


def _kinds(api: client.ApiClient, item: Needed, timeout: Timeout) -> set[str]:
    try:
        found = existing(api, f"/apis/{item.api_version}", timeout)
    except ApiException as error:
        if error.status == 403:
            # It is unknown then; the API server will refuse what it lacks.
            return set(item.kinds)
        raise
    return {str(one.get("kind")) for one in items(found, "resources")}


def absent(
    api: client.ApiClient, namespaces: Iterable[NeededNamespace], timeout: Timeout
) -> Iterator[Reason]:
    """Why a cluster cannot hold objects in namespaces that it does not have.

    Arguments and errors as those of `unserved`.
    """
    for item in namespaces:
        try:
            found = existing(api, path_of(NAMESPACE, name=item.name), timeout)
        except ApiException as error:
            if error.status != 403:
                raise
            continue
        if found is None:
            yield (
                f"namespace '{item.name}' of {item.path} does not exist",
                f"create it with its workloads, or correct {item.path}",
            )
