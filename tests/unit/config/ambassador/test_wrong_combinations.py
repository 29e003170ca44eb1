"""Settings of an Ambassador that are right one by one and do not go together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack_builders import DELETED, Settings, changed, problems

SOURCE, TARGET = "clusters.source", "clusters.target"
HERE, THERE = f"{SOURCE}.ambassador", f"{TARGET}.ambassador"

MAPPING = {"name": "shop", "prefix": "/shop/", "service": "web.shop"}
IN_FULL = {**MAPPING, "service": "http://web.shop.svc.cluster.local:80"}
LICENSED = {f"{THERE}.flavour": "edge-stack", f"{THERE}.edgeStack": {"licenseSecret": "licence"}}
LEGACY = {f"{THERE}.flavour": "ambassador"}
ADOPTED: dict[str, Any] = {f"{THERE}.adopt": {}}
MESHED_AS_INGRESS = {f"{HERE}.sidecar": {"mode": "ingress"}}


def host(**settings: Any) -> list[Settings]:
    """One Host for one name, with these settings."""
    return [{"name": "shop", "hostname": "shop.example.com", **settings}]


Case = tuple[str, dict[str, Any], str, str, str]

WRONG: list[Case] = [
    # the case, what is changed, where the problem is, a part of its message and of its remedy
    # Flavours and their versions
    (
        "the flavour is unknown",
        {f"{THERE}.flavour": "contour"},
        f"{THERE}.flavour",
        "unknown flavour 'contour'",
        "ambassador, edge-stack, emissary",
    ),
    (
        "the version is of another flavour",
        {**LICENSED, f"{THERE}.version": "4.1.0"},
        f"{THERE}.version",
        "Ambassador Edge Stack has no chart of version 4.1.0",
        'write "8.10.2"',
    ),
    (
        "the application's version is written in place of the chart's",
        {**LEGACY, f"{THERE}.version": "1.14.4"},
        f"{THERE}.version",
        "1.14.4 is the number of the application legacy Ambassador, not of its chart",
        'write "6.9.5"',
    ),
    (
        "legacy Ambassador has objects of v3alpha1",
        {**LEGACY, f"{THERE}.apiVersion": "v3alpha1"},
        f"{THERE}.apiVersion",
        "Ambassador 1.14 (version 1.14.4) does not serve getambassador.io/v3alpha1",
        "write one of v2, v1",
    ),
    (
        "an Edge Stack has objects of v1",
        {**LICENSED, f"{THERE}.apiVersion": "v1"},
        f"{THERE}.apiVersion",
        "does not serve getambassador.io/v1",
        "write one of v3alpha1, v2",
    ),
    (
        "legacy Ambassador has Listeners",
        {**LEGACY, f"{THERE}.listeners": [{"name": "a", "port": 8080}]},
        f"{THERE}.listeners",
        "has no Listener; it listens on 8080 and 8443",
        "leave listeners out",
    ),
    (
        "CRDs without a chart have a namespace of their own",
        {**LEGACY, f"{THERE}.crdsNamespace": "crds"},
        f"{THERE}.crdsNamespace",
        "Ambassador 1.14 has no separate chart for its CRDs",
        "leave crdsNamespace out",
    ),
    (
        "CRDs that come as a manifest have Helm values",
        {**LICENSED, f"{THERE}.crdsValues": {"a": 1}},
        f"{THERE}.crdsValues",
        "Ambassador Edge Stack has no separate chart for its CRDs",
        "leave crdsValues out",
    ),
    (
        "CRDs that another tool owns have Helm values",
        {f"{THERE}.installCrds": False, f"{THERE}.crdsValues": {"a": 1}},
        f"{THERE}.crdsValues",
        "with installCrds: false, no chart of CRDs",
        "leave crdsValues or installCrds out",
    ),
    (
        "an Ambassador is in the namespace of the Edge Stack's webhook",
        {**LICENSED, f"{THERE}.namespace": "emissary-system"},
        f"{THERE}.namespace",
        "already used for Ambassador's CRDs",
        "write another namespace",
    ),
    # Objects of v1
    (
        "cleartext is rejected in v1",
        {**LEGACY, f"{THERE}.apiVersion": "v1", f"{THERE}.hosts": host(insecure="Reject")},
        f"{THERE}.hosts[0].insecure",
        "has no Host, and cannot reject cleartext",
        "write Route or Redirect, or apiVersion: v2",
    ),
    (
        "cleartext is redirected in v1 without TLS",
        {**LEGACY, f"{THERE}.apiVersion": "v1", f"{THERE}.hosts": host(insecure="Redirect")},
        f"{THERE}.hosts[0].insecure",
        "redirects cleartext by a TLSContext, which needs tls",
        "write tls: {}",
    ),
    (
        "cleartext is routed in v1 beside TLS",
        {**LEGACY, f"{THERE}.apiVersion": "v1", f"{THERE}.hosts": host(tls={})},
        f"{THERE}.hosts[0].insecure",
        "opens only its TLS port",
        "write insecure: Redirect",
    ),
    (
        "TLS is terminated in v1 where the gateway is probed by cleartext",
        {
            **LEGACY,
            f"{THERE}.apiVersion": "v1",
            f"{THERE}.hosts": host(insecure="Redirect", tls={}),
            f"{THERE}.gateway.probe": "ambassador",
        },
        f"{THERE}.hosts[0].tls",
        "the probe of other clusters arrives as cleartext",
        "write apiVersion: v2",
    ),
    (
        "a chart that does not know it gets the class of a load balancer",
        {f"{THERE}.version": "3.10.0", f"{THERE}.service": {"loadBalancerClass": "a.example/b"}},
        f"{THERE}.service.loadBalancerClass",
        "has no value for it",
        "choose the load balancer by annotations",
    ),
    # The Edge Stack
    (
        "an Edge Stack has no licence",
        {f"{THERE}.flavour": "edge-stack"},
        f"{THERE}.edgeStack",
        "needs a licence or a token",
        "set edgeStack.licenseKey or edgeStack.cloudConnectToken",
    ),
    (
        "an Edge Stack's settings name no licence",
        {f"{THERE}.flavour": "edge-stack", f"{THERE}.edgeStack": {"devPortal": True}},
        f"{THERE}.edgeStack",
        "Edge Stack needs a licence or a token",
        "name an existing Secret under licenseSecret",
    ),
    (
        "an Edge Stack has two licences",
        {**LICENSED, f"{THERE}.edgeStack.licenseKey": {"secure": "v1:abc"}},
        f"{THERE}.edgeStack.licenseSecret",
        "licenseKey and licenseSecret are both set",
        "leave licenseKey or licenseSecret out",
    ),
    (
        "Emissary has the Edge Stack's settings",
        {f"{THERE}.edgeStack": {"licenseSecret": "licence"}},
        f"{THERE}.edgeStack",
        "Emissary-ingress has no such settings",
        "flavour: edge-stack",
    ),
    (
        "a licence has two lines",
        {
            f"{THERE}.flavour": "edge-stack",
            f"{THERE}.edgeStack": {"licenseKey": "eyJhbGci.eyJz\nInN1.c2ln"},
        },
        f"{THERE}.edgeStack.licenseKey",
        "not a one-line licence or token",
        "without spaces and line ends",
    ),
    (
        "a licence is among Helm values",
        {**LICENSED, f"{THERE}.values": {"licenseKey": {"value": "eyJhbGci.eyJz.c2ln"}}},
        f"{THERE}.values.licenseKey.value",
        "everyone who can read the Helm release can read its values",
        "set edgeStack.licenseKey with `pulumi config set --secret --path`",
    ),
    (
        "a token of the agent is among Helm values",
        {f"{THERE}.values": {"agent": {"cloudConnectToken": "MTIzNDU2"}}},
        f"{THERE}.values.agent.cloudConnectToken",
        "everyone who can read the Helm release can read its values",
        "keep it in a Kubernetes Secret",
    ),
    (
        "the Edge Stack's Redis is named as a URL",
        {**LICENSED, f"{THERE}.edgeStack.redisUrl": "redis://redis.shop:6379"},
        f"{THERE}.edgeStack.redisUrl",
        "not a host with its port",
        "without scheme",
    ),
    (
        "the outer fullnameOverride of an Edge Stack is another",
        {**LICENSED, f"{THERE}.values": {"fullnameOverride": "other"}},
        f"{THERE}.values.fullnameOverride",
        "'other' contradicts",
        "set clusters.target.ambassador.name instead",
    ),
    (
        "the inner fullnameOverride of an Edge Stack is another",
        {**LICENSED, f"{THERE}.values": {"emissary-ingress": {"fullnameOverride": "other"}}},
        f"{THERE}.values.emissary-ingress.fullnameOverride",
        "'other' contradicts",
        "set clusters.target.ambassador.name instead",
    ),
    # Certificates
    (
        "Emissary fetches certificates by ACME",
        {f"{THERE}.hosts": host(acme={"email": "ops@example.com"})},
        f"{THERE}.hosts[0].acme",
        "Emissary-ingress does not fetch certificates by ACME",
        "tls.certManager",
    ),
    (
        "a certificate by ACME is for a glob",
        {
            **LICENSED,
            f"{THERE}.hosts": host(hostname="*.example.com", acme={"email": "ops@example.com"}),
        },
        f"{THERE}.hosts[0].acme",
        "'*.example.com' is a pattern",
        "write a full host name",
    ),
    (
        "a certificate comes by ACME and from cert-manager",
        {
            **LICENSED,
            f"{THERE}.hosts": host(
                acme={"email": "ops@example.com"}, tls={"certManager": {"issuer": "le"}}
            ),
        },
        f"{THERE}.hosts[0].tls.certManager",
        "already gets this Host's certificate by ACME",
        "leave out acme or tls.certManager",
    ),
    (
        "a certificate by ACME is asked of an authority without https",
        {
            **LICENSED,
            f"{THERE}.hosts": host(acme={"email": "ops@example.com", "authority": "none"}),
        },
        f"{THERE}.hosts[0].acme.authority",
        "'none' does not begin with https://",
        "write the directory of an ACME server",
    ),
    (
        "the ACME authority has no address to write to",
        {**LICENSED, f"{THERE}.hosts": host(acme={"email": "ops"})},
        f"{THERE}.hosts[0].acme.email",
        "'ops' is not an e-mail address",
        "an address whose mail is read",
    ),
    (
        "a certificate comes from cert-manager and from the trust anchor",
        {f"{THERE}.hosts": host(tls={"certManager": {"issuer": "le"}, "trial": True})},
        f"{THERE}.hosts[0].tls.trial",
        "from cert-manager and from the trust anchor",
        "leave certManager or trial out",
    ),
    (
        "a certificate is for every name",
        {f"{THERE}.hosts": host(hostname="*", tls={"trial": True})},
        f"{THERE}.hosts[0].tls.trial",
        "no certificate can be made for the hostname '*'",
        "name an existing Secret under tls.secret",
    ),
    (
        "a certificate is for a host name with a port",
        {
            f"{THERE}.hosts": host(
                hostname="shop.example.com:8443", tls={"certManager": {"issuer": "le"}}
            )
        },
        f"{THERE}.hosts[0].tls.certManager",
        "no certificate can be made for the hostname 'shop.example.com:8443'",
        "without a port",
    ),
    (
        "the oldest version of TLS is newer than the newest",
        {f"{THERE}.hosts": host(tls={"minVersion": "v1.3", "maxVersion": "v1.2"})},
        f"{THERE}.hosts[0].tls.minVersion",
        "v1.3 is above maxVersion (v1.2)",
        "write at most v1.2",
    ),
    (
        "cipher suites are chosen for TLS 1.3",
        {f"{THERE}.hosts": host(tls={"minVersion": "v1.3", "cipherSuites": ["AES128-GCM-SHA256"]})},
        f"{THERE}.hosts[0].tls.cipherSuites",
        "TLS 1.3 has its own cipher suites",
        "minVersion: v1.2",
    ),
    (
        "one Secret is made for two Hosts",
        {
            f"{THERE}.hosts": [
                *host(tls={"trial": True, "secret": "tls"}),
                {
                    "name": "b",
                    "hostname": "b.example.com",
                    "tls": {"certManager": {"issuer": "le"}, "secret": "tls"},
                },
            ]
        },
        f"{THERE}.hosts[1].tls.secret",
        "hosts[0] has the same Secret tls",
        "write another Secret",
    ),
    (
        "a certificate and a login have one Secret",
        {
            f"{THERE}.hosts": host(tls={"trial": True}),
            f"{THERE}.imagePullSecrets": [{"name": "shop-tls"}],
        },
        f"{THERE}.hosts[0].tls.secret",
        "imagePullSecrets[0] has the same Secret shop-tls",
        "write another Secret",
    ),
    # The sidecar
    (
        "the proxy's own port bypasses the proxy",
        {f"{THERE}.sidecar.skipInboundPorts": [25, 4143]},
        f"{THERE}.sidecar.skipInboundPorts[1]",
        "port 4143 is the proxy's inbound port",
        "nothing behind the proxy listens there",
    ),
    (
        "the probe's port bypasses the proxy that the probe is for",
        {
            f"{THERE}.gateway.probe": "ambassador",
            f"{THERE}.sidecar.skipInboundPorts": [8080],
        },
        f"{THERE}.sidecar.skipInboundPorts[0]",
        "probe the gateway on port 8080 by mTLS",
        "leave 8080 out, or write gateway.probe: proxy",
    ),
    (
        "a port bypasses the proxy that is to demand identity on it",
        {
            f"{THERE}.sidecar": {
                "skipInboundPorts": [8443],
                "requireIdentityOnInboundPorts": [8443],
            }
        },
        f"{THERE}.sidecar.skipInboundPorts[0]",
        "would bypass the proxy, which requires identity on it",
        "leave it out here",
    ),
    (
        "identity is required on the documents' 4183",
        {f"{THERE}.sidecar.requireIdentityOnInboundPorts": [4143, 4183]},
        f"{THERE}.sidecar.requireIdentityOnInboundPorts[1]",
        "nothing listens on port 4183",
        "write 4143",
    ),
    (
        "a gateway's proxy is in ingress mode",
        {f"{THERE}.sidecar.mode": "ingress"},
        f"{THERE}.sidecar.mode",
        "a proxy in ingress mode cannot route requests from other clusters",
        "mode: enabled",
    ),
    (
        "a route has a short name in ingress mode",
        {**MESHED_AS_INGRESS, f"{HERE}.mappings": [MAPPING]},
        f"{HERE}.mappings[0].service",
        "needs full names of Services, and 'web.shop' is not a full name",
        "http://web.shop.svc.cluster.local:80",
    ),
    (
        "a route has no header in ingress mode",
        {**MESHED_AS_INGRESS, f"{HERE}.mappings": [{**IN_FULL, "linkerdHeaders": False}]},
        f"{HERE}.mappings[0].linkerdHeaders",
        "this route would not have it",
        "sidecar.mode: enabled",
    ),
    (
        "no route has a header in ingress mode",
        {**MESHED_AS_INGRESS, f"{HERE}.linkerdHeaders": False},
        f"{HERE}.linkerdHeaders",
        "Ambassador would not send it",
        "sidecar.mode: enabled",
    ),
    # Adoption
    *(
        (
            f"the adopted Ambassador has {key}",
            {**ADOPTED, f"{THERE}.{key}": value},
            f"{THERE}.{key}",
            "the owner of the adopted Ambassador configures its installation",
            f"leave {key} out, or leave adopt out",
        )
        for key, value in {
            "replicas": 2,
            "highAvailability": True,
            "resources": {"cpuRequest": "1"},
            "image": "registry.example.com/emissary",
            "imagePullSecrets": [],
            "values": {"a": 1},
            "crdsValues": {"a": 1},
            "crdsNamespace": "crds",
            "installCrds": False,
        }.items()
    ),
    (
        "the adopted Edge Stack has a licence in the stack file",
        {**LICENSED, **ADOPTED},
        f"{THERE}.edgeStack",
        "the owner of the adopted Ambassador configures its installation",
        "leave edgeStack out",
    ),
    (
        "the Module is left alone and has a setting",
        {f"{THERE}.adopt.module": "leave", f"{THERE}.linkerdHeaders": True},
        f"{THERE}.linkerdHeaders",
        "leave does not change the Module",
        "adopt.module: patch",
    ),
    (
        "ingress mode relies on a Module that is left alone",
        {**MESHED_AS_INGRESS, f"{HERE}.adopt.module": "leave"},
        f"{HERE}.adopt.module",
        "adopt.module: leave does not make Ambassador send it",
        "write adopt.module: patch",
    ),
    (
        "an adopted Ambassador without a gateway has a Service that the program makes",
        {f"{HERE}.adopt": {}, f"{HERE}.service": {"type": "ClusterIP"}},
        f"{HERE}.service",
        "keeps its own Service; the program makes one only for a gateway",
        "gateway: {}",
    ),
    (
        "an adopted gateway's Service has too long a name",
        {f"{THERE}.adopt": {}, f"{THERE}.name": "a" * 48},
        f"{THERE}.name",
        "longer than the limit of 63 characters",
        "adopt.workload, adopt.podLabels and serviceAccount",
    ),
    (
        "the label of an adopted pod has a value that no label has",
        {f"{THERE}.adopt.podLabels": {"app": "my ambassador"}},
        f"{THERE}.adopt.podLabels.app",
        "'my ambassador' is not the value of a label",
        "letters, digits",
    ),
    (
        "the label of an adopted pod has a key that no label has",
        {f"{THERE}.adopt.podLabels": {"a/b/c": "x"}},
        f'{THERE}.adopt.podLabels["a/b/c"]',
        "not the key of a label",
        "example.com/name",
    ),
    # Routes
    (
        "two Mappings have one route",
        {f"{THERE}.mappings": [MAPPING, {**MAPPING, "name": "shop-2", "service": "web.shop-2"}]},
        f"{THERE}.mappings[1].prefix",
        "mappings[0] already routes /shop/ of the same host names",
        "another prefix or hostname",
    ),
    (
        "two Mappings have one route but for the letters' case",
        {
            f"{THERE}.mappings": [
                {**MAPPING, "hostname": "shop.example.com"},
                {**MAPPING, "name": "shop-2", "hostname": "Shop.example.com"},
            ]
        },
        f"{THERE}.mappings[1].prefix",
        "each would get half of the requests",
        "another prefix or hostname",
    ),
    # The sample
    (
        "a Mapping has the name of the sample's",
        {f"{TARGET}.sample": {}, f"{THERE}.mappings": [{**MAPPING, "name": "linkerd2-qotm"}]},
        f"{THERE}.mappings[0].name",
        "the sample's Mapping has the same name 'linkerd2-qotm'",
        "or sample.mapping: false",
    ),
    (
        "a Mapping has the route of the sample's",
        {f"{TARGET}.sample": {}, f"{THERE}.mappings": [{**MAPPING, "prefix": "/qotm-linkerd2/"}]},
        f"{TARGET}.sample.prefix",
        "ambassador.mappings[0] already routes /qotm-linkerd2/",
        "another prefix",
    ),
    (
        "the sample has the health route",
        {f"{TARGET}.sample": {"prefix": "/-/ambassador/ready"}},
        f"{TARGET}.sample.prefix",
        "the gateway's health route has the same prefix /-/ambassador/ready",
        "another ambassador.gateway.healthPath",
    ),
    (
        "a sample without a Mapping has the prefix of one",
        {f"{TARGET}.sample": {"mapping": False, "prefix": "/a/"}},
        f"{TARGET}.sample.prefix",
        "mapping: false makes no Mapping",
        "leave prefix or mapping out",
    ),
    (
        "a sample has a Mapping where no Ambassador is",
        {"clusters.third": {"context": "third", "sample": {"mapping": True}}},
        "clusters.third.sample.mapping",
        "no Ambassador to route to the sample",
        "write ambassador: {}",
    ),
    (
        "a sample has a prefix where no Ambassador is",
        {"clusters.third": {"context": "third", "sample": {"prefix": "/a/"}}},
        "clusters.third.sample.prefix",
        "no Ambassador to route to the sample",
        "or leave it out",
    ),
    (
        "the sample's Ambassador answers for no name",
        {f"{SOURCE}.sample": {}, f"{HERE}.hosts": []},
        f"{HERE}.hosts",
        "does not serve the sample's Mapping",
        "sample.mapping: false",
    ),
    (
        "the sample's Ambassador listens nowhere",
        {f"{SOURCE}.sample": {}, f"{HERE}.listeners": []},
        f"{HERE}.listeners",
        "does not serve the sample's Mapping",
        "leave listeners out",
    ),
    (
        "the sample is in the namespace of an adopted Ambassador",
        {f"{THERE}.adopt": {}, f"{TARGET}.sample": {"namespace": "ambassador"}},
        f"{TARGET}.sample.namespace",
        "'ambassador' is already used for ambassador.namespace",
        "write another namespace",
    ),
    (
        "the sample is in the namespace of the Edge Stack's webhook",
        {**LICENSED, f"{TARGET}.sample": {"namespace": "emissary-system"}},
        f"{TARGET}.sample.namespace",
        "already used for Ambassador's CRDs",
        "write another namespace",
    ),
    (
        "the sample is in a namespace of Kubernetes",
        {f"{TARGET}.sample": {"namespace": "kube-system"}},
        f"{TARGET}.sample.namespace",
        "belongs to Kubernetes",
        "does not exist yet",
    ),
]


@pytest.mark.parametrize(
    ("changes", "path", "message", "remedy"),
    [pytest.param(*case[1:], id=case[0]) for case in WRONG],
)
def test_it_is_refused_that(changes: dict[str, Any], path: str, message: str, remedy: str) -> None:
    found = problems(changed(changes))
    told = [problem for problem in found if problem.path == path]
    assert told, [str(problem) for problem in found]
    assert message in told[0].message
    assert remedy in told[0].remedy
    assert len(found) == 1, [str(problem) for problem in found]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(changes, id=name)
        for name, changes in {
            "an adopted gateway's own Service has the port of the ingress": {
                **ADOPTED,
                f"{THERE}.gateway.port": 443,
            },
            "an adopted Ambassador is in a namespace of Kubernetes": {
                **ADOPTED,
                f"{THERE}.namespace": "default",
            },
            "an adopted Edge Stack has a licence of its owner's": {
                **ADOPTED,
                f"{THERE}.flavour": "edge-stack",
            },
            "an adopted Deployment has a name too long for a release": {
                f"{HERE}.adopt": {},
                f"{HERE}.name": "a" * 60,
            },
            "an adopted Ambassador's Hosts answer the probe, whatever they are": {
                **ADOPTED,
                f"{THERE}.gateway.probe": "ambassador",
            },
            "the Module of an adopted Ambassador is patched": {
                f"{THERE}.adopt.module": "patch",
                f"{THERE}.linkerdHeaders": False,
            },
            "an Edge Stack has a token in place of a licence": {
                f"{THERE}.flavour": "edge-stack",
                f"{THERE}.edgeStack": {"cloudConnectToken": {"secure": "v1:abc"}},
            },
            "a certificate comes by ACME for one name": {
                **LICENSED,
                f"{THERE}.hosts": host(acme={"email": "ops@example.com"}),
            },
            "cleartext is redirected in v1 with TLS": {
                **LEGACY,
                f"{THERE}.apiVersion": "v1",
                f"{THERE}.hosts": host(insecure="Redirect", tls={}),
            },
            "two Hosts have one Secret of their owner's": {
                f"{THERE}.hosts": [
                    *host(tls={"secret": "tls"}),
                    {"name": "b", "hostname": "b.example.com", "tls": {"secret": "tls"}},
                ]
            },
            "a certificate is for all names of a domain": {
                f"{THERE}.hosts": host(hostname="*.example.com", tls={"trial": True})
            },
            "two Mappings of one prefix are for different names": {
                f"{THERE}.mappings": [
                    {**MAPPING, "hostname": "a.example.com"},
                    {**MAPPING, "name": "b", "hostname": "b.example.com"},
                ]
            },
            "a sample without a Mapping leaves the documents' name free": {
                f"{TARGET}.sample": {"mapping": False},
                f"{THERE}.mappings": [
                    {**MAPPING, "name": "linkerd2-qotm", "prefix": "/qotm-linkerd2/"}
                ],
            },
            "a sample is in a cluster without Ambassador": {
                "clusters.third": {"context": "third", "sample": {}}
            },
            "routes have full names in ingress mode": {
                **MESHED_AS_INGRESS,
                f"{HERE}.mappings": [IN_FULL],
            },
            "the admin port is probed and 8080 bypasses the proxy": {
                f"{THERE}.sidecar.skipInboundPorts": [8080]
            },
        }.items()
    ],
)
def test_it_is_allowed_that(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


def test_each_adopted_field_is_refused_that_describes_an_installation() -> None:
    """A field that is added to the model is either an adopted Ambassador's too, or refused."""
    from config.ambassador.ambassador import AmbassadorConfig
    from config.rules.ambassador.adoption import OF_AN_INSTALLATION

    of_both = {
        *("flavour", "version", "api_version", "adopt", "namespace", "name", "service_account"),
        *("service", "sidecar", "linkerd_headers", "listeners", "hosts", "mappings", "gateway"),
        *("tracing", "public_ports", "ambassador_id"),
    }
    assert of_both | set(OF_AN_INSTALLATION) == set(AmbassadorConfig.model_fields)


@pytest.mark.parametrize(
    "route",
    [
        {"links[0].exports[0].mapping": {"prefix": "/web/"}},
        {f"{HERE}.mappings": [{**MAPPING, "service": "http://web-target.shop:80"}]},
    ],
    ids=["of the export", "of the Ambassador"],
)
def test_a_route_between_adopted_ambassadors_of_one_identity_is_a_loop(
    route: dict[str, Any],
) -> None:
    adopted: dict[str, Any] = {f"{end}.ambassador.adopt": {} for end in (SOURCE, TARGET)}
    assert problems(changed(adopted)) == ()
    [problem] = problems(changed({**adopted, **route}))
    assert problem.path == "links[0]"
    assert "a gateway refuses requests from its own identity as loops" in problem.message
    assert "clusters.source.linkerd.trustDomain" in problem.remedy
    apart = {f"{TARGET}.linkerd.trustDomain": "target.example"}
    assert problems(changed({**adopted, **route, **apart})) == ()


def test_an_installed_ambassador_gives_way_to_an_adopted_one_of_its_identity() -> None:
    settings = changed({f"{THERE}.adopt": {}, f"{HERE}.serviceAccount": "ambassador"})
    [problem] = problems(settings)
    assert problem.remedy == "write another name under clusters.source.ambassador.serviceAccount"
    assert problems(changed({f"{HERE}.serviceAccount": DELETED}, settings)) == ()
