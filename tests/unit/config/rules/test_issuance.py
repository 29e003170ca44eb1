"""What a stack file may say of certificates that cert-manager issues, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from config import MeshConfig, StackFileError, load_settings
from config.trust.issuance import seconds
from tests.stack_builders import certificate, ec_key, key_pem

CLUSTER: dict[str, Any] = {"context": "a", "certManager": {}}


def provided(key: bool = False) -> dict[str, Any]:
    """A provided anchor."""
    own = ec_key("house")
    anchor = {"name": "house", "certificate": certificate(own)}
    return {**anchor, "privateKey": key_pem(own)} if key else anchor


def loaded(cluster: dict[str, Any], **trust: Any) -> MeshConfig:
    return load_settings({"clusters": {"a": cluster}, "trustAnchor": trust}, "test")


def refused(cluster: dict[str, Any], **trust: Any) -> dict[str, str]:
    """Remedies by the paths of what is refused."""
    with pytest.raises(StackFileError) as error:
        loaded(cluster, **trust)
    return {problem.path: problem.remedy for problem in error.value.problems}


def test_a_cluster_without_cert_manager_cannot_have_its_issuer_from_there() -> None:
    found = refused({"context": "a"}, certManager={"makeIssuer": True})
    assert list(found) == ["clusters.a.certManager"]
    assert "clusters.a.certManager: {}" in found["clusters.a.certManager"]
    loaded(CLUSTER, certManager={"makeIssuer": True})


def test_anchors_that_trust_manager_is_to_spread_need_a_trust_manager() -> None:
    asked = {"makeIssuer": True, "trustRoots": "trust-manager"}
    assert list(refused(CLUSTER, certManager=asked)) == ["clusters.a.certManager.trustManager"]
    loaded({**CLUSTER, "certManager": {"trustManager": {}}}, certManager=asked)


def test_a_generated_anchor_cannot_be_the_ca_of_an_issuer_that_is_there() -> None:
    found = refused(CLUSTER, certManager={"issuer": "house", "webhooks": True})
    assert list(found) == ["trustAnchor.anchors[0].certificate"]
    both = [provided(), {"name": "another"}]
    found = refused(CLUSTER, anchors=both, certManager={"issuer": "house", "webhooks": True})
    assert list(found) == ["trustAnchor.anchors[1].certificate"]


def test_an_anchor_needs_no_key_where_the_program_signs_nothing() -> None:
    asked = {"issuer": "house", "webhooks": True}
    loaded(CLUSTER, anchors=[provided()], certManager=asked)


@pytest.mark.parametrize(
    "asked", [{"makeIssuer": True, "webhooks": True}, {"issuer": "house"}], ids=["made", "webhooks"]
)
def test_an_anchor_needs_its_key_for_an_issuer_that_is_made_and_for_webhooks(
    asked: dict[str, Any],
) -> None:
    path = "trustAnchor.anchors[0].privateKey"
    found = refused(CLUSTER, anchors=[provided()], certManager=asked)
    assert list(found) == [path]
    assert ("webhooks: true" in found[path]) == ("makeIssuer" not in asked)
    loaded(CLUSTER, anchors=[provided(key=True)], certManager=asked)


def test_a_certificate_for_trials_needs_the_key_of_the_anchor() -> None:
    trial = {"name": "shop", "hostname": "shop.example.com", "tls": {"trial": True}}
    cluster = {**CLUSTER, "ambassador": {"hosts": [trial]}}
    asked = {"issuer": "house", "webhooks": True}
    path = "clusters.a.ambassador.hosts[0].tls.trial"
    found = refused(cluster, anchors=[provided()], certManager=asked)
    assert list(found) == [path]
    assert "certManager.issuer: house" in found[path]
    loaded(cluster, anchors=[provided(key=True)], certManager=asked)


def test_linkerd_2_8_is_refused_once_and_for_all() -> None:
    cluster = {"context": "a", "linkerd": {"version": "2.8.1"}}
    found = refused(cluster, certManager={"makeIssuer": True, "webhooks": True})
    assert list(found) == ["clusters.a.linkerd.version"]


def test_an_issuer_of_linkerd_s_namespace_signs_nothing_for_viz() -> None:
    asked = {"issuer": "house", "kind": "Issuer", "webhooks": True}
    viz = {**CLUSTER, "linkerd": {"viz": {"enabled": True}}}
    found = refused(viz, anchors=[provided()], certManager=asked)
    assert list(found) == ["trustAnchor.certManager.kind"]
    loaded(CLUSTER, anchors=[provided()], certManager=asked)


def test_the_namespace_of_an_installed_cert_manager_has_no_other_use() -> None:
    cluster = {"context": "a", "certManager": {"install": True, "namespace": "linkerd"}}
    assert list(refused(cluster)) == ["clusters.a.certManager.namespace"]
    loaded({"context": "a", "certManager": {"install": False, "namespace": "linkerd"}})


@pytest.mark.parametrize("text", ["48", "2d", "48h ", "h", "", "0h", "-1h", "1.5h"])
def test_what_go_does_not_read_as_a_duration_is_refused(text: str) -> None:
    asked = {"makeIssuer": True, "duration": text}
    assert list(refused(CLUSTER, certManager=asked)) == ["trustAnchor.certManager.duration"]


def test_a_renewal_that_comes_before_the_certificate_is_refused() -> None:
    asked = {"makeIssuer": True, "duration": "25h", "renewBefore": "25h"}
    assert list(refused(CLUSTER, certManager=asked)) == ["trustAnchor.certManager.renewBefore"]
    loaded(CLUSTER, certManager={**asked, "renewBefore": "24h59m"})


def test_a_duration_is_the_sum_of_its_parts() -> None:
    assert seconds("1h30m15s") == 5415
