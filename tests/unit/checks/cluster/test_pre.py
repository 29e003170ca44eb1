"""What would block an installation is found before it."""

from __future__ import annotations

from typing import Any

import pytest

from checks.cluster import pre, surroundings
from checks.facts.results import Finding, Status
from checks.facts.view import ServedKind
from config import MeshConfig
from kube import helm
from tests.unit.checks.builders import (
    cluster_case,
    failures,
    helm_record,
    link_case,
    mesh,
    of,
    served,
    settings,
    thing,
    view,
    warnings,
    with_ambassador,
)
from vocabulary.kinds import Kind


def crd(name: str, owner: str | None = None, **annotations: str) -> dict[str, Any]:
    if owner is not None:
        namespace, _, release = owner.partition("/")
        annotations = {
            "meta.helm.sh/release-namespace": namespace,
            "meta.helm.sh/release-name": release,
        }
    return thing(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", name, annotations=annotations
    )


def clashes(*objects: dict[str, Any], config: MeshConfig | None = None) -> list[Finding]:
    return list(pre.clashes(cluster_case(view(*objects), config)))


def test_an_empty_cluster_clashes_with_nothing() -> None:
    assert {finding.status for finding in clashes()} == {Status.OK}


def test_crds_of_our_own_releases_are_no_clash() -> None:
    found = clashes(
        crd("servers.policy.linkerd.io", "linkerd/linkerd-crds"),
        crd("links.multicluster.linkerd.io", "linkerd-multicluster/linkerd-multicluster"),
        crd("mappings.getambassador.io", "emissary-system/emissary-crds"),
    )
    assert {finding.status for finding in found} == {Status.OK}


def test_crds_of_another_release_are_a_clash_that_names_it() -> None:
    found = clashes(crd("mappings.getambassador.io", "edge/edge-stack"))
    assert failures(found) == [
        "Ambassador's CRDs: absent, or created by release emissary-system/emissary-crds"
    ]
    assert "mappings.getambassador.io by edge/edge-stack" in found[-1].detail


def test_crds_without_an_owner_are_a_clash_as_helm_refuses_to_take_them_over() -> None:
    found = clashes(crd("servers.policy.linkerd.io", **{"linkerd.io/created-by": "linkerd/cli"}))
    assert failures(found) == ["Linkerd's CRDs: absent, or created by release linkerd/linkerd-crds"]


def test_a_gateway_api_of_someone_else_is_a_clash_unless_the_stack_file_leaves_it_alone() -> None:
    own = crd("httproutes.gateway.networking.k8s.io")
    (title,) = failures(clashes(own))
    assert title.startswith("the Gateway API's CRDs")
    content = settings()
    content["clusters"]["west"]["linkerd"] = {"gatewayApiCrds": False}
    served = {
        Kind("gateway.networking.k8s.io", kind): ServedKind({"v1": kind.lower()}, True)
        for kind in ("HTTPRoute", "GRPCRoute")
    }
    case = cluster_case(view(own, served=served), mesh(content))
    assert failures(list(pre.clashes(case))) == []


def test_a_gateway_api_that_is_left_to_others_has_to_be_there() -> None:
    content = settings()
    content["clusters"]["west"]["linkerd"] = {"gatewayApiCrds": False}
    found = clashes(config=mesh(content))
    assert failures(found) == ["the API server serves the Gateway API's kinds"]


AMBASSADORS = "Ambassador's CRDs: absent, or created by Pulumi"
EDGE: dict[str, Any] = {"flavour": "edge-stack", "edgeStack": {"licenseSecret": "licence"}}


def test_crds_of_a_manifest_are_pulumis_or_another_owners() -> None:
    config = with_ambassador(**EDGE)
    theirs = crd("mappings.getambassador.io")
    ours = {**theirs, "metadata": {**theirs["metadata"], "managedFields": [{"manager": "pulumi"}]}}
    assert failures(clashes(config=config)) == []
    assert failures(clashes(ours, config=config)) == []
    found = clashes(theirs, config=config)
    assert failures(found) == [AMBASSADORS]
    assert "ambassador.installCrds: false" in of(found, AMBASSADORS).hint


def test_crds_within_a_chart_are_left_as_they_are_by_helm_and_clash_with_nothing() -> None:
    config = with_ambassador(flavour="ambassador", linkerd={"version": "2.8.1"})
    assert failures(clashes(crd("mappings.getambassador.io"), config=config)) == []


@pytest.mark.parametrize("ambassador", [{"adopt": {}}, {"installCrds": False}])
def test_crds_that_are_left_to_others_have_to_be_there(ambassador: dict[str, Any]) -> None:
    config = with_ambassador(**ambassador)
    assert failures(clashes(config=config)) == ["the API server serves Ambassador's kinds"]
    kinds = served("Module", "Mapping", "Host", "Listener")
    case = cluster_case(view(crd("mappings.getambassador.io"), served=kinds), config)
    assert failures(list(pre.clashes(case))) == []


def test_legacy_ambassador_is_distinguished_from_a_cluster_that_is_too_new_for_it() -> None:
    config = with_ambassador(flavour="ambassador", linkerd={"version": "2.8.1"})
    case = cluster_case(view(version="v1.22.1"), config)
    titles = failures(list(surroundings.version(case)))
    assert [title.split(",")[0] for title in titles] == ["Kubernetes is 1.21 or older"] * 2
    assert "Ambassador 1.14" in titles[1]
    adopted = cluster_case(view(version="v1.34.0"), with_ambassador(flavour="ambassador", adopt={}))
    assert failures(list(surroundings.version(adopted))) == []


def test_webhooks_of_another_linkerd_are_a_clash() -> None:
    hook = thing(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        "linkerd-proxy-injector-webhook-config",
    )
    (title,) = failures(clashes(hook))
    assert title.startswith("Linkerd's injector")


def names(*records: dict[str, Any]) -> list[Finding]:
    return list(pre.helm_releases(cluster_case(view(releases=helm.histories(records)))))


def test_names_that_are_free_pass() -> None:
    assert {finding.status for finding in names()} == {Status.OK}


def test_a_release_of_another_chart_under_our_name_is_a_failure() -> None:
    found = names(helm_record("ambassador", "ambassador", chart="ambassador", version="6.9.5"))
    assert failures(found) == [
        "release name ambassador/ambassador is unused or managed by this stack"
    ]


def test_a_release_of_this_stack_that_is_stuck_is_a_failure_and_one_that_is_not_passes() -> None:
    title = "release name linkerd/linkerd-crds is unused or managed by this stack"
    assert failures(names(helm_record("linkerd-crds", "linkerd"))) == []
    found = names(helm_record("linkerd-crds", "linkerd", status="pending-install"))
    assert failures(found) == [title]
    assert "./mesh recover" in of(found, title).hint


def test_namespaces_that_pulumi_did_not_make_are_warned_of() -> None:
    def seen(manager: str) -> list[Finding]:
        space = thing("v1", "Namespace", "linkerd", managedFields=[{"manager": manager}])
        return list(pre.namespaces(cluster_case(view(space))))

    assert warnings(seen("kubectl-create")) == [
        "the namespaces do not exist yet, or Pulumi created them"
    ]
    assert warnings(seen("pulumi-kubernetes-1a2b")) == []


SHOP = thing("v1", "Namespace", "shop")
WEB = thing("v1", "Service", "web", "shop", spec={"clusterIP": "10.0.0.1"})
EXISTS = "the target has the exported Service shop/web"
ROOM = "the name of its mirror is unused in the source: shop/web-west"


def mirrors(
    source: tuple[dict[str, Any], ...],
    target: tuple[dict[str, Any], ...],
    config: MeshConfig | None = None,
) -> list[Finding]:
    return list(pre.mirrors(link_case(view(*source), view(*target), config)))


def test_a_service_that_exists_and_has_room_passes() -> None:
    assert {finding.status for finding in mirrors((SHOP,), (WEB,))} == {Status.OK}


def test_a_service_that_does_not_exist_is_a_failure() -> None:
    assert failures(mirrors((SHOP,), ())) == [EXISTS]


def test_the_stacks_own_sample_need_not_exist_yet() -> None:
    content = settings()
    content["clusters"]["west"]["sample"] = {"namespace": "shop", "service": "web"}
    assert failures(mirrors((SHOP,), (), mesh(content))) == []


def test_a_missing_namespace_is_a_failure_unless_mirrors_may_make_it() -> None:
    assert failures(mirrors((), (WEB,))) == [ROOM]
    content = settings()
    content["clusters"]["east"]["linkerd"] = {"multicluster": {"createNamespaces": True}}
    assert failures(mirrors((), (WEB,), mesh(content))) == []


def test_a_service_of_the_mirrors_name_is_in_its_way_unless_it_is_the_mirror() -> None:
    taken = thing("v1", "Service", "web-west", "shop")
    mirror = thing(
        "v1", "Service", "web-west", "shop", labels={"mirror.linkerd.io/cluster-name": "west"}
    )
    assert failures(mirrors((SHOP, taken), (WEB,))) == [ROOM]
    assert failures(mirrors((SHOP, mirror), (WEB,))) == []


def test_services_without_endpoints_of_their_own_are_not_exportable() -> None:
    outside = thing("v1", "Service", "web", "shop", spec={"type": "ExternalName"})
    headless = thing("v1", "Service", "web", "shop", spec={"clusterIP": "None"})
    assert failures(mirrors((SHOP,), (outside,))) == [EXISTS]
    assert warnings(mirrors((SHOP,), (headless,))) == [EXISTS]
