"""Releases that do not exist: refused where their objects do."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any, cast

from config.inventory.charts import Release
from lifecycle.importing.missing import elsewhere
from lifecycle.importing.owners import Refusal
from render import HelmTemplate
from render.registration import Registration

RELEASE = Release(
    "linkerd", "linkerd-crds", "linkerd-crds", "1.0.0", "linkerd", frozenset(), "version"
)
REGISTERED = Registration(
    "kubernetes:helm.sh/v3:Release",
    "west-linkerd-crds",
    "urn",
    provider="west",
    inputs={"chart": "linkerd-crds", "repositoryOpts": {"repo": "https://charts.example"}},
)
CHART_OBJECTS = [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "dst", "namespace": "linkerd"}},
    {"apiVersion": "example.com/v1", "kind": "Unknown", "metadata": {"name": "a"}},
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "namespace": "linkerd"}},
]


class Chart:
    def render(self, release: Registration) -> list[dict[str, Any]]:
        assert release is REGISTERED
        return CHART_OBJECTS


def secret_of(chart: str, name: str) -> dict[str, Any]:
    """Helm's record of a release."""
    record = {
        "name": name,
        "version": 1,
        "info": {"status": "deployed"},
        "chart": {"metadata": {"name": chart, "version": "1.0.0"}},
        "manifest": "",
    }
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode())))
    return {
        "type": "helm.sh/release.v1",
        "metadata": {"name": f"sh.helm.release.v1.{name}.v1", "namespace": "other"},
        "data": {"release": packed.decode()},
    }


def refusals(secrets: list[dict[str, Any]], objects: Mapping[str, Any]) -> list[Refusal]:
    def get(path: str) -> Mapping[str, Any]:
        return {"items": secrets} if "?fieldSelector=" in path else objects.get(path, {})

    return list(elsewhere(RELEASE, REGISTERED, get, lambda: cast(HelmTemplate, Chart())))


def test_where_nothing_of_it_exists_a_release_is_just_missing() -> None:
    assert refusals([secret_of("another-chart", "crds")], {}) == []


def test_a_release_of_another_name_is_refused_with_how_to_rename_it() -> None:
    (found,) = refusals([secret_of("linkerd-crds", "crds")], {})
    assert (found.cluster, found.what) == ("west", "release linkerd/linkerd-crds")
    assert "other/crds" in found.message
    assert "helm install linkerd-crds linkerd-crds --repo https://charts.example" in found.remedy
    assert "--take-ownership" in found.remedy
    assert "kubectl delete secret --namespace other" in found.remedy
    assert "owner=helm,name=crds" in found.remedy


def test_objects_without_helm_are_refused_with_how_to_give_them_to_it() -> None:
    (found,) = refusals([], {"/api/v1/namespaces/linkerd/services/dst": {"metadata": {}}})
    assert "Service dst" in found.message
    assert "--take-ownership" in found.remedy
    assert "kubectl delete" not in found.remedy


def test_objects_without_a_namespace_are_found_too() -> None:
    (found,) = refusals([], {"/api/v1/namespaces/n": {"metadata": {}}})
    assert "Namespace n" in found.message


def test_objects_that_a_removed_release_kept_are_taken_over_by_the_next_one() -> None:
    kept = {"metadata": {"annotations": {"meta.helm.sh/release-name": "linkerd-crds"}}}
    assert refusals([], {"/api/v1/namespaces/linkerd/services/dst": kept}) == []
