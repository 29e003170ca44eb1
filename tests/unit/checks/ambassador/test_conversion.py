"""The webhook that converts Ambassador's objects: it runs, and the API server trusts it."""

from __future__ import annotations

from typing import Any

import pytest

from checks.ambassador import conversion
from checks.facts.results import Finding, Status
from config import MeshConfig
from tests.unit.checks.builders import (
    cluster_case,
    deployment,
    failures,
    node,
    of,
    thing,
    view,
    warnings,
    with_ambassador,
)
from vocabulary.kinds import CRD

RUNS = "Deployment converters/apiext, which converts Ambassador's objects, is available"
TRUSTED = "the API server trusts the webhook that converts Ambassador's objects"
THREE: dict[str, Any] = {"version": "3.10.0"}


def crd(name: str = "mappings", bundle: str | None = "Q0E=", **conversion: Any) -> dict[str, Any]:
    client: dict[str, Any] = {"service": {"namespace": "converters", "name": "apiext"}}
    if bundle is not None:
        client["caBundle"] = bundle
    usual = {"strategy": "Webhook", "webhook": {"clientConfig": client}}
    return thing(
        f"{CRD.group}/v1",
        CRD.name,
        f"{name}.getambassador.io",
        spec={"conversion": {**usual, **conversion}},
    )


PODS = deployment("apiext", "converters")


def seen(*objects: dict[str, Any], config: MeshConfig | None = None) -> list[Finding]:
    case = cluster_case(view(*objects), config or with_ambassador(**THREE))
    return list(conversion.conversion(case))


def test_a_webhook_that_runs_and_is_trusted_passes() -> None:
    found = seen(crd(), crd("hosts"), PODS)
    assert [one.status for one in found] == [Status.OK, Status.OK]


@pytest.mark.parametrize(
    ("objects", "title"),
    [
        ((crd(),), RUNS),
        ((crd(), deployment("apiext", "converters", available=0)), RUNS),
        ((crd(bundle=None), PODS), TRUSTED),
        ((crd(), crd("hosts", bundle=None), PODS), TRUSTED),
    ],
    ids=["no webhook", "no pod", "no bundle", "no bundle in one"],
)
def test_a_webhook_that_does_not_answer_is_one_failure_that_names_what_is_lost(
    objects: tuple[dict[str, Any], ...], title: str
) -> None:
    found = seen(*objects)
    assert failures(found) == [title]
    assert "getambassador.io resources cannot be read" in of(found, title).detail
    assert of(found, title).hint


def test_a_webhook_with_some_of_its_pods_is_warned_of() -> None:
    some = deployment("apiext", "converters", replicas=3, available=2)
    assert (failures(seen(crd(), some)), warnings(seen(crd(), some))) == ([], [RUNS])


def test_where_pods_are_simulated_no_one_fills_in_the_bundle() -> None:
    found = seen(crd(bundle=None), PODS, node(kwok=True))
    assert (failures(found), warnings(found)) == ([], [TRUSTED])


def test_crds_that_do_not_convert_need_no_webhook_where_the_version_is_stored() -> None:
    plain = crd(strategy="None")
    assert seen(plain, config=with_ambassador()) == []
    title = "Ambassador's objects are converted between their versions"
    assert failures(seen(plain)) == [title]
    assert failures(seen(plain, config=with_ambassador(apiVersion="v2"))) == [title]
    assert of(seen(), title).status is Status.SKIPPED


def test_of_an_adopted_ambassador_the_crds_alone_show() -> None:
    adopted = with_ambassador(**THREE, adopt={})
    assert seen(crd(strategy="None"), config=adopted) == []
    assert failures(seen(crd(), config=adopted)) == [RUNS]


def test_a_cluster_without_ambassador_converts_nothing() -> None:
    config = with_ambassador()
    bare = config.clusters["west"].model_copy(update={"ambassador": None})
    config = config.model_copy(update={"clusters": {"west": bare}})
    assert seen(crd(), config=config) == []
