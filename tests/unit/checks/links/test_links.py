"""Credentials, Links, service mirrors and exports: each fault is one line about it."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from checks.facts.results import Finding, Status
from checks.facts.view import ServedKind
from checks.links import access, exports, orphans, service_mirror
from checks.links import link as link_checks
from checks.links.credentials import Outcome, Trial
from config import MeshConfig
from kube.kubeconfig import Endpoint
from kube.token_login import CredentialsFault, login_of
from tests.unit.checks.builders import (
    NOW,
    cluster_case,
    deployment,
    failures,
    link_case,
    mesh,
    node,
    of,
    secret,
    settings,
    thing,
    view,
    warnings,
)
from vocabulary.kinds import Kind

SPACE = "linkerd-multicluster"
ACCOUNT = "linkerd-service-mirror-remote-access-east"
CREDENTIALS = "cluster-credentials-west"
TYPE = "mirror.linkerd.io/remote-kubeconfig"
SERVER, CA, TOKEN = "https://west.example.org:6443", "the CA", "the-token"
ENDPOINT = Endpoint(SERVER, CA)
IDENTITY = "ambassador-west.ambassador.serviceaccount.identity.linkerd.cluster.local"
MIRROR = {
    "mirror.linkerd.io/cluster-name": "west",
    "mirror.linkerd.io/mirrored-service": "true",
}
Objects = dict[str, dict[str, Any]]


def kubeconfig(server: str = SERVER, ca: str | None = CA, **user: Any) -> str:
    cluster = {"server": server}
    if ca is not None:
        cluster["certificate-authority-data"] = base64.b64encode(ca.encode()).decode()
    return json.dumps(
        {
            "clusters": [{"name": "west", "cluster": cluster}],
            "contexts": [{"name": "west", "context": {"cluster": "west", "user": "mirror"}}],
            "current-context": "west",
            "users": [{"name": "mirror", "user": user or {"token": TOKEN}}],
        }
    )


def credentials(namespace: str, text: str | None = None, **fields: Any) -> dict[str, Any]:
    if namespace == "linkerd":
        fields = {
            "labels": {"multicluster.linkerd.io/cluster-name": "west"},
            "annotations": {
                "multicluster.linkerd.io/trust-domain": "cluster.local",
                "multicluster.linkerd.io/cluster-domain": "cluster.local",
            },
            **fields,
        }
    data = {"kubeconfig": text or kubeconfig()}
    return secret(CREDENTIALS, namespace, data, **{"type": TYPE, **fields})


def link(**spec: Any) -> dict[str, Any]:
    usual = {
        "targetClusterName": "west",
        "targetClusterDomain": "cluster.local",
        "targetClusterLinkerdNamespace": "linkerd",
        "clusterCredentialsSecret": CREDENTIALS,
        "gatewayAddress": "203.0.113.9",
        "gatewayPort": "4143",
        "gatewayIdentity": IDENTITY,
        "probeSpec": {
            "path": "/ready",
            "port": "4191",
            "period": "3s",
            "timeout": "30s",
            "failureThreshold": "3",
        },
        "selector": {"matchLabels": {"mirror.linkerd.io/exported": "true"}},
        "remoteDiscoverySelector": {
            "matchLabels": {"mirror.linkerd.io/exported": "remote-discovery"}
        },
        "federatedServiceSelector": {"matchLabels": {"mirror.linkerd.io/federated": "member"}},
    }
    return thing(
        "multicluster.linkerd.io/v1alpha3",
        "Link",
        "west",
        SPACE,
        annotations={"linkerd.io/created-by": "linkerd/cli edge-26.8.3"},
        spec={**usual, **spec},
    )


def lease(seconds_ago: float = 5, holder: str = "controller-west-abc") -> dict[str, Any]:
    renewed = (NOW - timedelta(seconds=seconds_ago)).isoformat().replace("+00:00", "Z")
    return thing(
        "coordination.k8s.io/v1",
        "Lease",
        "service-mirror-write-west",
        SPACE,
        spec={"holderIdentity": holder, "renewTime": renewed},
    )


def endpoints(
    name: str, namespace: str, key: str = "addresses", labels: dict[str, str] | None = None
) -> dict[str, Any]:
    labels = labels or MIRROR
    subsets = [{key: [{"ip": "203.0.113.9"}]}]
    return thing("v1", "Endpoints", name, namespace, labels=labels, subsets=subsets)


def named(*objects: dict[str, Any]) -> Objects:
    return {
        f"{one['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}": one
        for one in objects
    }


def source_side() -> Objects:
    probe_labels = {
        "mirror.linkerd.io/mirrored-gateway": "true",
        "mirror.linkerd.io/cluster-name": "west",
    }
    return named(
        credentials(SPACE),
        credentials("linkerd"),
        link(),
        deployment("controller-west", SPACE),
        lease(),
        thing(
            "v1",
            "Service",
            "probe-west",
            SPACE,
            labels=probe_labels,
            spec={"ports": [{"port": 4191}]},
        ),
        endpoints("probe-west", SPACE, labels={"mirror.linkerd.io/cluster-name": "west"}),
        thing("v1", "Namespace", "shop"),
        thing("v1", "Service", "web-west", "shop", labels=MIRROR),
        endpoints("web-west", "shop"),
    )


def target_side() -> Objects:
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SPACE}
    return named(
        thing("v1", "ServiceAccount", ACCOUNT, SPACE),
        thing("rbac.authorization.k8s.io/v1", "ClusterRole", ACCOUNT),
        thing(
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            ACCOUNT,
            roleRef={"name": ACCOUNT},
            subjects=[subject],
        ),
        secret(f"{ACCOUNT}-token", SPACE, {"token": TOKEN}),
        thing(
            "v1",
            "Service",
            "ambassador",
            "ambassador",
            spec={"type": "LoadBalancer"},
            status={"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}},
        ),
        thing(
            "v1", "Service", "web", "shop", labels={"mirror.linkerd.io/exported": "true"}, spec={}
        ),
    )


SERVED = {Kind("multicluster.linkerd.io", "Link"): ServedKind({"v1alpha3": "links"}, True)}


def looked_at(
    source: Objects | None = None,
    target: Objects | None = None,
    config: MeshConfig | None = None,
    **fields: Any,
) -> list[Finding]:
    usual = {"endpoint": ENDPOINT, "trial": Trial(Outcome.WORKS, SERVER), "metric": True}
    case = link_case(
        view(
            *(source_side() if source is None else source).values(),
            cluster="east",
            served=fields.pop("served", SERVED),
            clock_offset=fields.pop("clock_offset", 0.0),
        ),
        view(*(target_side() if target is None else target).values()),
        config,
        **{**usual, **fields},
    )
    return [
        *access.remote_access(case),
        *access.credentials(case),
        *link_checks.link_resource(case),
        *service_mirror.service_mirror(case),
        *exports.exports(case),
    ]


REMOTE = f"the target has ServiceAccount {ACCOUNT} with a role and a token"
MIRROR_SECRET = f"Secret {SPACE}/{CREDENTIALS} has usable credentials"
DESTINATION_SECRET = f"Secret linkerd/{CREDENTIALS} has usable credentials"
PRESENT = "the credentials have the target's current token"
LEADS = "the credentials name the target's API server"
WORKS = "the credentials can get, list and watch Services in the target"
AT_WORK = "the service mirror is running"
EXPORTED = "Service shop/web is exported"
MIRRORS = "Service shop/web-west mirrors it in the source"
ADDRESS = "the Link has the gateway's address"
SELECTS = "the Link has the configured selectors"


def test_a_sound_link_passes_everything() -> None:
    assert {finding.status for finding in looked_at()} == {Status.OK}


@pytest.mark.parametrize(
    ("gone", "title"),
    [
        (f"ServiceAccount {SPACE}/{ACCOUNT}", REMOTE),
        (f"ClusterRole /{ACCOUNT}", REMOTE),
        (f"ClusterRoleBinding /{ACCOUNT}", REMOTE),
        (f"Secret {SPACE}/{ACCOUNT}-token", REMOTE),
        ("Service shop/web", EXPORTED),
    ],
)
def test_each_object_that_the_target_lacks_is_one_failure(gone: str, title: str) -> None:
    target = target_side()
    del target[gone]
    assert failures(looked_at(target=target)) == [title]


@pytest.mark.parametrize(
    ("gone", "title"),
    [
        (f"Secret {SPACE}/{CREDENTIALS}", MIRROR_SECRET),
        (f"Secret linkerd/{CREDENTIALS}", DESTINATION_SECRET),
        (f"Link {SPACE}/west", f"Link {SPACE}/west exists"),
        (
            f"Deployment {SPACE}/controller-west",
            f"Deployment {SPACE}/controller-west is available",
        ),
        (f"Lease {SPACE}/service-mirror-write-west", AT_WORK),
        (
            f"Service {SPACE}/probe-west",
            "the gateway has one probe Service with an endpoint",
        ),
        (
            f"Endpoints {SPACE}/probe-west",
            "the gateway has one probe Service with an endpoint",
        ),
        ("Namespace /shop", MIRRORS),
        ("Service shop/web-west", MIRRORS),
        ("Endpoints shop/web-west", MIRRORS),
    ],
)
def test_each_object_that_the_source_lacks_is_one_failure(gone: str, title: str) -> None:
    source = source_side()
    del source[gone]
    assert failures(looked_at(source)) == [title]


ITSELF = "https://127.0.0.1:6443"


def test_an_address_that_works_here_and_not_in_the_source_is_a_failure() -> None:
    at_home = kubeconfig(ITSELF)
    source = source_side() | named(credentials(SPACE, at_home), credentials("linkerd", at_home))
    way: dict[str, Any] = {
        "endpoint": Endpoint(ITSELF, CA),
        "trial": Trial(Outcome.WORKS, ITSELF),
    }
    found = looked_at(source, **way)
    assert failures(found) == [LEADS]
    assert "clusters.west.apiServer.address" in of(found, LEADS).hint
    content = settings()
    content["clusters"]["west"]["apiServer"] = {"sameMachine": True}
    assert failures(looked_at(source, config=mesh(content), **way)) == []


def test_a_dropped_server_name_or_proxy_is_found() -> None:
    for way in (("kubernetes", None), (None, "http://proxy.example:3128")):
        found = looked_at(endpoint=Endpoint(SERVER, CA, *way))
        assert "proxy-url" in of(found, LEADS).detail


@pytest.mark.parametrize(
    ("server", "status"), [(ITSELF, Status.FAILURE), (SERVER, Status.OK)], ids=["here", "there"]
)
def test_before_the_installation_the_source_s_way_to_the_api_server_is_judged(
    server: str, status: Status
) -> None:
    case = link_case(view(), view(), endpoint=Endpoint(server, CA))
    assert [finding.status for finding in access.reachable(case)] == [status]


def test_a_binding_that_binds_someone_else_is_found() -> None:
    target = target_side()
    target[f"ClusterRoleBinding /{ACCOUNT}"]["subjects"][0]["name"] = "other"
    assert failures(looked_at(target=target)) == [REMOTE]


def test_a_token_that_was_never_filled_in_is_found() -> None:
    target = target_side()
    target[f"Secret {SPACE}/{ACCOUNT}-token"]["data"] = {}
    found = looked_at(target=target)
    assert failures(found) == [REMOTE]
    assert "controller manager" in of(found, REMOTE).detail


@pytest.mark.parametrize(
    "changed",
    [
        credentials("linkerd", type="Opaque"),
        credentials("linkerd", labels={}),
        credentials("linkerd", annotations={}),
    ],
    ids=["type", "label", "annotations"],
)
def test_a_destination_secret_that_its_controller_overlooks_is_found(
    changed: dict[str, Any],
) -> None:
    assert failures(looked_at({**source_side(), **named(changed)})) == [DESTINATION_SECRET]


def test_a_secret_without_a_kubeconfig_is_found() -> None:
    source = {**source_side(), **named(credentials(SPACE, "words"))}
    found = looked_at(source, trial=None)
    assert failures(found) == [MIRROR_SECRET]
    assert of(found, WORKS).status is Status.SKIPPED


def test_credentials_of_a_withdrawn_token_are_found() -> None:
    old = kubeconfig(token="old-token")
    source = {**source_side(), **named(credentials(SPACE, old), credentials("linkerd", old))}
    assert failures(looked_at(source)) == [PRESENT]


def test_secrets_that_differ_are_found() -> None:
    source = {**source_side(), **named(credentials("linkerd", kubeconfig(token="old-token")))}
    assert failures(looked_at(source)) == ["both Secrets have the same credentials"]


def test_another_server_fails_unless_logging_in_works_there() -> None:
    other = kubeconfig("https://10.0.0.9:6443")
    source = {**source_side(), **named(credentials(SPACE, other), credentials("linkerd", other))}
    found = looked_at(source, trial=Trial(Outcome.UNREACHABLE, "https://10.0.0.9:6443"))
    assert (failures(found), warnings(found)) == ([LEADS], [WORKS])
    found = looked_at(source)
    assert (failures(found), warnings(found)) == ([], [LEADS])
    elsewhere = Trial(Outcome.WORKS, SERVER, from_here=True)
    assert failures(looked_at(source, trial=elsewhere)) == [LEADS]


def test_another_authority_is_found() -> None:
    other = kubeconfig(ca="another CA")
    source = {**source_side(), **named(credentials(SPACE, other), credentials("linkerd", other))}
    trial = Trial(Outcome.UNTRUSTED, SERVER, "not signed")
    assert failures(looked_at(source, trial=trial)) == [LEADS, WORKS]


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.LACKING, Outcome.UNTRUSTED])
def test_credentials_that_do_not_work_are_a_failure(outcome: Outcome) -> None:
    found = looked_at(trial=Trial(outcome, SERVER, "so it is"))
    assert failures(found) == [WORKS]
    assert of(found, WORKS).hint


def test_where_the_credentials_were_tried_is_reported() -> None:
    here = Trial(Outcome.WORKS, "https://127.0.0.1:6443", from_here=True)
    assert of(looked_at(trial=here), WORKS).detail.startswith("asked at https://127.0.0.1:6443")
    assert of(looked_at(), WORKS).detail == SERVER


def test_an_address_out_of_reach_here_may_well_be_within_reach_there() -> None:
    found = looked_at(trial=Trial(Outcome.UNREACHABLE, SERVER, "timeout"))
    assert (failures(found), warnings(found)) == ([], [WORKS])


@pytest.mark.parametrize(
    ("spec", "title"),
    [
        ({"gatewayIdentity": "other"}, "the Link has the gateway's identity"),
        ({"gatewayAddress": "203.0.113.10"}, ADDRESS),
        ({"gatewayPort": "4180"}, ADDRESS),
        ({"targetClusterDomain": "example.org"}, "the Link describes the target cluster"),
        ({"targetClusterLinkerdNamespace": "l5d"}, "the Link describes the target cluster"),
        ({"clusterCredentialsSecret": "other"}, "the Link describes the target cluster"),
        ({"probeSpec": {}}, "the Link has the configured probe"),
        ({"selector": {}}, SELECTS),
        ({"remoteDiscoverySelector": {}}, SELECTS),
        ({"federatedServiceSelector": {}}, SELECTS),
    ],
)
def test_each_field_of_a_link_that_is_wrong_is_one_failure(
    spec: dict[str, Any], title: str
) -> None:
    assert failures(looked_at({**source_side(), **named(link(**spec))})) == [title]


def test_a_link_that_does_not_name_its_maker_is_warned_of() -> None:
    anonymous = link()
    anonymous["metadata"]["annotations"] = {"linkerd.io/created-by": "someone"}
    found = looked_at({**source_side(), **named(anonymous)})
    assert warnings(found) == ["the Link has annotation linkerd.io/created-by"]


def test_links_have_to_be_served_in_the_version_that_is_read() -> None:
    old = {Kind("multicluster.linkerd.io", "Link"): ServedKind({"v1alpha2": "links"}, True)}
    assert failures(looked_at(served=old)) == ["the source serves Links in v1alpha3"]


def test_a_lease_of_a_service_mirror_that_is_gone_does_not_count() -> None:
    assert failures(looked_at({**source_side(), **named(lease(600))})) == [AT_WORK]
    assert failures(looked_at({**source_side(), **named(lease(holder=""))})) == [AT_WORK]


def test_a_lease_is_read_by_the_clock_of_its_cluster() -> None:
    ahead = {**source_side(), **named(lease(-3600))}
    assert failures(looked_at(ahead, clock_offset=3600.0)) == []
    behind = {**source_side(), **named(lease(3600))}
    assert failures(looked_at(behind, clock_offset=-3600.0)) == []
    assert failures(looked_at(behind)) == [AT_WORK]


def test_where_pods_are_simulated_the_lack_of_mirrors_is_one_warning() -> None:
    source = source_side()
    for gone in (
        f"Lease {SPACE}/service-mirror-write-west",
        f"Endpoints {SPACE}/probe-west",
        "Service shop/web-west",
        "Endpoints shop/web-west",
    ):
        del source[gone]
    found = looked_at({**source, "Node": node(kwok=True)})
    assert (failures(found), warnings(found)) == ([], [AT_WORK])
    assert failures(looked_at(source)) == [AT_WORK]


def test_a_gateway_that_does_not_answer_is_one_failure() -> None:
    title = "the gateway answers the service mirror's probes"
    assert failures(looked_at(metric=False)) == [title]
    source = {**source_side(), **named(endpoints("web-west", "shop", "notReadyAddresses"))}
    assert failures(looked_at(source, metric=None)) == [title]
    assert of(looked_at(metric=None), title).status is Status.SKIPPED


@pytest.mark.parametrize("labels", [{}, {"mirror.linkerd.io/exported": "remote-discovery"}])
def test_a_service_without_the_export_label_is_one_failure(labels: dict[str, str]) -> None:
    target = target_side()
    target["Service shop/web"]["metadata"]["labels"] = labels
    source = source_side()
    del source["Service shop/web-west"], source["Endpoints shop/web-west"]
    assert failures(looked_at(source, target)) == [EXPORTED]


def test_what_the_service_mirror_says_about_a_missing_mirror_is_passed_on() -> None:
    source = source_side()
    del source["Service shop/web-west"]
    condition = {"status": "False", "reason": "Error", "message": "it would not work"}
    source[f"Link {SPACE}/west"]["status"] = {
        "mirrorServices": [
            {"remoteRef": {"namespace": "shop", "name": "web"}, "conditions": [condition]}
        ]
    }
    assert "it would not work" in of(looked_at(source), MIRRORS).detail


def test_a_service_of_someone_else_is_not_taken_for_the_mirror() -> None:
    source = {**source_side(), **named(thing("v1", "Service", "web-west", "shop"))}
    assert failures(looked_at(source)) == [MIRRORS]


def test_a_service_mirror_without_pods_is_one_failure_and_not_also_called_idle() -> None:
    source = source_side()
    source[f"Deployment {SPACE}/controller-west"]["status"]["availableReplicas"] = 0
    del source[f"Lease {SPACE}/service-mirror-write-west"]
    found = looked_at(source)
    assert failures(found) == [f"Deployment {SPACE}/controller-west is available"]
    assert of(found, AT_WORK).status is Status.SKIPPED


def test_a_probe_service_with_another_port_is_found() -> None:
    source = source_side()
    source[f"Service {SPACE}/probe-west"]["spec"]["ports"] = [{"port": 4180}]
    found = looked_at(source)
    title = "the gateway has one probe Service with an endpoint"
    assert failures(found) == [title]
    assert of(found, title).detail == "its port is 4180, not 4191"


def test_a_probe_service_that_is_missing_is_reported_as() -> None:
    source = source_side()
    del source[f"Service {SPACE}/probe-west"]
    title = "the gateway has one probe Service with an endpoint"
    assert of(looked_at(source), title).detail == "0 exist: none"


def test_two_probe_services_are_one_too_many() -> None:
    source = source_side()
    again = json.loads(json.dumps(source[f"Service {SPACE}/probe-west"]))
    again["metadata"]["name"] = "probe-gateway-west"
    found = looked_at({**source, "again": again})
    assert failures(found) == ["the gateway has one probe Service with an endpoint"]


def test_mirrors_of_a_link_that_is_gone_are_warned_of() -> None:
    gone = {**MIRROR, "mirror.linkerd.io/cluster-name": "north"}
    left = thing("v1", "Service", "web-north", "shop", labels=gone)

    def seen(*objects: dict[str, Any]) -> list[Finding]:
        return list(orphans.orphans(cluster_case(view(*objects, cluster="east"))))

    sound = source_side().values()
    assert warnings(seen(*sound)) == []
    assert warnings(seen(*sound, left)) == ["every mirrored Service belongs to a Link"]


def test_a_kubeconfig_gives_server_authority_and_token_and_hides_the_token() -> None:
    login = login_of(credentials(SPACE))
    assert (login.endpoint, login.token) == (ENDPOINT, TOKEN)
    assert TOKEN not in repr(login)


@pytest.mark.parametrize(
    "text",
    [
        "words",
        "[]",
        "a: [b",
        "{}",
        kubeconfig("http://west.example.org"),
        kubeconfig(client="x"),
        kubeconfig(token=""),
        kubeconfig(token=5),
        kubeconfig(exec={"command": "true"}),
        kubeconfig(tokenFile="/etc/passwd"),
        kubeconfig().replace('"current-context": "west"', '"current-context": "east"'),
        kubeconfig().replace('"users"', '"people"'),
    ],
)
def test_what_is_no_kubeconfig_with_a_token_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(CredentialsFault) as caught:
        login_of(credentials(SPACE, text))
    assert "passwd" not in str(caught.value)


def test_a_secret_without_the_key_is_refused() -> None:
    with pytest.raises(CredentialsFault, match="kubeconfig"):
        login_of(secret(CREDENTIALS, SPACE, {"other": "x"}))


def test_no_finding_has_a_token() -> None:
    old = kubeconfig(token="old-token")
    source = {**source_side(), **named(credentials(SPACE, old))}
    words = " ".join(f"{one.title} {one.detail} {one.hint}" for one in looked_at(source))
    assert TOKEN not in words
    assert "old-token" not in words


def test_a_link_with_an_address_of_its_own_is_compared_with_that() -> None:
    content = settings()
    content["links"][0]["gateway"] = {"address": ["gw.example.org"], "port": 8443}
    own = named(link(gatewayAddress="gw.example.org", gatewayPort="8443"))
    assert failures(looked_at({**source_side(), **own}, config=mesh(content))) == []
    assert failures(looked_at(config=mesh(content))) == [ADDRESS]
