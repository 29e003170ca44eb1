"""Waiting for a mirror of a Service of the run."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from verify.cluster import Cluster, ClusterRefusedError
from verify.pods.logs import wait_until
from verify.questions.plan import Mirror
from vocabulary.kinds import ENDPOINTS, SERVICE


def await_mirror(
    cluster: Cluster, namespace: str, mirror: Mirror, seconds: float, stop: threading.Event
) -> Mapping[str, Any]:
    """The answer to whether a mirror exists (`verify.judge.MirrorMade`), after `seconds` at most.

    ``exists``, ``seconds``, ``addresses`` (``ip:port``) for one through a gateway, ``error``.
    """
    answer: dict[str, Any] = {"exists": False, "seconds": seconds}

    def made() -> bool:
        answer["exists"] = cluster.get(SERVICE, namespace, mirror.name) is not None
        if not answer["exists"] or not mirror.gateway:
            return bool(answer["exists"])
        endpoints = cluster.get(ENDPOINTS, namespace, mirror.name) or {}
        answer["addresses"] = [
            f"{address.get('ip')}:{port.get('port')}"
            for subset in endpoints.get("subsets") or []
            for address in subset.get("addresses") or []
            for port in (subset.get("ports") or [])[:1]
        ]
        return bool(answer["addresses"])

    try:
        wait_until(made, seconds, stop)
    except ClusterRefusedError as error:
        answer["error"] = str(error)
    return answer
