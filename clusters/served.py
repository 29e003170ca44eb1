"""Whether a cluster serves the kinds of others that objects of ours are of.

Fact: Kubernetes API, discovery (``/apis/<group>/<version>``), which everyone may read who is
known to the API server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from clusters.kubeconfig import get_json
from clusters.silence import Reason
from config.expectations import Needed


def unserved(
    api: client.ApiClient, needed: Iterable[Needed], timeout: tuple[float, float]
) -> Iterator[Reason]:
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
                "not there, or is another version of it",
                item.remedy,
            )


def _kinds(api: client.ApiClient, item: Needed, timeout: tuple[float, float]) -> set[str]:
    try:
        found = get_json(api, f"/apis/{item.api_version}", timeout)
    except ApiException as error:
        if error.status == 404:
            return set()
        if error.status == 403:
            # Nobody can tell then; the API server will.
            return set(item.kinds)
        raise
    listed = found.get("resources")
    return {str(one.get("kind")) for one in listed or () if isinstance(one, dict)}
