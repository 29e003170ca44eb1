"""What the guard makes of workloads that are to be patched, by who owns which of their fields."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from config.platform.recipes import Patch
from config.preconditions import WantedPatch
from kube import kubeconfig
from preflight.workloads import Found, look_at

WANTED = Patch("Deployment", "shop", "web", {"note": "ours"}, "main", {"LISTEN": "::"})
OURS, THEIRS = "linkerd-ambassador-mesh", "helm"


def deployment(note: str, value: str, manager: str) -> dict[str, Any]:
    """One whose annotation and variable a manager owns."""
    containers = [{"name": "main", "env": [{"name": "LISTEN", "value": value}]}]
    variable: dict[str, Any] = {'k:{"name":"LISTEN"}': {".": {}, "f:name": {}, "f:value": {}}}
    fields = {
        "f:metadata": {"f:annotations": {"f:note": {}}},
        "f:spec": {"f:containers": {'k:{"name":"main"}': {"f:env": variable}}},
    }
    return {
        "metadata": {
            "managedFields": [{"manager": manager, "fieldsV1": {"f:spec": {"f:template": fields}}}]
        },
        "spec": {
            "template": {
                "metadata": {"annotations": {"note": note}},
                "spec": {"containers": containers},
            }
        },
    }


def looked(answer: dict[str, Any] | int, monkeypatch: pytest.MonkeyPatch) -> Found:
    def get(_api: object, path: str, _timeout: object, *_: object) -> dict[str, Any]:
        assert path == "/apis/apps/v1/namespaces/shop/deployments/web"
        if isinstance(answer, int):
            raise ApiException(status=answer)
        return answer

    monkeypatch.setattr(kubeconfig, "get_json", get)
    api = client.ApiClient(client.Configuration())
    return look_at(api, [WantedPatch("clusters.a.meshed[0]", WANTED)], (1.0, 1.0))


def test_what_only_the_program_set_may_get_another_value(monkeypatch: pytest.MonkeyPatch) -> None:
    found = looked(deployment("old", "0.0.0.0", OURS), monkeypatch)
    assert found == Found(frozenset(), frozenset(), ())


def test_what_its_owner_has_set_otherwise_is_refused_field_by_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = looked(deployment("old", "0.0.0.0", THEIRS), monkeypatch)
    assert len(found.reasons) == 2
    assert all("clusters.a.meshed[0]" in f"{told} {remedy}" for told, remedy in found.reasons)


def test_what_its_owner_has_set_alike_is_shared_with_him(monkeypatch: pytest.MonkeyPatch) -> None:
    found = looked(deployment("ours", "::", THEIRS), monkeypatch)
    assert found == Found(frozenset(), frozenset(), ())


def test_containers_are_settled_once_they_have_from_us_what_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert looked(deployment("ours", "::", OURS), monkeypatch).settled == {WANTED.ref}


def test_what_is_not_there_is_missing_and_what_may_not_be_read_is_taken_to_be_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert looked(404, monkeypatch).missing == {WANTED.ref}
    assert looked(403, monkeypatch) == Found(frozenset(), frozenset(), ())
    with pytest.raises(ApiException):
        looked(500, monkeypatch)
