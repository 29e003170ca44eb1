"""Proxies of other releases than the control plane are named, with the workloads to restart."""

from __future__ import annotations

from typing import Any

import pytest

from checks.facts.results import Status
from checks.linkerd.proxy_versions import proxy_versions
from tests.unit.checks.builders import cluster_case, mesh, settings, thing, view


def pod(name: str, version: str | None, **fields: Any) -> dict[str, Any]:
    annotations = {"linkerd.io/proxy-version": version} if version else {}
    labels = {
        "linkerd.io/control-plane-ns": "linkerd",
        "linkerd.io/proxy-deployment": name.rpartition("-")[0],
    }
    return thing("v1", "Pod", name, "shop", labels=labels, annotations=annotations, **fields)


@pytest.mark.parametrize(
    ("versions", "status", "named"),
    [
        (["edge-26.8.3", "edge-26.8.3"], Status.OK, ""),
        (["edge-26.8.3", "edge-26.6.3"], Status.WARNING, "shop deployment/web-1 (edge-26.6.3)"),
        (["edge-26.8.3", "edge-25.10.7"], Status.WARNING, "deployment/web-1 (edge-25.10.7)"),
        (["edge-26.6.3", "edge-25.4.4"], Status.FAILURE, "deployment/web-1 (edge-25.4.4)"),
        (["edge-27.1.1", None], Status.WARNING, "web-0 (edge-27.1.1)"),
        ([None], Status.SKIPPED, ""),
        ([], Status.SKIPPED, ""),
    ],
)
def test_proxies_may_be_one_version_older_and_each_other_release_is_named(
    versions: list[str | None], status: Status, named: str
) -> None:
    pods = [pod(f"web-{place}-x", version) for place, version in enumerate(versions)]
    (finding,) = proxy_versions(cluster_case(view(*pods)))
    assert finding.status is status
    assert named in finding.detail
    assert ("restart" in finding.hint) == (status in (Status.WARNING, Status.FAILURE))


def test_pods_at_their_end_and_the_version_of_extra_values_count() -> None:
    done = pod("job-1", "edge-24.11.8", status={"phase": "Succeeded"})
    (finding,) = proxy_versions(cluster_case(view(done, pod("web-1", "edge-26.8.3"))))
    assert finding.status is Status.OK
    content = settings()
    values = {"proxy": {"image": {"version": "edge-26.7.1"}}}
    content["clusters"]["west"]["linkerd"] = {"values": values}
    case = cluster_case(view(pod("web-1", "edge-26.7.1")), mesh(content))
    (finding,) = proxy_versions(case)
    assert finding.status is Status.OK
