"""Linkerd 2.8: a control plane and links of another form, and nothing of today's is asked for."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from checks.ambassador import gateway as gateway_checks
from checks.cluster import pre, surroundings
from checks.facts import fetch
from checks.facts.case import MeshCase
from checks.facts.results import Finding, Status
from checks.facts.view import ServedKind
from checks.linkerd import control_plane, generation_2_8
from checks.links import gateways, liveness, orphans
from checks.links.credentials import Outcome, Trial
from checks.run import reading
from checks.run import report as running
from checks.trust import certificates, webhooks
from config import MeshConfig
from config.inventory import inventory
from config.variants.linkerds import LINKERDS
from kube import helm
from kube.kubeconfig import Endpoint
from tests.certificates import Certified
from tests.unit.checks.builders import (
    ambassador,
    by_status,
    certified,
    cluster_case,
    deployment,
    endpoints,
    failures,
    helm_record,
    link_case,
    mesh,
    node,
    of,
    pod,
    secret,
    service,
    settings,
    thing,
    view,
    warnings,
)
from vocabulary.kinds import LEASE, LINK, POD, Kind

SPACE = "linkerd-multicluster"
CREDENTIALS = "cluster-credentials-west"
ACCOUNT = "linkerd-service-mirror-remote-access-east"
SERVER, TOKEN = "https://west.example.org:6443", "the-token"
TOLD = {
    "mirror.linkerd.io/cluster-name": "west",
    "mirror.linkerd.io/remote-cluster-domain": "cluster.local",
    "mirror.linkerd.io/remote-cluster-l5d-ns": "linkerd",
}
MIRROR = {
    "mirror.linkerd.io/cluster-name": "west",
    "mirror.linkerd.io/mirrored-service": "true",
}
ANCHOR = certified("root.linkerd.cluster.local")
Objects = dict[str, dict[str, Any]]


def old(**west: Any) -> MeshConfig:
    """Both clusters of Linkerd 2.8, linked; further settings of the target's Linkerd."""
    content = settings()
    for cluster in content["clusters"].values():
        cluster["linkerd"] = {"version": "2.8.1"}
    content["clusters"]["west"]["linkerd"] |= west
    content["clusters"]["west"]["ambassador"] = {"gateway": {"probe": "ambassador"}}
    return mesh(content)


# The control plane


def config_map(**changed: Any) -> dict[str, Any]:
    content = {
        "linkerdNamespace": "linkerd",
        "cniEnabled": False,
        "version": "stable-2.8.1",
        "clusterDomain": "cluster.local",
        **changed,
    }
    identity = {"trustDomain": "cluster.local", "trustAnchorsPem": ANCHOR.pem}
    content["identityContext"] = {**identity, **changed.get("identityContext", {})}
    return thing(
        "v1", "ConfigMap", "linkerd-config", "linkerd", data={"global": json.dumps(content)}
    )


def configured(*objects: dict[str, Any], **west: Any) -> list[Finding]:
    return list(generation_2_8.configuration(cluster_case(view(*objects), old(**west))))


def test_a_configuration_that_agrees_passes() -> None:
    assert failures(configured(config_map())) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clusterDomain": "k8s.example.org"}, "clusterDomain is k8s.example.org"),
        ({"cniEnabled": True}, "cniEnabled is True"),
        ({"linkerdNamespace": "l5d"}, "linkerdNamespace is l5d"),
        ({"version": "stable-2.8.0"}, "version is stable-2.8.0"),
        ({"identityContext": {"trustDomain": "example.org"}}, "trustDomain is example.org"),
    ],
)
def test_each_setting_that_differs_is_named(changed: dict[str, Any], words: str) -> None:
    found = configured(config_map(**changed))
    assert failures(found) == ["linkerd-config matches the stack file"]
    assert found[1].detail.startswith(words)


def test_a_configuration_that_is_missing_or_of_todays_form_is_one_failure() -> None:
    title = "ConfigMap linkerd/linkerd-config exists"
    today = thing("v1", "ConfigMap", "linkerd-config", "linkerd", data={"values": "a: b"})
    assert failures(configured()) == [title]
    assert failures(configured(today)) == [title]


def test_a_configuration_that_its_release_lost_is_left_to_the_release() -> None:
    record = helm_record("linkerd2", "linkerd", objects=(config_map(),))
    case = cluster_case(view(releases=helm.histories([record])), old())
    (found,) = generation_2_8.configuration(case)
    assert found.status is Status.SKIPPED


CONTROL_PLANE = tuple(
    deployment(name, "linkerd", replicas=3)
    for name in (
        "linkerd-controller",
        "linkerd-destination",
        "linkerd-identity",
        "linkerd-proxy-injector",
        "linkerd-sp-validator",
        "linkerd-tap",
    )
)


@pytest.mark.parametrize("left_out", range(len(CONTROL_PLANE)))
def test_every_deployment_of_the_control_plane_is_checked(left_out: int) -> None:
    def seen(*objects: dict[str, Any]) -> list[str]:
        return failures(list(generation_2_8.deployments(cluster_case(view(*objects), old()))))

    some = [one for number, one in enumerate(CONTROL_PLANE) if number != left_out]
    name = CONTROL_PLANE[left_out]["metadata"]["name"]
    assert seen(*CONTROL_PLANE) == []
    assert seen(*some) == [f"Deployment linkerd/{name} is available"]


def test_high_availability_and_the_cni_plugin_are_checked_where_they_are_wanted() -> None:
    single = (*CONTROL_PLANE[:5], deployment("linkerd-tap", "linkerd"))
    case = cluster_case(view(*single), old(highAvailability=True, cni=True))
    assert failures(list(generation_2_8.deployments(case))) == [
        "DaemonSet linkerd-cni/linkerd-cni is available",
        "every control plane Deployment has more than one replica",
    ]


def test_only_kinds_of_that_time_have_to_be_served() -> None:
    def seen(*versions: tuple[str, str, str]) -> list[str]:
        served = {Kind(g, k): ServedKind({v: "x"}, True) for g, k, v in versions}
        return failures(list(generation_2_8.kinds(cluster_case(view(served=served), old()))))

    profile = ("linkerd.io", "ServiceProfile", "v1alpha2")
    split = ("split.smi-spec.io", "TrafficSplit", "v1alpha1")
    assert seen(profile, split) == []
    assert seen(profile) == seen(split) == ["the API server serves Linkerd's kinds"]


def test_its_releases_have_the_names_of_their_charts() -> None:
    found = {str(one): one.chart for one in inventory(old(cni=True), "west").releases}
    assert found == {
        "linkerd/linkerd2": "linkerd2",
        "linkerd/linkerd-cni": "linkerd2-cni",
        "linkerd-multicluster/linkerd2-multicluster": "linkerd2-multicluster",
        "emissary-system/emissary-crds": "emissary-crds-chart",
        "ambassador/ambassador": "emissary-ingress",
    }


def test_the_namespace_of_its_cni_plugin_is_made_by_the_chart_and_read() -> None:
    config = old(cni=True)
    assert "linkerd-cni" not in inventory(config, "west").namespaces
    assert "linkerd-cni" in inventory(config, "west").read_namespaces
    assert "linkerd-cni" not in inventory(old(), "west").read_namespaces


def test_a_cluster_is_checked_by_the_checks_of_its_generation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space = thing("v1", "Namespace", "linkerd")
    views = {"east": view(space, cluster="east"), "west": view(space)}
    monkeypatch.setattr(reading, "view_of", lambda _, name, *, pre: views[name])
    for config, wanted, unwanted in (
        (old(), "Deployment linkerd/linkerd-tap is available", "the source serves Links"),
        (mesh(), "the API server serves the Gateway API's kinds", "Deployment linkerd/linkerd-tap"),
    ):
        titles = [result.title for result in running.run(config).results]
        assert wanted in titles
        assert not [title for title in titles if title.startswith(unwanted)]


@pytest.mark.parametrize(
    ("version", "failed"),
    [
        ("v1.21.14", []),
        ("v1.13.0", []),
        ("v1.12.9", ["Kubernetes is 1.13 or newer"]),
        (
            "v1.22.0",
            [
                "Kubernetes is 1.21 or older, for Linkerd 2.8.1 (its CRDs and webhooks are of "
                "v1beta1 APIs)"
            ],
        ),
    ],
)
def test_its_clusters_are_old_ones(version: str, failed: list[str]) -> None:
    case = cluster_case(view(version=version), old())
    assert failures(list(surroundings.version(case))) == failed


# Certificates


def trust(*objects: dict[str, Any]) -> list[Finding]:
    case = cluster_case(view(*objects), old())
    return [*certificates.trust_anchors(case), *certificates.issuer(case)]


def issuer(signer: Certified = ANCHOR, *, scheme: str = "linkerd.io/tls") -> dict[str, Any]:
    one = certified("identity.linkerd.cluster.local", signer)
    names = ("crt.pem", "key.pem") if scheme == "linkerd.io/tls" else ("tls.crt", "tls.key")
    data = dict(zip(names, (one.pem, one.old_key_pem), strict=True))
    return secret("linkerd-identity-issuer", "linkerd", data)


@pytest.mark.parametrize("scheme", ["linkerd.io/tls", "kubernetes.io/tls"])
def test_anchors_are_in_the_configuration_and_the_issuer_in_either_form(scheme: str) -> None:
    found = trust(config_map(), issuer(scheme=scheme))
    assert {one.status for one in found} == {Status.OK}
    assert not [one.title for one in found if "ca.crt" in one.title]


def test_an_issuer_of_another_anchor_is_found() -> None:
    found = trust(config_map(), issuer(certified("other")))
    assert failures(found) == ["the issuer is signed by a trust anchor"]


@pytest.mark.parametrize("linkerd", ["2.8.1", "2026.8.3"])
def test_an_anchor_of_rsa_is_one_that_linkerd_2_8_alone_refuses(linkerd: str) -> None:
    root = certified("root", key=rsa.generate_private_key(65537, 2048))
    signed = certified("identity.linkerd.cluster.local", root)
    names = ("crt.pem", "key.pem")
    if linkerd == "2.8.1":
        bundle = config_map(identityContext={"trustAnchorsPem": root.pem})
        config = old()
    else:
        data = {"ca-bundle.crt": root.pem}
        bundle = thing("v1", "ConfigMap", "linkerd-identity-trust-roots", "linkerd", data=data)
        config = mesh(settings())
    pair = dict(zip(names, (signed.pem, signed.old_key_pem), strict=True))
    held = secret("linkerd-identity-issuer", "linkerd", pair)
    case = cluster_case(view(bundle, held), config)
    found = [*certificates.trust_anchors(case), *certificates.issuer(case)]
    refused = [
        "the trust anchors use supported algorithms",
        "the issuer uses a supported algorithm",
    ]
    seen = [one.title for one in found if one.status is Status.FAILURE and one.title in refused]
    assert seen == (refused if linkerd == "2.8.1" else [])


def test_a_configuration_without_anchors_is_one_failure() -> None:
    for bare in ((), (config_map(identityContext={"trustAnchorsPem": ""}),)):
        found = trust(*bare, issuer())
        assert failures(found) == ["the trust anchors can be read"]
        assert "ConfigMap linkerd/linkerd-config" in found[0].detail


def test_clusters_of_both_generations_can_trust_the_same_anchors() -> None:
    roots = thing(
        "v1",
        "ConfigMap",
        "linkerd-identity-trust-roots",
        "linkerd",
        data={"ca-bundle.crt": ANCHOR.pem},
    )
    views = {"east": view(roots), "west": view(config_map())}
    (found,) = certificates.same_anchors(MeshCase(mesh(), views))
    assert found.status is Status.OK


HOOKS = {
    "linkerd-proxy-injector": ("MutatingWebhookConfiguration", None),
    "linkerd-sp-validator": ("ValidatingWebhookConfiguration", None),
    "linkerd-tap": ("APIService", "v1alpha1.tap.linkerd.io"),
}


def hooks(keys: tuple[str, str] = ("crt.pem", "key.pem")) -> list[Finding]:
    bundle = base64.b64encode(ANCHOR.pem.encode()).decode()
    objects = []
    for name, (kind, registered) in HOOKS.items():
        one = certified(f"{name}.linkerd.svc", ANCHOR, authority=False)
        data = dict(zip(keys, (one.pem, one.old_key_pem), strict=True))
        objects += [secret(f"{name}-tls", "linkerd", data), deployment(name, "linkerd")]
        group = "apiregistration.k8s.io" if registered else "admissionregistration.k8s.io"
        fields: dict[str, Any] = (
            {"spec": {"caBundle": bundle}}
            if registered
            else {"webhooks": [{"clientConfig": {"caBundle": bundle}}]}
        )
        objects.append(thing(f"{group}/v1", kind, registered or f"{name}-webhook-config", **fields))
    return list(webhooks.webhooks(cluster_case(view(*objects), old())))


def test_its_three_webhooks_have_secrets_of_a_form_of_their_own() -> None:
    found = hooks()
    assert {one.status for one in found} == {Status.OK}
    assert {one.title.split()[1] for one in found} == set(HOOKS)


def test_a_secret_of_todays_form_is_one_that_its_webhooks_do_not_read() -> None:
    found = hooks(("tls.crt", "tls.key"))
    assert len(failures(found)) == len(HOOKS)
    assert "has no key 'crt.pem'" in found[0].detail


# The gateway


def front(**annotations: str) -> dict[str, Any]:
    identity = "ambassador-west.ambassador.serviceaccount.identity.linkerd.cluster.local"
    usual = {
        "gateway-identity": identity,
        "multicluster-gateway": "true",
        "probe-path": "-/ambassador/ready",
        "probe-period": "3",
    }
    found = {**usual, **{key.replace("_", "-"): text for key, text in annotations.items()}}
    return service(
        "ambassador",
        "ambassador",
        address="203.0.113.9",
        ports={"mc-gateway": 4143, "mc-probe": 80},
        annotations={f"mirror.linkerd.io/{key}": text for key, text in found.items()},
    )


HEALTH = ambassador(
    "Mapping",
    "public-health-check",
    "v2",
    prefix="/-/ambassador/ready",
    rewrite="/ambassador/v0/check_ready",
    bypass_auth=True,
    add_linkerd_headers=False,
)
WORKLOAD = deployment(
    "ambassador", "ambassador", pod_annotations={"config.linkerd.io/enable-gateway": "true"}
)


def gateway(*objects: dict[str, Any]) -> list[Finding]:
    return list(gateway_checks.gateway(cluster_case(view(*objects), old())))


def test_a_gateway_has_its_path_without_a_slash_and_has_no_policy() -> None:
    found = gateway(front(), HEALTH, WORKLOAD)
    assert {one.status for one in found} == {Status.OK}
    assert not [one.title for one in found if "policy" in one.title]


@pytest.mark.parametrize(
    ("annotations", "title"),
    [
        ({"probe_path": "/-/ambassador/ready"}, "the gateway Service has the configured probe"),
        ({"probe_period": "3s"}, "the gateway Service has the configured probe"),
        (
            {"multicluster_gateway": ""},
            "the gateway Service has annotation mirror.linkerd.io/multicluster-gateway",
        ),
    ],
)
def test_each_annotation_that_its_service_mirrors_do_not_read_is_one_failure(
    annotations: dict[str, str], title: str
) -> None:
    assert failures(gateway(front(**annotations), HEALTH, WORKLOAD)) == [title]


# Links


def kubeconfig(token: str = TOKEN) -> str:
    return json.dumps(
        {
            "clusters": [{"name": "west", "cluster": {"server": SERVER}}],
            "contexts": [{"name": "west", "context": {"cluster": "west", "user": "mirror"}}],
            "current-context": "west",
            "users": [{"name": "mirror", "user": {"token": token}}],
        }
    )


def credentials(name: str = CREDENTIALS, **fields: Any) -> dict[str, Any]:
    usual = {"type": "mirror.linkerd.io/remote-kubeconfig", "annotations": TOLD}
    return secret(name, SPACE, {"kubeconfig": kubeconfig()}, **{**usual, **fields})


def named(*objects: dict[str, Any]) -> Objects:
    return {f"{one['kind']} {one['metadata']['name']}": one for one in objects}


def source_side() -> Objects:
    gateway_labels = {
        "mirror.linkerd.io/cluster-name": "west",
        "mirror.linkerd.io/mirrored-gateway": "true",
        "mirror.linkerd.io/mirrored-service": "true",
    }
    return named(
        credentials(),
        deployment("linkerd-service-mirror", SPACE),
        service("ambassador-west", SPACE, labels=gateway_labels, ports={"mc-probe": 80}),
        service("web-west", "shop", labels=MIRROR),
        endpoints("web-west", "shop", labels=MIRROR),
    )


EXPORTED_BY = {
    "mirror.linkerd.io/gateway-name": "ambassador",
    "mirror.linkerd.io/gateway-ns": "ambassador",
}


def target_side(**annotations: str) -> Objects:
    found = {**EXPORTED_BY, **annotations}
    return named(
        secret(f"{ACCOUNT}-token", SPACE, {"token": TOKEN}),
        service("web", "shop", annotations=found),
        front(),
    )


def looked_at(
    source: Objects | None = None, target: Objects | None = None, **fields: Any
) -> list[Finding]:
    usual = {"endpoint": Endpoint(SERVER, None), "trial": Trial(Outcome.WORKS, SERVER)}
    case = link_case(
        view(*(source_side() if source is None else source).values(), cluster="east"),
        view(*(target_side() if target is None else target).values()),
        old(),
        **{**usual, "metric": True, **fields},
    )
    return [
        *generation_2_8.credentials(case),
        *generation_2_8.service_mirror(case),
        *generation_2_8.exports(case),
    ]


HOLDS = f"Secret {SPACE}/{CREDENTIALS} has usable credentials"
KNOWS = "the service mirror has a Service for the target's gateway"
EXPORTED = "Service shop/web is exported"
MIRRORS = "Service shop/web-west mirrors it in the source"


def test_a_sound_link_passes_everything() -> None:
    assert {one.status for one in looked_at()} == {Status.OK}


@pytest.mark.parametrize(
    ("gone", "title"),
    [
        (f"Secret {CREDENTIALS}", HOLDS),
        (
            "Deployment linkerd-service-mirror",
            f"Deployment {SPACE}/linkerd-service-mirror is available",
        ),
        ("Service ambassador-west", KNOWS),
        ("Service web-west", MIRRORS),
        ("Endpoints web-west", MIRRORS),
    ],
)
def test_each_object_that_the_source_lacks_is_one_failure(gone: str, title: str) -> None:
    source = source_side()
    del source[gone]
    assert failures(looked_at(source)) == [title]


@pytest.mark.parametrize("lacking", sorted(TOLD))
def test_a_secret_that_lacks_an_annotation_is_one_that_the_service_mirror_passes_over(
    lacking: str,
) -> None:
    left = {key: value for key, value in TOLD.items() if key != lacking}
    found = looked_at({**source_side(), **named(credentials(annotations=left))})
    assert failures(found) == [HOLDS]
    assert lacking in of(found, HOLDS).detail


def test_a_second_secret_for_the_same_cluster_is_found() -> None:
    found = looked_at({**source_side(), **named(credentials("by-hand"))})
    assert failures(found) == ["only one Secret has credentials for cluster west"]


def test_credentials_that_are_old_name_another_server_or_do_not_work_are_found() -> None:
    target = target_side()
    target |= named(secret(f"{ACCOUNT}-token", SPACE, {"token": "new"}))
    assert failures(looked_at(target=target)) == ["the credentials have the target's current token"]
    elsewhere = Endpoint("https://other.example.org", None)
    assert warnings(looked_at(endpoint=elsewhere)) == [
        "the credentials name the target's API server"
    ]
    refused = Trial(Outcome.REFUSED, SERVER, "no")
    assert failures(looked_at(trial=refused)) == [
        "the credentials can get, list and watch Services in the target"
    ]


@pytest.mark.parametrize("lacking", sorted(EXPORTED_BY))
def test_an_exported_service_names_its_gateway(lacking: str) -> None:
    found = looked_at(target=target_side(**{lacking: ""}))
    assert failures(found) == [EXPORTED]
    assert of(found, EXPORTED).detail == f"it lacks {lacking}=ambassador"


def test_a_service_that_does_not_exist_is_one_failure() -> None:
    target, source = target_side(), source_side()
    del target["Service web"], source["Service web-west"], source["Endpoints web-west"]
    assert failures(looked_at(source, target)) == [EXPORTED]


def test_a_service_of_someone_else_is_not_taken_for_the_mirror() -> None:
    found = looked_at({**source_side(), **named(service("web-west", "shop"))})
    assert failures(found) == [MIRRORS]


def test_a_gateway_that_is_known_by_another_port_is_found() -> None:
    source = source_side()
    source["Service ambassador-west"]["spec"]["ports"] = [{"name": "mc-probe", "port": 4191}]
    assert of(looked_at(source), KNOWS).detail == "its port is 4191, not 80"


def test_a_gateway_that_does_not_answer_is_one_failure() -> None:
    assert failures(looked_at(metric=False)) == ["the gateway answers the service mirror's probes"]


def test_a_service_mirror_without_pods_is_one_failure() -> None:
    source = source_side()
    source["Deployment linkerd-service-mirror"]["status"]["availableReplicas"] = 0
    for gone in ("Service ambassador-west", "Service web-west", "Endpoints web-west"):
        del source[gone]
    found = looked_at(source)
    assert failures(found) == [f"Deployment {SPACE}/linkerd-service-mirror is available"]
    assert by_status(found, Status.SKIPPED) == [KNOWS, MIRRORS]


def test_where_pods_are_simulated_the_lack_of_mirrors_is_one_warning() -> None:
    source = source_side()
    for gone in ("Service ambassador-west", "Service web-west", "Endpoints web-west"):
        del source[gone]
    found = looked_at({**source, "Node": node(kwok=True)})
    assert (failures(found), warnings(found)) == ([], [KNOWS])


def test_mirrors_of_a_link_that_is_gone_are_reported_by_the_stack_file() -> None:
    def seen(target: str) -> list[str]:
        labels = {**MIRROR, "mirror.linkerd.io/cluster-name": target}
        left = service("web-x", "shop", labels=labels)
        case = cluster_case(view(left, cluster="east"), old())
        return warnings(list(orphans.orphans(case)))

    assert seen("west") == []
    assert seen("north") == ["every mirrored Service belongs to a Link"]


def test_the_one_service_mirror_is_asked_for_every_target() -> None:
    labels = {"linkerd.io/control-plane-component": "linkerd-service-mirror"}
    pods = view(
        pod("starting", SPACE, labels=labels, phase="Pending"),
        pod("mirror", SPACE, labels=labels),
        pod("other", SPACE),
    )
    assert liveness.mirror_pod(pods, "west", LINKERDS["2.8"]) == "mirror"
    assert liveness.mirror_pod(view(), "west", LINKERDS["2.8"]) is None


def test_what_there_is_none_of_is_not_read() -> None:
    read = {listing.kind for listing in fetch.plan(old(), "east", pre=False)}
    assert not {LINK, LEASE} & read
    assert (POD, SPACE) in {
        (listing.kind, listing.namespace) for listing in fetch.plan(old(), "east", pre=False)
    }


# Before


def test_before_an_installation_only_names_of_that_time_are_checked() -> None:
    titles = {one.title for one in pre.clashes(cluster_case(view(), old()))}
    assert not [title for title in titles if "Gateway API" in title or "Link CRD" in title]
    assert "Linkerd's CRDs: absent, or created by release linkerd/linkerd2" in titles
    profile = thing(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "trafficsplits.split.smi-spec.io"
    )
    found = list(pre.clashes(cluster_case(view(profile), old())))
    assert failures(found) == ["Linkerd's CRDs: absent, or created by release linkerd/linkerd2"]


def test_its_service_mirror_makes_namespaces_by_itself() -> None:
    case = link_case(view(cluster="east"), view(service("web", "shop")), old())
    assert failures(list(pre.mirrors(case))) == []


def test_the_namespace_of_the_control_plane_has_todays_labels_already() -> None:
    labels = {
        "linkerd.io/is-control-plane": "true",
        "linkerd.io/control-plane-ns": "linkerd",
        "config.linkerd.io/admission-webhooks": "disabled",
    }
    space = thing("v1", "Namespace", "linkerd", labels=labels)
    found = list(control_plane.namespace(cluster_case(view(space), old())))
    assert {one.status for one in found} == {Status.OK}


def test_the_mirror_of_the_gateway_itself_is_not_counted_among_mirrored_services() -> None:
    found = gateways.mirrored(view(*source_side().values()), "west")
    assert [service["metadata"]["name"] for service in found] == ["web-west"]
