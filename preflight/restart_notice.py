"""Which workloads a preview reports as having to restart because of trust anchors.

Facts: a proxy reads the anchors once, when it starts. The chart of the control plane annotates its
own pods with the hash of the anchors, so that Helm restarts those (partial ``_metadata.tpl``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from config.language.problems import some
from preflight.anchor_change import NextTrust
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust


def notices(cluster: str, namespace: str, held: HeldTrust, wanted: NextTrust) -> Iterator[str]:
    """A line about the workloads that started with other anchors than the update leaves.

    `namespace` is the control plane's.
    """
    after = set(wanted.anchors.values())
    if after != set(held.anchors):
        others = [pod for pod in held.pods if _namespace(pod) != namespace]
        if others:
            yield (
                f"cluster '{cluster}': the update changes the trust anchors, so that afterwards "
                f"{_some(others)} have to restart; `./mesh rotate` lists them"
            )
        return
    stale = [pod for pod in held.pods if pod.stale and not pod.ending]
    if stale:
        yield (
            f"cluster '{cluster}': {_some(stale)} started with other trust anchors and have to "
            "restart; `./mesh rotate` lists them"
        )


def _namespace(pod: MeshedPod) -> str:
    return pod.workload.partition("/")[0]


def _some(pods: Iterable[MeshedPod]) -> str:
    listed = list(pods)
    names = sorted({pod.workload for pod in listed})
    count = "1 pod" if len(listed) == 1 else f"{len(listed)} pods"
    return f"{count} of {some(names)}"
