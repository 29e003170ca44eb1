"""External issuers of cert-manager, wherever an issuer is named."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from checks.facts.results import Status
from checks.facts.view import ServedKind
from checks.trust.cert_manager import cert_manager
from config.trust.issuers import IssuerReference
from tests.stack_builders import certificate, ec_key, loaded, problems
from tests.unit.checks.builders import BUILT_IN, cluster_case, view
from tests.unit.conftest import Records
from vocabulary.kinds import Kind

PCA = {"issuer": "pca", "kind": "AWSPCAClusterIssuer", "group": "awspca.cert-manager.io"}
STEP = {"issuer": "step", "kind": "StepIssuer", "group": "certmanager.step.sm"}


def everywhere(issuer: dict[str, Any], roots: dict[str, Any] | None = None) -> dict[str, Any]:
    """A stack file that names an issuer wherever one can be named."""
    tls = {"certManager": issuer}
    anchors = [{"name": "house", "certificate": certificate(ec_key("house"))}]
    ingress = {"host": "i.example.com", "controller": "traefik", "tls": tls}
    return {
        "trustAnchor": {"anchors": anchors, "certManager": {**(roots or issuer), "webhooks": True}},
        "clusters": {
            "a": {
                "context": "a",
                "certManager": {},
                "linkerd": {"viz": {"enabled": True, "ingress": ingress}},
                "ambassador": {
                    "hosts": [{"name": "web", "hostname": "web.example.com", "tls": tls}]
                },
                "ingresses": [
                    {
                        **ingress,
                        "name": "shop",
                        "namespace": "shop",
                        "service": "web",
                        "host": "s.example.com",
                    }
                ],
            },
            "b": {
                "context": "b",
                "certManager": {},
                "linkerd": {
                    "viz": {
                        "enabled": True,
                        "route": {"host": "viz.example.com", "certManager": issuer},
                    }
                },
                "ambassador": {},
            },
        },
    }


def named(value: Any) -> list[dict[str, str]]:
    """References to issuers within a value."""
    if isinstance(value, dict):
        own = [value["issuerRef"]] if "issuerRef" in value else []
        return own + [found for inner in value.values() for found in named(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in named(inner)]
    return []


def test_every_certificate_and_ingress_names_the_group_of_an_external_issuer(
    recorded: Records,
) -> None:
    recording = recorded(loaded(everywhere(PCA)))
    reference = {"name": "pca", "kind": PCA["kind"], "group": PCA["group"]}
    references = [found for item in recording for found in named(dict(item.inputs))]
    # Issuers and webhooks of two clusters with viz, and a Host in each.
    assert len(references) >= 2 * (1 + 3 + 2) + 2
    assert all(found == reference for found in references)
    ingresses = [
        item.inputs["metadata"]["annotations"]
        for item in recording
        if item.type.endswith(":Ingress")
    ]
    assert len(ingresses) == 2
    for found in ingresses:
        assert found["cert-manager.io/issuer"] == "pca"
        assert found["cert-manager.io/issuer-kind"] == PCA["kind"]
        assert found["cert-manager.io/issuer-group"] == PCA["group"]
        assert "cert-manager.io/cluster-issuer" not in found


@pytest.mark.parametrize(
    ("issuer", "key"),
    [
        ({"issuer": "x", "kind": "AWSPCAIssuer"}, "kind"),
        ({"issuer": "x", "kind": "clusterissuer"}, "kind"),
        ({"issuer": "x", "kind": "Issuer", "group": "awspca.cert-manager.io"}, "group"),
        ({"issuer": "x", "group": "awspca.cert-manager.io"}, "group"),
    ],
)
def test_a_kind_that_its_group_does_not_have_is_refused_wherever_it_is_named(
    issuer: dict[str, Any], key: str
) -> None:
    found = [problem.path for problem in problems(everywhere(issuer, PCA))]
    assert found == [
        f"clusters.a.linkerd.viz.ingress.tls.certManager.{key}",
        f"clusters.a.ambassador.hosts[0].tls.certManager.{key}",
        f"clusters.a.ingresses[0].tls.certManager.{key}",
        f"clusters.b.linkerd.viz.route.certManager.{key}",
    ]
    settings = everywhere(PCA, issuer)
    assert f"trustAnchor.certManager.{key}" in {problem.path for problem in problems(settings)}


def test_an_external_issuer_of_one_namespace_cannot_sign_for_viz() -> None:
    paths = {problem.path for problem in problems(everywhere(PCA, STEP))}
    assert paths == {"trustAnchor.certManager.kind"}
    assert problems(everywhere(STEP, PCA)) == ()
    assert not IssuerReference(**STEP).in_cluster


def test_the_remedy_for_a_trial_without_a_key_names_the_external_issuer_in_full() -> None:
    settings = everywhere(PCA)
    host = settings["clusters"]["a"]["ambassador"]["hosts"][0]
    host["tls"] = {"trial": True}
    (problem,) = problems(settings)
    path, _, value = problem.remedy.removeprefix("leave it out, and write ").partition(": ")
    assert path == "clusters.a.ambassador.hosts[0].tls.certManager"
    host["tls"] = {"certManager": yaml.safe_load(value)}
    assert problems(settings) == ()


def test_the_program_makes_no_external_issuer() -> None:
    settings = everywhere(PCA, {**PCA, "makeIssuer": True})
    assert "trustAnchor.certManager.group" in {item.path for item in problems(settings)}


@pytest.mark.parametrize("served", [True, False])
def test_the_check_asks_whether_the_kind_of_an_external_issuer_is_served(served: bool) -> None:
    kinds = {
        Kind("cert-manager.io", name): ServedKind({"v1": f"{name.lower()}s"}, True)
        for name in ("Certificate", "Issuer", "ClusterIssuer")
    }
    external = {Kind(PCA["group"], PCA["kind"]): ServedKind({"v1beta1": "x"}, False)}
    seen = view(cluster="a", served={**BUILT_IN, **kinds, **(external if served else {})})
    findings = list(cert_manager(cluster_case(seen, loaded(everywhere(PCA)))))
    (found,) = (item for item in findings if "pca" in item.title)
    assert found.status == (Status.OK if served else Status.FAILURE)
