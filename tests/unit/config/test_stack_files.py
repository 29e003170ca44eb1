"""What a stack file may contain, and the message for each mistake."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi.runtime
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from pydantic import ValidationError

from config import PROJECT, MeshConfig, Problem, StackFileError, load_settings, load_stack_file
from config.ambassador.edge_stack import EdgeStackConfig
from config.core.cluster import ClusterConfig
from config.core.mesh import gateway_identity
from config.from_engine import engine_settings
from config.linkerd.control_plane import Viz
from config.links.selectors import Selectors
from config.variants.ambassadors import FLAVOURS
from config.variants.linkerds import LINKERDS
from tests.stack_builders import (
    DELETED,
    EXAMPLES,
    SHIPPED,
    Settings,
    certificate,
    changed,
    ec_key,
    key_pem,
    loaded,
    pair,
    problems,
    shipped,
    stack_file,
    stack_text,
    valid_settings,
)

SOURCE, TARGET = "clusters.source", "clusters.target"
AMBASSADOR = f"{TARGET}.ambassador"
MAPPING = {"name": "shop", "prefix": "/shop/", "service": "web.shop"}


def only(settings: Settings) -> Problem:
    """The one problem of settings that have exactly one."""
    found = problems(settings)
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


# What is shipped, and what is valid ---------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED + EXAMPLES)
def test_a_stack_file_describes_a_mesh(name: str) -> None:
    config = load_stack_file(stack_file(name))
    assert config.links or name not in SHIPPED
    for link in config.links:
        assert {link.source, link.target} <= set(config.clusters)
        assert link.exports or link.selectors != Selectors() or name not in SHIPPED


def test_the_stack_files_of_tests_have_every_flavour_generation_and_api_version() -> None:
    clusters = [
        cluster
        for name in EXAMPLES
        for cluster in load_stack_file(stack_file(name)).clusters.values()
    ]
    ambassadors = [cluster.ambassador for cluster in clusters if cluster.ambassador]
    assert {cluster.linkerd.generation for cluster in clusters} == set(LINKERDS.values())
    assert {(one.flavour, one.line.major) for one in ambassadors if one.installed} == {
        (name, line.major) for name, kind in FLAVOURS.items() for line in kind.lines
    }
    assert {one.flavour for one in ambassadors if not one.installed} == set(FLAVOURS)
    assert {(one.flavour, one.objects_version) for one in ambassadors} == {
        (name, version)
        for name, kind in FLAVOURS.items()
        for line in kind.lines
        for version in line.api_versions
    }


@pytest.mark.parametrize("name", SHIPPED + EXAMPLES)
def test_a_stack_file_forbids_the_default_provider(name: str) -> None:
    content = yaml.safe_load(stack_file(name).read_text(encoding="utf-8"))
    assert content["config"]["kubernetes:strictMode"] == "true"


def test_the_shipped_stacks_differ_as_environments_do() -> None:
    local, staging, production = (loaded(shipped(name)) for name in SHIPPED)
    assert {c.context for c in local.clusters.values()} == {"source", "target"}
    assert not local.protection.trust_anchor
    assert production.protection.trust_anchor and production.protection.crds
    assert all(c.linkerd.high_availability for c in production.clusters.values())
    assert not any(c.linkerd.high_availability for c in staging.clusters.values())
    assert {(one.source, one.target) for one in staging.links} == {
        (one.target, one.source) for one in staging.links
    }


@hypothesis_settings(max_examples=150, deadline=None, derandomize=True)
@given(valid_settings())
def test_any_number_of_clusters_and_links_is_the_same_schema(settings: Settings) -> None:
    config = loaded(settings)
    assert list(config.clusters) == list(settings["clusters"])
    assert len(config.links) == len(settings.get("links", []))
    identities = [gateway_identity(name, item) for name, item in config.clusters.items()]
    assert len(set(identities)) == len(identities)


def test_what_is_loaded_cannot_be_changed() -> None:
    config = loaded(pair())
    for piece, field in ((config, "links"), (config.clusters["source"], "context")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(piece, field, None)


def test_what_is_loaded_keeps_nothing_of_the_data_that_it_came_from() -> None:
    settings = changed({f"{SOURCE}.linkerd.values": {"a": [{"b": 1}]}})
    before = copy.deepcopy(settings)
    config = loaded(settings)
    settings["clusters"]["source"]["linkerd"]["values"]["a"][0]["b"] = 2
    assert config.clusters["source"].linkerd.values == {"a": [{"b": 1}]}
    loaded(before)
    problems(changed({f"{SOURCE}.nonsense": [1, 2]}, before))
    assert before == changed({f"{SOURCE}.linkerd.values": {"a": [{"b": 1}]}})


@pytest.mark.parametrize(
    "changes",
    [
        {
            f"{AMBASSADOR}.mappings": [
                {**MAPPING, "service": "http://web.shop.svc.cluster.local:80"}
            ]
        },
        {
            f"{TARGET}.domain": "target.internal",
            f"{AMBASSADOR}.mappings": [{**MAPPING, "service": "web.shop.svc.target.internal"}],
        },
        {f"{AMBASSADOR}.mappings": [{**MAPPING, "service": "https://api.example.com:8443"}]},
        {f"{AMBASSADOR}.resources": {"cpuRequest": 1, "cpuLimit": 1.5, "memoryLimit": "1Gi"}},
        {
            f"{AMBASSADOR}.service": {"type": "ClusterIP"},
            "links[0].gateway": {"address": ["192.0.2.7", "gateway.example.com"]},
        },
        {f"{AMBASSADOR}.service.type": "NodePort", f"{AMBASSADOR}.gateway.address": ["fd00::1"]},
        {f"{AMBASSADOR}.gateway": {"probe": "ambassador"}},
        {"clusters.third": {"context": "third"}, "timeoutSeconds": 10},
        {"trustAnchor.anchors": [{"name": "new"}, {"name": "old"}], "trustAnchor.signer": "old"},
        {f"{SOURCE}.context": "arn:aws:eks:eu-west-1:111122223333:cluster/source"},
        {f"{SOURCE}.linkerd.namespace": "l" * 35, f"{SOURCE}.linkerd.trustDomain": "d" * 10},
        {f"{SOURCE}.linkerd.values": {"clusterDomain": "cluster.local"}},
        {"charts.linkerd": "http://charts.internal:8080/linkerd/"},
    ],
)
def test_it_may_also_say(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


# What is wrong in one place -----------------------------------------------------------------

LONG = "a-very-long-name-for-a-service"

# fmt: off
WRONG: list[tuple[str, dict[str, Any], str, str, str]] = [
    # a name, what is changed, where the problem is, a part of its message, a part of the remedy
    ("an unknown key", {f"{SOURCE}.colour": 1}, f"{SOURCE}.colour", "unknown key", "write one of"),
    ("a misspelled key", {f"{SOURCE}.netwroks": ["10.0.0.0/8"]},
     f"{SOURCE}.netwroks", "known", "'networks'"),
    ("a key in snake case", {f"{SOURCE}.linkerd.high_availability": True},
     f"{SOURCE}.linkerd.high_availability", "unknown key", "'highAvailability'"),
    ("a key one level too high", {f"{SOURCE}.listeners": []}, f"{SOURCE}.listeners", "unknown key",
     "write one of: context"),
    ("an unknown key at the top", {"linksss": []}, "linksss", "unknown key", "'links'"),
    ("a text for a mapping", {f"{SOURCE}.linkerd": "2026.8.3"}, f"{SOURCE}.linkerd",
     "a string", ""),
    ("nothing for a mapping", {f"{SOURCE}.linkerd": None}, f"{SOURCE}.linkerd", "nothing", "{}"),
    ("a text for a list", {"links": "all"}, "links", "expected a list, found a string", "'- '"),
    ("a number for a text", {f"{SOURCE}.linkerd.version": 2026.8}, f"{SOURCE}.linkerd.version",
     "expected a string, found a number", "in quotes"),
    ("yes for true", {f"{SOURCE}.linkerd.cni": "yes"}, f"{SOURCE}.linkerd.cni",
     "expected true or false, found a string", "without quotes"),
    ("a text for a number", {f"{AMBASSADOR}.gateway.port": "4143"}, f"{AMBASSADOR}.gateway.port",
     "expected a whole number", "without quotes"),
    ("a port too high", {f"{AMBASSADOR}.gateway.port": 65536}, f"{AMBASSADOR}.gateway.port",
     "above 65535", "at most 65535"),
    ("too short a time", {"timeoutSeconds": 9}, "timeoutSeconds", "below 10", "at least 10"),
    ("a role that is none", {f"{SOURCE}.role": "client"}, f"{SOURCE}.role", "'client'",
     "source, target or both"),
    ("no clusters", {"clusters": {}, "links": []}, "clusters", "no cluster", "context"),
    ("a cluster without a way to it", {f"{SOURCE}.context": DELETED}, SOURCE,
     "neither context nor kubeconfig is given", "pulumi config set --secret"),
    ("a cluster with two ways to it", {f"{SOURCE}.kubeconfig": {"secure": "v1:abc"}}, SOURCE,
     "both context and kubeconfig are given", "leave context or kubeconfig out"),
    ("a kubeconfig that is none",
     {f"{SOURCE}.context": DELETED, f"{SOURCE}.kubeconfig": "clusters: []"}, f"{SOURCE}.kubeconfig",
     "not a kubeconfig", "kubectl config view"),
    ("an empty context", {f"{SOURCE}.context": " "}, f"{SOURCE}.context", "empty", "one line"),
    ("a uid that is none", {f"{SOURCE}.uid": "1"}, f"{SOURCE}.uid", "'1'", "kubectl get namespace"),
    ("a network with host bits", {f"{SOURCE}.networks": ["10.1.2.3/8"]}, f"{SOURCE}.networks[0]",
     "'10.1.2.3/8'", "write 10.0.0.0/8"),
    ("no networks", {f"{SOURCE}.networks": []}, f"{SOURCE}.networks", "empty", "leave the key out"),
    ("an API server without https", {f"{TARGET}.apiServer": {"address": "http://api.example.com"}},
     f"{TARGET}.apiServer.address", "does not begin with https://", "https://east.example.com:6443"),
    ("an API server's CA that is none",
     {f"{TARGET}.apiServer": {"address": "https://a.b", "certificateAuthority": "CA"}},
     f"{TARGET}.apiServer.certificateAuthority", "not a certificate", "BEGIN CERTIFICATE"),
    ("a private key beside an API server's CA",
     {f"{TARGET}.apiServer": {"address": "https://a.b",
      "certificateAuthority": certificate() + key_pem(ec_key())}},
     f"{TARGET}.apiServer.certificateAuthority", "this is a private key", "replace the key"),
    ("a cluster domain that is no name", {f"{SOURCE}.domain": "cluster.local."}, f"{SOURCE}.domain",
     "'cluster.local.'", "without a dot at the end"),
    ("a trust domain too long for a certificate",
     {f"{SOURCE}.linkerd.trustDomain": f"{'d' * 40}.example.com"}, f"{SOURCE}.linkerd.trustDomain",
     "69 characters; the limit is 64", "shorter trust domain"),
    ("a cluster domain too long for a certificate", {f"{SOURCE}.domain": f"{'d' * 40}.example.com"},
     f"{SOURCE}.domain", "69 characters; the limit is 64", "under linkerd.trustDomain"),
    ("a control-plane namespace too long for a webhook's certificate",
     {f"{SOURCE}.linkerd": {"namespace": "l" * 36, "trustDomain": "d"}},
     f"{SOURCE}.linkerd.namespace", "65 characters; the limit is 64", "at most 35 characters"),
    ("a route to another cluster's domain",
     {f"{AMBASSADOR}.mappings": [{**MAPPING, "service": "http://web.shop.svc.other.domain:80"}]},
     f"{AMBASSADOR}.mappings[0].service", "'other.domain'", "write web.shop.svc.cluster.local"),
    ("a Helm value against the cluster domain",
     {f"{SOURCE}.linkerd.values": {"clusterDomain": "other.domain"}},
     f"{SOURCE}.linkerd.values.clusterDomain", "'other.domain' contradicts",
     f"set {SOURCE}.domain instead"),
    ("a Helm value against the trust domain",
     {f"{SOURCE}.linkerd.multicluster.values": {"identityTrustDomain": "other.domain"}},
     f"{SOURCE}.linkerd.multicluster.values.identityTrustDomain", "contradicts",
     "linkerd.trustDomain"),
    ("a Helm value against the gateway's identity",
     {f"{AMBASSADOR}.values": {"serviceAccount": {"name": "other"}}},
     f"{AMBASSADOR}.values.serviceAccount.name", "contradicts",
     f"set {AMBASSADOR}.serviceAccount instead"),
    ("a secret among Helm values",
     {f"{SOURCE}.linkerd.values": {"a": [{"b": {"secure": "v1:abc"}}]}},
     f"{SOURCE}.linkerd.values.a[0].b",
     "everyone who can read the Helm release can read its values", "Kubernetes Secret"),
    ("a private key among Helm values",
     {f"{AMBASSADOR}.values": {"tls": f"{'-----BEGIN'} EC PRIVATE KEY-----\nx"}},
     f"{AMBASSADOR}.values.tls", "everyone who can read the Helm release can read its values",
     "Kubernetes Secret"),
    ("two namespaces of one name", {f"{AMBASSADOR}.namespace": "linkerd"},
     f"{AMBASSADOR}.namespace", "'linkerd' is already used for linkerd.namespace",
     "write another namespace"),
    ("the namespace of an extension", {f"{TARGET}.sample": {"namespace": "linkerd-multicluster"}},
     f"{TARGET}.sample.namespace", "already used for the multicluster extension",
     "write another namespace"),
    ("a namespace that every cluster has", {f"{AMBASSADOR}.namespace": "default"},
     f"{AMBASSADOR}.namespace", "belongs to Kubernetes", "does not exist yet"),
    ("a chart version that is none", {f"{SOURCE}.linkerd.version": "edge-26.8.3"},
     f"{SOURCE}.linkerd.version", "edge-26.8.3 is the name of a release", '"2026.8.3"'),
    ("charts older than the Link", {f"{TARGET}.linkerd.version": "2024.11.8"},
     f"{TARGET}.linkerd.version",
     "charts 2024.11.8 lack what links[0] needs: Links of multicluster.linkerd.io/v1alpha3",
     "2026.8.3"),
    ("charts of another Ambassador", {f"{AMBASSADOR}.version": "5.0.0"}, f"{AMBASSADOR}.version",
     "Emissary-ingress has no chart of version 5.0.0", '"4.1.0" or "3.10.0"'),
    ("a name too long for a release",
     {f"{AMBASSADOR}.name": "n" * 54, f"{AMBASSADOR}.serviceAccount": "a"}, f"{AMBASSADOR}.name",
     "54 characters", "at most 53"),
    ("a ServiceAccount too long for an identity",
     {f"clusters.{'c' * 30}": {"context": "c", "ambassador": {"name": "n" * 33}}},
     f"clusters.{'c' * 30}.ambassador.serviceAccount",
     "64 characters; the limit within an identity is 63", "shorter serviceAccount"),
    ("one replica and high availability",
     {f"{AMBASSADOR}.highAvailability": True, f"{AMBASSADOR}.replicas": 1},
     f"{AMBASSADOR}.replicas", "needs at least 2 replicas", "replicas: 3"),
    ("a request above its limit",
     {f"{AMBASSADOR}.resources": {"memoryRequest": "1Gi", "memoryLimit": "1000Mi"}},
     f"{AMBASSADOR}.resources.memoryRequest", "above memoryLimit (1000Mi)", "at most 1000Mi"),
    ("source ranges without a load balancer",
     {f"{AMBASSADOR}.service": {"type": "NodePort", "sourceRanges": ["10.0.0.0/8"]},
         f"{AMBASSADOR}.gateway.address": ["192.0.2.1"]}, f"{AMBASSADOR}.service.sourceRanges",
     "a Service of type NodePort", "type: LoadBalancer"),
    ("an annotation of the gateway's own",
     {f"{AMBASSADOR}.service.annotations": {"mirror.linkerd.io/gateway-identity": "x"}},
     f'{AMBASSADOR}.service.annotations["mirror.linkerd.io/gateway-identity"]',
     "the program writes", "leave it out"),
    ("an annotation's key that is none",
     {f"{AMBASSADOR}.service.annotations": {"example.com/a/b": "1"}},
     f'{AMBASSADOR}.service.annotations["example.com/a/b"]', "not the key of an annotation",
     "example.com/name"),
    ("a number as an annotation", {f"{AMBASSADOR}.service.annotations": {"example.com/a": 1}},
     f'{AMBASSADOR}.service.annotations["example.com/a"]', "expected a string, found a number",
     "in quotes"),
    ("a Mapping without a prefix", {f"{AMBASSADOR}.mappings": [{"name": "a", "service": "a.b"}]},
     f"{AMBASSADOR}.mappings[0].prefix", "missing", "add 'prefix'"),
    ("a Mapping by the gateway's name",
     {f"{AMBASSADOR}.mappings": [{**MAPPING, "name": "public-health-check"}]},
     f"{AMBASSADOR}.mappings[0].name", "reserved for the gateway", "another name"),
    ("a Mapping on the health route",
     {f"{AMBASSADOR}.mappings": [{**MAPPING, "prefix": "/-/ambassador/ready"}]},
     f"{AMBASSADOR}.mappings[0].prefix", "health route", "another prefix"),
    ("two Mappings of one name", {f"{AMBASSADOR}.mappings": [MAPPING, {**MAPPING, "prefix": "/b"}]},
     f"{AMBASSADOR}.mappings[1].name", "duplicate Mapping name 'shop'", "only once"),
    ("a rewrite that is no path", {f"{AMBASSADOR}.mappings": [{**MAPPING, "rewrite": "shop"}]},
     f"{AMBASSADOR}.mappings[0].rewrite", "'shop' cannot replace a prefix", "begins with '/'"),
    ("two Hosts for one host name",
     {f"{AMBASSADOR}.hosts": [{"name": "a", "hostname": "shop.example.com"},
      {"name": "b", "hostname": "SHOP.example.com"}]},
     f"{AMBASSADOR}.hosts[1].hostname", "duplicate hostname", "only once"),
    ("routes without a Host", {f"{AMBASSADOR}.hosts": [], f"{AMBASSADOR}.mappings": [MAPPING]},
     f"{AMBASSADOR}.hosts", "Ambassador serves no Mapping", "add one"),
    ("two Listeners on one port",
     {f"{AMBASSADOR}.listeners": [{"name": "a", "port": 8080}, {"name": "b", "port": 8080}]},
     f"{AMBASSADOR}.listeners[1].port", "duplicate", "only once"),
    ("a Listener on the proxy's port", {f"{AMBASSADOR}.listeners": [{"name": "a", "port": 4143}]},
     f"{AMBASSADOR}.listeners[0].port", "used by Linkerd's proxy", "8080"),
    ("a probe through an Ambassador that answers for one name only",
     {f"{AMBASSADOR}.gateway.probe": "ambassador",
         f"{AMBASSADOR}.hosts": [{"name": "a", "hostname": "a.example.com"}]},
     f"{AMBASSADOR}.hosts", "no Host has the hostname '*'", "probe: proxy"),
    ("a probe through an Ambassador that redirects cleartext",
     {f"{AMBASSADOR}.gateway.probe": "ambassador",
         f"{AMBASSADOR}.hosts": [{"name": "a", "hostname": "*", "insecure": "Redirect"}]},
     f"{AMBASSADOR}.hosts[0].insecure", "answers cleartext with Redirect", "insecure: Route"),
    ("a probe through an Ambassador that does not listen there",
     {f"{AMBASSADOR}.gateway.probe": "ambassador",
         f"{AMBASSADOR}.listeners": [{"name": "a", "port": 8443}]}, f"{AMBASSADOR}.listeners",
     "no Listener has it", "port: 8080"),
    ("a gateway on the port of the ingress", {f"{AMBASSADOR}.gateway.port": 443},
     f"{AMBASSADOR}.gateway.port", "443 of the Service already serves", "another port"),
    ("a gateway and its probe on one port",
     {f"{AMBASSADOR}.gateway": {"port": 4143, "probePort": 4143}},
     f"{AMBASSADOR}.gateway.probePort", "would share port 4143", "differ"),
    ("a health route for every request",
     {f"{AMBASSADOR}.gateway": {"probe": "ambassador", "healthPath": "/"}},
     f"{AMBASSADOR}.gateway.healthPath", "every request", "/-/ambassador/ready"),
    ("a pull secret by the name of a Secret of Linkerd's",
     {f"{SOURCE}.linkerd.imagePullSecrets": [{"name": "linkerd-identity-issuer"}]},
     f"{SOURCE}.linkerd.imagePullSecrets[0].name", "one of Linkerd's own Secrets", "another name"),
    ("two pull secrets of one name",
     {f"{SOURCE}.linkerd.imagePullSecrets": [{"name": "a"}, {"name": "a"}]},
     f"{SOURCE}.linkerd.imagePullSecrets[1].name", "duplicate", "only once"),
    ("logins that are none",
     {f"{SOURCE}.linkerd.imagePullSecrets": [{"name": "a", "dockerConfigJson": "{}"}]},
     f"{SOURCE}.linkerd.imagePullSecrets[0].dockerConfigJson", "not a Docker configuration",
     '{"auths"'),
    ("a chart repository with a password",
     {"charts.linkerd": "https://me:hunter2@charts.example.com"}, "charts.linkerd",
     "contains a user name or password", "chart repository"),
    # between clusters and links
    ("a link from nowhere", {"links[0].source": "sorce"}, "links[0].source",
     "unknown cluster 'sorce'", "write 'source'"),
    ("a link to itself", {"links[0].source": "target"}, "links[0].target", "to itself", "another"),
    ("a target without a gateway", {f"{AMBASSADOR}.gateway": DELETED}, "links[0].target",
     "'target' has no gateway", "clusters.target.ambassador.gateway: {}"),
    ("a target that is none", {f"{TARGET}.role": "source"}, "links[0].target", "role 'source'",
     "role: both"),
    ("a source that is none", {f"{SOURCE}.role": "target"}, "links[0].source", "role 'target'",
     "role: both"),
    ("a gateway without an address", {f"{AMBASSADOR}.service.type": "ClusterIP"},
     "links[0].gateway", "has no address", "links[0].gateway.address"),
    ("one identity at both ends",
     {f"{SOURCE}.ambassador.serviceAccount": "ambassador",
         f"{AMBASSADOR}.serviceAccount": "ambassador"}, "links[0]",
     "ambassador.ambassador.serviceaccount.identity.linkerd.cluster.local",
     "clusters.source.ambassador.serviceAccount"),
    ("the same link twice", {"links[1]": {"source": "source", "target": "target"}}, "links[1]",
     "links[0] is already", "in one entry"),
    ("one context for two clusters", {f"{TARGET}.context": "source"}, f"{TARGET}.context",
     "cluster 'source' has the same context 'source'", "the context of this cluster"),
    ("one uid for two clusters",
     {f"{name}.uid": "01234567-89ab-4def-8123-456789abcdef" for name in (SOURCE, TARGET)},
     f"{TARGET}.uid", "cluster 'source' has the same uid", "own namespace kube-system"),
    ("the same export twice",
     {"links[0].exports[1]": {"namespace": "shop", "service": "web"}}, "links[0].exports[1]",
     "duplicate exported Service 'shop/web'", "only once"),
    ("a mirror whose name is too long", {"links[0].exports[0].service": "s" * 57},
     "links[0].exports[0].service", "64 characters; the limit is 63", "shorten"),
    ("a mirror by the name of Ambassador",
     {"links[0].exports[0]": {"namespace": "ambassador", "service": "web"},
         f"{SOURCE}.ambassador.name": "web-target"}, "links[0].exports[0]",
     "a Service that the program makes", "rename"),
    ("a name for a cluster that is none", {"clusters.Third": {"context": "third"}},
     "clusters.Third", "not a valid cluster name", "lower-case"),
    ("too long a name for a cluster", {f"clusters.{'c' * 31}": {"context": "third"}},
     f"clusters.{'c' * 31}", "31 characters", "at most 30"),
    # the trust anchor
    ("a signer that is none", {"trustAnchor": {"anchors": [{"name": "new"}], "signer": "old"}},
     "trustAnchor.signer", "unknown anchor 'old'", "new"),
    ("two anchors of one name", {"trustAnchor": {"anchors": [{"name": "new"}, {"name": "new"}]}},
     "trustAnchor.anchors[1].name", "duplicate", "only once"),
    ("renewal before the beginning",
     {"trustAnchor": {"validity": {"issuerDays": 100, "renewalDays": 100}}},
     "trustAnchor.validity.renewalDays", "every update would renew", "below 100"),
    ("issuers that outlive the anchor",
     {"trustAnchor": {"validity": {"anchorDays": 100, "webhookDays": 100}}},
     "trustAnchor.validity.issuerDays", "365 is above anchorDays (100)", "at most 100"),
]
# fmt: on


@pytest.mark.parametrize(
    ("changes", "path", "message", "remedy"),
    [pytest.param(*case[1:], id=case[0]) for case in WRONG],
)
def test_it_may_not_have(changes: dict[str, Any], path: str, message: str, remedy: str) -> None:
    found = problems(changed(changes))
    told = [problem for problem in found if problem.path == path]
    assert told, [str(problem) for problem in found]
    assert message in told[0].message
    assert remedy in told[0].remedy
    assert len(found) == 1, [str(problem) for problem in found]


def test_two_links_may_not_have_one_name() -> None:
    gateway: Settings = {"ambassador": {"gateway": {}}}
    settings = {
        "clusters": {name: {"context": name, **gateway} for name in ("a", "a-b", "b-c", "c")},
        "links": [{"source": "a-b", "target": "c"}, {"source": "a", "target": "b-c"}],
    }
    problem = only(settings)
    assert problem.path == "links[1]"
    assert "'a-b-c'" in problem.message
    assert "rename one of the clusters" in problem.remedy


def test_two_mirrors_may_not_have_one_name() -> None:
    gateway: Settings = {"ambassador": {"gateway": {}}}
    settings = {
        "clusters": {name: {"context": name, **gateway} for name in ("here", "b", "a-b")},
        "links": [
            {"source": "here", "target": "b", "exports": [{"namespace": "x", "service": "s-a"}]},
            {"source": "here", "target": "a-b", "exports": [{"namespace": "x", "service": "s"}]},
        ],
    }
    problem = only(settings)
    assert problem.path == "links[1].exports[0]"
    assert "x/s-a-b" in problem.message
    assert "links[0].exports[0]" in problem.message


def test_a_mirror_may_not_meet_a_service_that_its_own_cluster_exports() -> None:
    back = {"source": "target", "target": "source"}
    settings = changed(
        {
            f"{SOURCE}.role": "both",
            f"{TARGET}.role": "both",
            f"{SOURCE}.ambassador.gateway": {},
            "links[1]": {**back, "exports": [{"namespace": "shop", "service": "web-target"}]},
        }
    )
    problem = only(settings)
    assert problem.path == "links[0].exports[0]"
    assert "shop/web-target" in problem.message
    assert "the Service that links[1] exports" in problem.message


# Everything at once -------------------------------------------------------------------------


def test_errors_of_every_kind_are_reported_at_once() -> None:
    """Wrong fields, pieces that do not fit together, and clusters that do not fit each other."""
    settings = changed(
        {
            "timeoutSeconds": "soon",
            "trustAnchor": {"signer": "none", "anchors": [{"name": "a"}, {"name": "a"}]},
            f"{SOURCE}.context": 5,
            f"{SOURCE}.role": "target",
            f"{SOURCE}.linkerd": {"cni": 1, "namespace": "ambassador"},
            f"{TARGET}.ambassador.mappings": [
                {"name": "a", "prefx": "/a", "service": "http://a.b.svc.other"},
                7,
                {"name": "b", "prefix": "/b", "service": "http://a.b.svc.other"},
                {"name": "b", "prefix": "/b", "service": "x y"},
            ],
            "links[1]": {"source": "nobody", "target": "target"},
            "links[2]": "nonsense",
            "links[3]": {"source": "source", "target": "target"},
        }
    )
    assert {problem.path for problem in problems(settings)} == {
        "timeoutSeconds",
        "trustAnchor.signer",
        "trustAnchor.anchors[1].name",
        f"{SOURCE}.context",
        f"{SOURCE}.linkerd.cni",
        f"{SOURCE}.ambassador.namespace",
        f"{AMBASSADOR}.mappings[0].prefx",
        f"{AMBASSADOR}.mappings[0].service",
        f"{AMBASSADOR}.mappings[1]",
        f"{AMBASSADOR}.mappings[2].service",
        f"{AMBASSADOR}.mappings[3].service",
        "links[0].source",
        "links[1].source",
        "links[2]",
        "links[3]",
        "links[3].source",
    }


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        # neither a lack of the other way to the cluster
        ({f"{SOURCE}.context": 5}, f"{SOURCE}.context"),
        ({f"{SOURCE}.context": DELETED, f"{SOURCE}.contxt": "source"}, f"{SOURCE}.contxt"),
        # nor a lack of what was there, but wrong
        ({f"{AMBASSADOR}.gateway": "yes"}, f"{AMBASSADOR}.gateway"),
        ({f"{TARGET}.ambassador": []}, f"{TARGET}.ambassador"),
        ({TARGET: "target"}, TARGET),
        ({f"{SOURCE}.networks": ["10.0.0.0"]}, f"{SOURCE}.networks[0]"),
        (
            {
                f"{AMBASSADOR}.gateway.probe": "ambassador",
                f"{AMBASSADOR}.hosts": [{"name": "a", "hostname": "**"}],
            },
            f"{AMBASSADOR}.hosts[0].hostname",
        ),
        (
            {
                f"{AMBASSADOR}.service.type": "ClusterIP",
                "links[0].gateway": {"address": ["https://gateway.example.com"]},
            },
            "links[0].gateway.address[0]",
        ),
        # nor what follows from the default in its place
        (
            {f"{SOURCE}.ambassador": {"namespace": "default", "adopt": "a"}},
            f"{SOURCE}.ambassador.adopt",
        ),
        (
            {f"{SOURCE}.linkerd.namespace": "Linkerd", f"{SOURCE}.ambassador.namespace": "linkerd"},
            f"{SOURCE}.linkerd.namespace",
        ),
        (
            {
                f"{SOURCE}.ambassador.serviceAccount": "one two",
                f"{AMBASSADOR}.serviceAccount": "ambassador-source",
            },
            f"{SOURCE}.ambassador.serviceAccount",
        ),
        (
            {
                f"{TARGET}.domain": 5,
                f"{AMBASSADOR}.mappings": [{**MAPPING, "service": "web.shop.svc.own.domain"}],
            },
            f"{TARGET}.domain",
        ),
    ],
)
def test_an_error_is_reported_once_and_not_what_follows_from_it(
    changes: dict[str, Any], path: str
) -> None:
    assert only(changed(changes)).path == path


def test_places_in_lists_are_those_of_the_file_though_entries_before_are_broken() -> None:
    found = problems(
        changed(
            {
                f"{AMBASSADOR}.mappings": [None, {"name": 1}, MAPPING, [], MAPPING],
                "links": [None, *pair()["links"], 0, *pair()["links"]],
            }
        )
    )
    assert f"{AMBASSADOR}.mappings[4].name" in {problem.path for problem in found}
    assert "links[3]" in {problem.path for problem in found}
    assert all("links[1]" in problem.message for problem in found if problem.path == "links[3]")


def test_problems_come_in_the_order_of_the_file() -> None:
    settings = changed(
        {"clusters.target.x": 1, "clusters.source.x": 1, "links[0].x": 1, "timeoutSeconds": 1}
    )
    assert [problem.path for problem in problems(settings)] == [
        "clusters.source.x",
        "clusters.target.x",
        "links[0].x",
        "timeoutSeconds",
    ]


def test_the_whole_message_reads_as_it_should(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(stack_text(changed({f"{SOURCE}.rol": "source", "links[0].target": "targt"})))
    with pytest.raises(StackFileError) as raised:
        load_stack_file(file)
    assert str(raised.value) == (
        f"{file}: 2 problems\n"
        "  clusters.source.rol: unknown key\n"
        "    write 'role'\n"
        "  links[0].target: unknown cluster 'targt'\n"
        "    write 'target'"
    )
    assert raised.value.origin == str(file)


# Files --------------------------------------------------------------------------------------


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "Pulumi.test.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def refusal(file: Path) -> tuple[Problem, ...]:
    with pytest.raises(StackFileError) as raised:
        load_stack_file(file)
    return raised.value.problems


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    text = stack_text(pair()).encode()
    assert load_stack_file(write(tmp_path, b"\xef\xbb\xbf" + text)) == loaded(pair())


def test_values_set_without_path_are_read_as_the_engine_reads_them(tmp_path: Path) -> None:
    settings = {key: json.dumps(value) for key, value in pair().items()}
    file = write(tmp_path, stack_text({**settings, "timeoutSeconds": "900"}))
    assert load_stack_file(file) == loaded({**pair(), "timeoutSeconds": 900})


def test_keys_may_be_without_the_projects_name(tmp_path: Path) -> None:
    text = yaml.safe_dump({"config": {"clusters": {"a": {"context": "a"}}, "links": None}})
    assert list(load_stack_file(write(tmp_path, text)).clusters) == ["a"]


def test_keys_with_and_without_the_projects_name_are_refused(tmp_path: Path) -> None:
    config = {"clusters": {}, f"{PROJECT}:clusters": {"a": {"context": "a"}}}
    found = refusal(write(tmp_path, yaml.safe_dump({"config": config})))
    assert "duplicate key" in found[0].message


def test_yes_and_on_are_texts_as_they_are_for_the_engine(tmp_path: Path) -> None:
    settings = changed({f"{SOURCE}.linkerd.values": {"a": "A", "b": "B", "c": "C", "d": "D"}})
    text = stack_text(settings)
    for letter, value in (("A", "yes"), ("B", "on"), ("C", "1:30"), ("D", "1_000")):
        text = text.replace(f" {letter}\n", f" {value}\n")
    values = load_stack_file(write(tmp_path, text)).clusters["source"].linkerd.values
    assert values == {"a": "yes", "b": "on", "c": "1:30", "d": 1000}


def test_settings_of_other_packages_are_none_of_our_business(tmp_path: Path) -> None:
    text = stack_text(pair()).replace(
        "kubernetes:strictMode: 'true'", "aws:region: eu-west-1\n  tls:config:proxy: {a: [1]}"
    )
    assert "aws:region" in text
    assert load_stack_file(write(tmp_path, text)) == loaded(pair())


@pytest.mark.parametrize(
    ("text", "path", "message", "remedy"),
    [
        ("", "file", "empty", "begin with 'config:'"),
        ("# only a comment\n", "file", "empty", "begin with 'config:'"),
        ("- a\n- b\n", "file", "no mapping at its top", "begin with 'config:'"),
        ("config:\n", "config", "mapping 'config' is missing", f"{PROJECT}:clusters:"),
        ("encryptionsalt: v1:x\n", "config", "mapping 'config' is missing", f"{PROJECT}:clusters:"),
        ("confg: {}\nconfig: {}\n", "confg", "unknown key 'confg' at the top", "write 'config'"),
        (
            f"config: {{}}\n{PROJECT}:links: []\n",
            f'["{PROJECT}:links"]',
            "unknown key",
            "under 'config:'",
        ),
        (
            "config: {linkerd-ambasador-mesh:links: []}\n",
            'config["linkerd-ambasador-mesh:links"]',
            "not the name of this project",
            f"write '{PROJECT}:links'",
        ),
        ("config: {'a:b:c': 1}\n", 'config["a:b:c"]', "not a configuration key", "one colon"),
        (f"config: {{{PROJECT}:charts: {{secure: v1:x}}}}\n", "charts", "encrypted", "--path"),
        ("config:\n\ta: 1\n", "file", "line 2, column 1", "spaces instead of tabs"),
        ("config: {a: 1\n", "file", "line 2, column 1", "correct the indentation"),
        ("a: 1\na: 2\n", "file", "duplicate key 'a' (line 2, column 1)", "remove one"),
        ("a: {<<: {}, <<: {}}\n", "file", "duplicate key '<<'", "<<: [*first, *second]"),
        ("a: *b\n", "file", "undefined alias 'b'", "define it"),
        ("a: &b [*b]\n", "file", "refers to the value that contains it", "write the value"),
        ("a: &b\n  <<: *b\n", "file", "refers to the value that contains it", "write the value"),
        ("a: !secret b\n", "file", "unknown tag '!secret'", "remove the tag"),
        ("a: !!int b\n", "file", "not a whole number (line 1", "in quotes"),
        ("a: 2026-13-45\n", "file", "not a date (line 1, column 4)", "in quotes"),
        ("? [a]\n: b\n", "file", "is used as a key", "write a string"),
        ("a: 1\n---\nb: 1\n", "file", "a second document", "'---'"),
        ("a: \x07\n", "file", "control character", "plain text"),
        (b"config: \xff\n", "file", "not text in UTF-8", "UTF-8"),
        ("config: {}".encode("utf-16"), "file", "not text in UTF-8", "UTF-8"),
        ("[" * 5000, "file", "nested too deeply", "at most 60"),
        (f"a: {'9' * 5000}\n", "file", "not a whole number", "in quotes"),
        ("- 1\n" * 50_001, "file", "has more than 50000 values", "remove"),
        (
            "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 70)),
            "file",
            "nested too deeply",
            "at most 60",
        ),
        ("#" * 1_000_001, "file", "the limit is 1000000", "remove"),
        (b"#" * 4_000_001, "file", "larger than 4000000 bytes", "remove"),
    ],
)
def test_a_file_that_is_no_stack_file_is_refused_in_one_sentence(
    tmp_path: Path, text: str | bytes, path: str, message: str, remedy: str
) -> None:
    told = [problem for problem in refusal(write(tmp_path, text)) if problem.path == path]
    assert len(told) == 1
    assert message in told[0].message
    assert remedy in told[0].remedy


@pytest.mark.parametrize("inner", ["[{}]", "{{<<: [{}]}}", "{{a: {0}, b: {0}}}"])
def test_aliases_of_aliases_are_counted_and_not_followed(tmp_path: Path, inner: str) -> None:
    lines = ["a0: &a0 {x: 1}"]
    for place in range(1, 60):
        lines.append(f"a{place}: &a{place} {inner.format(', '.join([f'*a{place - 1}'] * 9))}")
    if inner.startswith("{{a"):
        lines = [line.replace(f", *a{i}", "") for i, line in enumerate(lines, -1)]
    [problem] = refusal(write(tmp_path, "\n".join(lines)))
    assert "more than 50000 values" in problem.message
    assert "fewer aliases" in problem.remedy


def test_merged_keys_may_be_written_over(tmp_path: Path) -> None:
    text = """
config:
  linkerd-ambassador-mesh:clusters:
    a: &a
      context: a
      linkerd: &linkerd {cni: true, version: "2026.8.3"}
    b:
      <<: *a
      context: b
      linkerd: {<<: *linkerd, cni: false}
"""
    config = load_stack_file(write(tmp_path, text))
    assert config.clusters["b"].linkerd.cni is False
    assert config.clusters["b"].linkerd.version == "2026.8.3"


@pytest.mark.parametrize(
    ("settings", "path", "message"),
    [
        ({"clusters": {2026: {"context": "a"}}}, "clusters.2026", "not a string"),
        ({"clusters": {None: {"context": "a"}}}, "clusters.None", "not a string"),
        (changed({f"{SOURCE}.linkerd.values": {"a": float("nan")}}), "values.a", "not finite"),
        (changed({f"{SOURCE}.linkerd.values": {"a": 2**64}}), "values.a", "too large"),
        (
            changed({f"{SOURCE}.linkerd.values": {"a": b"x"}}),
            "values.a",
            "not a string, number, list or mapping",
        ),
        (changed({f"{SOURCE}.context": "\ud800"}), f"{SOURCE}.context", "invalid Unicode"),
    ],
)
def test_what_json_cannot_say_is_refused(settings: Settings, path: str, message: str) -> None:
    assert any(
        path in problem.path and message in problem.message for problem in problems(settings)
    )


def test_a_date_is_refused_in_place_of_a_text(tmp_path: Path) -> None:
    text = stack_text(changed({f"{SOURCE}.context": "DATE"})).replace("DATE", "2026-11-21")
    [problem] = refusal(write(tmp_path, text))
    assert (problem.path, problem.message) == (f"{SOURCE}.context", "YAML reads this as a date")


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert "not a file" in refusal(path)[0].message
    for path in (tmp_path / "absent.yaml", Path("a\0b"), tmp_path / ("x" * 300)):
        assert "cannot be read" in refusal(path)[0].message


def test_what_a_terminal_would_obey_is_shown_and_not_sent(tmp_path: Path) -> None:
    key, value = '"\\e[31mkey"', '"\\e]0;title\\a"'
    text = stack_text(changed({f"{SOURCE}.KEY": "x", f"{SOURCE}.role": "VALUE"}))
    file = write(tmp_path, text.replace("KEY", key).replace("VALUE", value))
    with pytest.raises(StackFileError) as raised:
        load_stack_file(file)
    told = str(raised.value)
    assert "\\x1b[31mkey" in told and "\\x1b]0;title\\x07" in told
    assert told.replace("\n", "").isprintable()


# Secrets ------------------------------------------------------------------------------------

KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{name: here, cluster: {server: "https://192.0.2.1:6443"}}]
contexts: [{name: here, context: {cluster: here, user: me}}]
users: [{name: me, user: {token: hunter2-token}}]
"""


def edge_stack_of(config: MeshConfig) -> EdgeStackConfig:
    ambassador = config.clusters["target"].ambassador
    assert ambassador is not None and ambassador.edge_stack is not None
    return ambassador.edge_stack


SECRET_FIELDS: dict[str, tuple[dict[str, Any], Callable[[MeshConfig], Any], str]] = {
    "kubeconfig": (
        {f"{SOURCE}.context": DELETED, f"{SOURCE}.kubeconfig": "SECRET"},
        lambda config: config.clusters["source"].kubeconfig,
        KUBECONFIG,
    ),
    "pull secret": (
        {f"{SOURCE}.linkerd.imagePullSecrets": [{"name": "a", "dockerConfigJson": "SECRET"}]},
        lambda config: config.clusters["source"].linkerd.image_pull_secrets[0].docker_config_json,
        json.dumps({"auths": {"registry.example.com": {"auth": "hunter2-auth"}}}),
    ),
    "licence": (
        {f"{AMBASSADOR}.flavour": "edge-stack", f"{AMBASSADOR}.edgeStack.licenseKey": "SECRET"},
        lambda config: edge_stack_of(config).license_key,
        "eyJhbGciOiJQUzUxMiJ9.hunter2-licence.c2lnbmF0dXJl",
    ),
    "token": (
        {
            f"{AMBASSADOR}.flavour": "edge-stack",
            f"{AMBASSADOR}.edgeStack.cloudConnectToken": "SECRET",
        },
        lambda config: edge_stack_of(config).cloud_connect_token,
        "MTIzNDU2Nzg5MA==:hunter2-token",
    ),
    "private key": (
        {
            "trustAnchor.anchors": [
                {"name": "a", "certificate": certificate(ec_key("a")), "privateKey": "SECRET"}
            ]
        },
        lambda config: config.trust_anchor.anchors[0].private_key,
        key_pem(ec_key("a")),
    ),
}


def with_secret(field: str, value: Any) -> Settings:
    changes = SECRET_FIELDS[field][0]
    return json.loads(  # type: ignore[no-any-return]
        json.dumps(changed(changes)).replace('"SECRET"', json.dumps(value))
    )


@pytest.mark.parametrize("field", SECRET_FIELDS)
def test_a_secret_may_be_encrypted(field: str) -> None:
    assert problems(with_secret(field, {"secure": "v1:AAAA:BBBB"})) == ()


@pytest.mark.parametrize("field", SECRET_FIELDS)
def test_a_secret_is_kept_and_never_shown(field: str) -> None:
    _, get, text = SECRET_FIELDS[field]
    config = loaded(with_secret(field, text))
    assert get(config).get_secret_value() == text
    for shown in (repr(config), str(config), str(config.model_dump()), config.model_dump_json()):
        for line in text.splitlines()[1:-1]:
            assert line not in shown
        assert "hunter2" not in shown


def leaks(text: str) -> Iterator[str]:
    """What of a secret's text must not be in a message."""
    yield from (line for line in text.splitlines() if len(line) > 12 and "-----" not in line)
    yield "hunter2"


@pytest.mark.parametrize("field", SECRET_FIELDS)
@pytest.mark.parametrize(
    "spoiled",
    [
        lambda text: text + "\n}: [",
        lambda text: text[: len(text) // 2],
        lambda text: {"plain": text},
        lambda text: [text],
        lambda text: {"secure": text, "more": text},
        lambda text: {"secure": [text]},
        lambda text: text.replace("2", "3"),
    ],
)
def test_no_message_contains_a_secret_that_is_wrong(
    field: str, spoiled: Callable[[str], Any], tmp_path: Path
) -> None:
    text = SECRET_FIELDS[field][2]
    file = write(tmp_path, stack_text(with_secret(field, spoiled(text))))
    try:
        load_stack_file(file)
    except StackFileError as error:
        assert not [part for part in leaks(text) if part in str(error)]


@pytest.mark.parametrize("text", [key_pem(ec_key("a")), KUBECONFIG])
@pytest.mark.parametrize(
    "path",
    [
        f"{SOURCE}.context",
        f"{SOURCE}.uid",
        f"{SOURCE}.role",
        f"{SOURCE}.domain",
        f"{SOURCE}.linkerd.version",
        f"{SOURCE}.linkerd.imageRegistry",
        f"{SOURCE}.linkerd.namespace",
        f"{SOURCE}.networks[0]",
        f"{TARGET}.apiServer.address",
        f"{AMBASSADOR}.mappings[0].service",
        f"{AMBASSADOR}.mappings[0].prefix",
        f"{AMBASSADOR}.hosts[0].hostname",
        f"{AMBASSADOR}.resources.cpuLimit",
        f"{AMBASSADOR}.service.loadBalancerClass",
        f"{AMBASSADOR}.values.key",
        "charts.linkerd",
        "trustAnchor.anchors[0].certificate",
        "trustAnchor.signer",
        "links[0].gateway.address[0]",
        "links[0].target",
        "timeoutSeconds",
    ],
)
def test_no_message_contains_a_secret_in_the_wrong_place(path: str, text: str) -> None:
    settings = changed(
        {
            f"{SOURCE}.networks": ["10.0.0.0/8"],
            f"{AMBASSADOR}.mappings": [dict(MAPPING)],
            f"{AMBASSADOR}.hosts": [{"name": "a", "hostname": "*"}],
            "trustAnchor.anchors": [{"name": "a"}],
            "links[0].gateway.address": ["192.0.2.1"],
            path: text,
        }
    )
    if path.endswith("values.key") and text == KUBECONFIG:
        return  # Among Helm values, only keys can be distinguished from other texts.
    with pytest.raises(StackFileError) as raised:
        load_settings(settings, "test")
    assert not [part for part in leaks(text) if part in str(raised.value)]


def test_a_value_that_is_no_secret_may_not_be_encrypted() -> None:
    for path in (f"{SOURCE}.role", f"{SOURCE}.linkerd", "links", f"{SOURCE}.networks"):
        found = problems(changed({path: {"secure": "v1:abc"}}))
        assert any("encrypted" in problem.message for problem in found), path


# Models made by hand, and what the engine hands over ----------------------------------------


def test_a_model_made_by_hand_is_checked_as_well() -> None:
    with pytest.raises(ValidationError, match="neither context nor kubeconfig is given"):
        ClusterConfig()
    with pytest.raises(ValidationError, match="not a string, number, list or mapping"):
        Viz(values={"a": object()})
    with pytest.raises(ValidationError, match="cluster 'a' is linked to itself"):
        MeshConfig(
            clusters={"a": ClusterConfig(context="a")},
            links=({"source": "a", "target": "a"},),
        )


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, Any]], MeshConfig]:
    """Settings as the engine hands them over: every value as JSON, secrets decrypted."""

    def load(settings: Mapping[str, Any]) -> MeshConfig:
        texts = {
            f"{PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in settings.items()
        }
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps({**texts, "kubernetes:strictMode": "true"}))
        return load_settings(engine_settings(), "stack 'stack'")

    return load


@pytest.mark.parametrize("name", SHIPPED + EXAMPLES)
def test_the_engine_and_the_file_say_the_same(
    engine: Callable[[Mapping[str, Any]], MeshConfig], name: str
) -> None:
    assert engine(shipped(name)) == load_stack_file(stack_file(name))


def test_errors_of_what_the_engine_hands_over_are_reported_at_once(
    engine: Callable[[Mapping[str, Any]], MeshConfig],
) -> None:
    with pytest.raises(StackFileError) as raised:
        engine(
            {
                **changed({f"{SOURCE}.rol": 1}),
                "charts": "none of JSON",
                "unknown": 5,
                "timeoutSeconds": "1" * 5000,
            }
        )
    assert {problem.path for problem in raised.value.problems} == {
        f"{SOURCE}.rol",
        "charts",
        "unknown",
        "timeoutSeconds",
    }
    assert "stack '" in str(raised.value)


def test_without_any_settings_the_message_names_what_is_missing(
    engine: Callable[[Mapping[str, Any]], MeshConfig],
) -> None:
    with pytest.raises(StackFileError, match="the stack file has no cluster"):
        engine({})
    assert pulumi.runtime.get_config(f"{PROJECT}:clusters") is None
