"""Links, exports and generations of Linkerd that do not go together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack_builders import DELETED, Settings, changed, pair, problems

SOURCE, TARGET = "clusters.source", "clusters.target"
EXPORT = {"namespace": "shop", "service": "web"}
SELECTOR = {"matchLabels": {"team": "shop"}}


def old_pair() -> Settings:
    """The shortest pair with Linkerd 2.8."""
    return changed(
        {
            f"{end}.{key}": value
            for end in (SOURCE, TARGET)
            for key, value in {
                "linkerd.version": "2.8.1",
                "ambassador.flavour": "ambassador",
            }.items()
        }
        | {f"{TARGET}.ambassador.gateway.probe": "ambassador"}
    )


def flat_pair() -> Settings:
    """The shortest pair on a flat network."""
    return changed({"links[0].flatNetwork": True, f"{TARGET}.ambassador": DELETED})


def three() -> Settings:
    """Two sources of one target."""
    link = {"source": "other", "target": "target", "exports": [EXPORT]}
    return changed({"clusters.other": {"context": "other", "ambassador": {}}, "links[1]": link})


def fan() -> Settings:
    """One source of two targets that have a Service of one name."""
    link = {"source": "source", "target": "other", "exports": [EXPORT]}
    other = {"context": "other", "ambassador": {"gateway": {}}}
    return changed({"clusters.other": other, "links[1]": link})


Case = tuple[str, Settings, dict[str, Any], str, str, str]

WRONG: list[Case] = [
    # the case, settings, what is changed, where the problem is, its message, its remedy
    # Flat networks
    (
        "a flat link goes to a gateway's address",
        flat_pair(),
        {"links[0].gateway": {"address": ["192.0.2.1"]}},
        "links[0].gateway",
        "this link uses no gateway, because flatNetwork is true",
        "leave it out, or leave flatNetwork out",
    ),
    (
        "a flat link selects Services to call through a gateway",
        flat_pair(),
        {"links[0].selectors.gateway": SELECTOR},
        "links[0].selectors.gateway",
        "this link uses no gateway",
        "leave flatNetwork out",
    ),
    (
        "a flat link probes a gateway",
        flat_pair(),
        {"links[0].probe": {"periodSeconds": 5}},
        "links[0].probe",
        "this link uses no gateway",
        "leave flatNetwork out",
    ),
    (
        "a Service of a flat link is exported through a gateway",
        flat_pair(),
        {"links[0].exports[0].mode": "gateway"},
        "links[0].exports[0].mode",
        "this link uses no gateway",
        "write mode: remote-discovery",
    ),
    # Selectors
    *(
        (
            f"selectors.{key} replaces the label of a Service exported by name",
            pair(),
            {f"links[0].selectors.{key}": SELECTOR, f"links[0].exports[0].{field}": value},
            "links[0].exports[0]",
            f"selectors.{key} replaces the label by which this Service would be exported",
            f"or leave selectors.{key} out",
        )
        for key, field, value in (
            ("gateway", "mode", "gateway"),
            ("remoteDiscovery", "mode", "remote-discovery"),
            ("federated", "federated", True),
        )
    ),
    (
        "a selector says nothing",
        pair(),
        {"links[0].selectors.remoteDiscovery": {}},
        "links[0].selectors.remoteDiscovery",
        "a selector without a condition selects nothing",
        "write at least one label under matchLabels",
    ),
    (
        "a condition compares with no values",
        pair(),
        {"links[0].selectors.federated.matchExpressions": [{"key": "team", "operator": "In"}]},
        "links[0].selectors.federated.matchExpressions[0].values",
        "In needs values",
        "write at least one value",
    ),
    (
        "a condition on a label's being there has values",
        pair(),
        {
            "links[0].selectors.federated.matchExpressions": [
                {"key": "team", "operator": "Exists", "values": ["shop"]}
            ]
        },
        "links[0].selectors.federated.matchExpressions[0].values",
        "Exists accepts no values",
        "leave values out",
    ),
    (
        "a selector has a value that no label has",
        pair(),
        {"links[0].selectors.federated.matchLabels": {"team": "shop!"}},
        "links[0].selectors.federated.matchLabels.team",
        "'shop!' is not the value of a label",
        "letters, digits",
    ),
    (
        "what is not copied is no label",
        pair(),
        {"links[0].excludedLabels": ["team", "a b"]},
        "links[0].excludedLabels[1]",
        "not the key of a label or annotation",
        "example.com/name",
    ),
    # Credentials
    (
        "a token without an end has a lifetime",
        pair(),
        {"links[0].credentials": {"lifetime": "48h"}},
        "links[0].credentials.lifetime",
        "the token of a Secret has no end",
        "leave it out, or write token: request",
    ),
    *(
        (
            f"a token lives for {span}",
            pair(),
            {"links[0].credentials": {"token": "request", "lifetime": span}},
            "links[0].credentials.lifetime",
            f"{span} is less than 10 minutes, or not in whole minutes",
            "write at least 10m",
        )
        # An API server may extend a token of 3607 seconds to a year.
        for span in ("599s", "3607s", "9m", "1h0m7s")
    ),
    (
        "a token is renewed by every update",
        pair(),
        {"links[0].credentials": {"token": "request", "lifetime": "1h", "renewBefore": "60m"}},
        "links[0].credentials.renewBefore",
        "every update would renew a token that is valid for 1h",
        "write less than the lifetime",
    ),
    # Exports
    (
        "one Service has two modes",
        three(),
        {"links[1].exports[0].mode": "remote-discovery"},
        "links[1].exports[0].mode",
        "shop/web of cluster 'target' has the mode remote-discovery here and gateway at "
        "links[0].exports[0]",
        "write mode: gateway, or links[0].exports[0].mode: remote-discovery",
    ),
    (
        "a Service is neither mirrored nor federated",
        pair(),
        {"links[0].exports[0].mode": "none"},
        "links[0].exports[0].mode",
        "neither mirrored nor federated",
        "write federated: true",
    ),
    *(
        (
            f"a Service without a mirror has {key}",
            pair(),
            {"links[0].exports[0]": {**EXPORT, "mode": "none", "federated": True, key: value}},
            f"links[0].exports[0].{key}",
            "with mode: none there is no mirrored Service",
            "mode: gateway or remote-discovery",
        )
        for key, value in {
            "weights": {"local": 1, "mirrored": 1},
            "mapping": {"prefix": "/web/"},
        }.items()
    ),
    (
        "both weights are 0",
        pair(),
        {"links[0].exports[0].weights": {"local": 0, "mirrored": 0}},
        "links[0].exports[0].weights.local",
        "both weights are 0, so no request is answered",
        "write a weight above 0",
    ),
    (
        "requests to one Service are shared out twice",
        fan(),
        {f"links[{i}].exports[0].weights": {"local": 1, "mirrored": 1} for i in (0, 1)},
        "links[1].exports[0].weights",
        "links[0].exports[0].weights already splits requests to shop/web in cluster 'source'",
        "remove one of the two",
    ),
    (
        "the name of a federated Service is too long",
        pair(),
        {"links[0].exports[0]": {"namespace": "shop", "service": "s" * 54, "federated": True}},
        "links[0].exports[0].federated",
        "64 characters; the limit is 63",
        "leave federated out",
    ),
    (
        "a cluster is named as federated Services are",
        pair(),
        {
            "clusters.federated": {"context": "f", "ambassador": {"gateway": {}}},
            "links[0].exports[0].federated": True,
            "links[1]": {"source": "source", "target": "federated", "exports": [EXPORT]},
        },
        "links[1].exports[0]",
        "would have the name of the federated Service of links[0].exports[0]",
        "rename the target cluster",
    ),
    # Routes to mirrors
    (
        "a mirror is to be reached through an Ambassador that is not there",
        pair(),
        {f"{SOURCE}.ambassador": DELETED, "links[0].exports[0].mapping": {"prefix": "/web/"}},
        "links[0].exports[0].mapping",
        "cluster 'source' has no Ambassador",
        "write clusters.source.ambassador: {}",
    ),
    (
        "a mirror is to be reached through an Ambassador that answers for no name",
        pair(),
        {f"{SOURCE}.ambassador.hosts": [], "links[0].exports[0].mapping": {"prefix": "/web/"}},
        "links[0].exports[0].mapping",
        "clusters.source.ambassador.hosts is empty",
        "leave clusters.source.ambassador.hosts out",
    ),
    (
        "the route to a mirror has the name of a Mapping",
        pair(),
        {
            f"{SOURCE}.ambassador.mappings": [
                {"name": "web-target", "prefix": "/shop/", "service": "web.shop"}
            ],
            "links[0].exports[0].mapping": {"prefix": "/web/"},
        },
        "links[0].exports[0].mapping.name",
        "already has the Mapping 'web-target' at clusters.source.ambassador.mappings[0]",
        "another name",
    ),
    (
        "the route to a mirror is that of a Mapping",
        pair(),
        {
            f"{SOURCE}.ambassador.mappings": [
                {"name": "web", "prefix": "/web/", "hostname": "a.b", "service": "web.shop"}
            ],
            "links[0].exports[0].mapping": {"prefix": "/web/", "hostname": "A.b"},
        },
        "links[0].exports[0].mapping.prefix",
        "clusters.source.ambassador.mappings[0] already routes /web/ of the same host names",
        "another prefix or hostname",
    ),
    (
        "the route to a mirror has the name of the sample's",
        pair(),
        {
            f"{SOURCE}.sample": {},
            "links[0].exports[0].mapping": {"prefix": "/web/", "name": "linkerd2-qotm"},
        },
        "links[0].exports[0].mapping.name",
        "already has the Mapping 'linkerd2-qotm' at clusters.source.sample",
        "another name",
    ),
    (
        "the route to a mirror is that of the sample",
        pair(),
        {
            f"{SOURCE}.sample": {},
            "links[0].exports[0].mapping": {"prefix": "/qotm-linkerd2/"},
        },
        "links[0].exports[0].mapping.prefix",
        "clusters.source.sample already routes /qotm-linkerd2/",
        "another prefix or hostname",
    ),
    (
        "the route to a mirror has the name of the health route",
        pair(),
        {
            f"{SOURCE}.ambassador.gateway": {},
            "links[0].exports[0].mapping": {"prefix": "/web/", "name": "public-health-check"},
        },
        "links[0].exports[0].mapping.name",
        "at clusters.source.ambassador.gateway",
        "another name",
    ),
    (
        "the route to a mirror is the health route",
        pair(),
        {
            f"{SOURCE}.ambassador.gateway": {"healthPath": "/alive"},
            "links[0].exports[0].mapping": {"prefix": "/alive"},
        },
        "links[0].exports[0].mapping.prefix",
        "clusters.source.ambassador.gateway already routes /alive",
        "another prefix or hostname",
    ),
    (
        "two mirrors have one route",
        fan(),
        {f"links[{i}].exports[0].mapping": {"prefix": "/web/"} for i in (0, 1)},
        "links[1].exports[0].mapping.prefix",
        "links[0].exports[0].mapping already routes /web/",
        "another prefix or hostname",
    ),
    # Generations
    (
        "Linkerd is of a version between the generations",
        pair(),
        {f"{SOURCE}.linkerd.version": "2.10.2"},
        f"{SOURCE}.linkerd.version",
        "2.10.2 is a stable release, whose charts have other numbers",
        'write "2026.8.3"',
    ),
    (
        "Linkerd is of a chart whose number is another count",
        pair(),
        {f"{TARGET}.linkerd.version": "1.16.11"},
        f"{TARGET}.linkerd.version",
        "1.16.11 is a number of the charts linkerd-crds and linkerd-control-plane of Linkerd 2.14",
        '"2026.8.3"',
    ),
    (
        "the source is of 2.8 and the target of today",
        pair(),
        {f"{SOURCE}.linkerd.version": "2.8.1"},
        "links[0]",
        "cluster 'source' has Linkerd 2.8, which describes gateways by annotations",
        'write "2026.8.3" under clusters.source.linkerd.version',
    ),
    (
        "the target is of 2.8 and the source of today",
        pair(),
        {
            f"{TARGET}.linkerd.version": "2.8.1",
            f"{TARGET}.ambassador.gateway.probe": "ambassador",
        },
        "links[0]",
        "cluster 'target' has Linkerd 2.8, which describes gateways by annotations",
        'write "2026.8.3" under clusters.',
    ),
    *(
        (
            f"Linkerd 2.8 has {key}",
            old_pair(),
            {f"{SOURCE}.linkerd.{key}": value},
            f"{SOURCE}.linkerd.{key}",
            f"Linkerd 2.8 has no such setting: {reason}",
            f'leave {key} out, or write version: "2026.8.3"',
        )
        for key, value, reason in (
            ("viz.enabled", True, "its metrics and dashboard are part of the chart"),
            ("proxy.defaultInboundPolicy", "deny", "it has no authorization policy"),
            ("imagePullSecrets", [{"name": "a"}], "its charts have no values for logins"),
            ("crdsValues", {"a": 1}, "its CRDs are part of the chart linkerd2"),
            ("gatewayApiCrds", True, "it does not support the Gateway API"),
        )
    ),
    (
        "an Ambassador of Linkerd 2.8 is in ingress mode",
        old_pair(),
        {f"{SOURCE}.ambassador.sidecar.mode": "ingress"},
        f"{SOURCE}.ambassador.sidecar.mode",
        "Linkerd 2.8 has no ingress mode",
        "leave mode out",
    ),
    (
        "the proxy of Linkerd 2.8 is probed",
        old_pair(),
        {f"{TARGET}.ambassador.gateway.probe": "proxy"},
        f"{TARGET}.ambassador.gateway.probe",
        "the admin port of its proxy does not accept",
        "write probe: ambassador",
    ),
    (
        "the stack file has the address of a gateway of Linkerd 2.8",
        old_pair(),
        {f"{TARGET}.ambassador.gateway.address": ["192.0.2.1"]},
        f"{TARGET}.ambassador.gateway.address",
        "only from its Service",
        "service.type: LoadBalancer",
    ),
    (
        "the gateway of Linkerd 2.8 has no address",
        old_pair(),
        {f"{TARGET}.ambassador.service.type": "NodePort"},
        f"{TARGET}.ambassador.service.type",
        "and service mirrors of Linkerd 2.8 read only that address",
        "write type: LoadBalancer",
    ),
    *(
        (
            f"a link of Linkerd 2.8 has {path}",
            old_pair(),
            {f"links[0].{path}": value},
            f"links[0].{path}",
            "uses the gateway that the exported Service names, and has no such setting",
            'leave it out, or write version "2026.8.3" for both clusters',
        )
        for path, value in {
            "gateway": {"address": ["192.0.2.1"]},
            "selectors.federated": SELECTOR,
            "selectors.remoteDiscovery": SELECTOR,
            "probe": {"timeoutSeconds": 5},
            "headlessServices": True,
            "excludedLabels": ["a"],
            "excludedAnnotations": ["a"],
            "exports[0].mode": "remote-discovery",
            "exports[0].federated": True,
            "exports[0].weights": {"local": 1, "mirrored": 1},
        }.items()
    ),
    (
        "a link of Linkerd 2.8 is on a flat network",
        old_pair(),
        {"links[0].flatNetwork": True},
        "links[0].flatNetwork",
        "has no such setting",
        '"2026.8.3" for both',
    ),
    (
        "a link of Linkerd 2.8 has a selector for its gateway",
        old_pair(),
        {"links[0].selectors.gateway": SELECTOR, "links[0].exports": []},
        "links[0].selectors.gateway",
        "has no such setting",
        '"2026.8.3" for both',
    ),
]


@pytest.mark.parametrize(
    ("settings", "changes", "path", "message", "remedy"),
    [pytest.param(*case[1:], id=case[0]) for case in WRONG],
)
def test_it_is_refused_that(
    settings: Settings, changes: dict[str, Any], path: str, message: str, remedy: str
) -> None:
    assert problems(settings) == ()
    found = problems(changed(changes, settings))
    told = [problem for problem in found if problem.path == path]
    assert told, [str(problem) for problem in found]
    assert message in told[0].message
    assert remedy in told[0].remedy
    assert len(found) == 1, [str(problem) for problem in found]


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        pytest.param(settings, changes, id=name)
        for name, settings, changes in (
            (
                "some Services of a link are called directly",
                pair(),
                {
                    "links[0].exports[1]": {
                        "namespace": "shop",
                        "service": "db",
                        "mode": "remote-discovery",
                    }
                },
            ),
            (
                "a Service is federated alone, by a name too long for a mirror",
                pair(),
                {
                    "links[0].exports[0]": {
                        "namespace": "shop",
                        "service": "s" * 53,
                        "mode": "none",
                        "federated": True,
                    },
                    "clusters.a-cluster-of-some-length": {"context": "a"},
                    "links[0].target": "a-cluster-of-some-length",
                    "links[0].flatNetwork": True,
                },
            ),
            (
                "one Service of two clusters is federated",
                fan(),
                {f"links[{i}].exports[0].federated": True for i in (0, 1)},
            ),
            (
                "two Services of one name share out requests to different ports",
                fan(),
                {
                    "links[0].exports[0].weights": {"local": 1, "mirrored": 1},
                    "links[1].exports[0]": {
                        **EXPORT,
                        "port": 8080,
                        "weights": {"local": 1, "mirrored": 1},
                    },
                },
            ),
            (
                "all requests go to the mirror",
                pair(),
                {"links[0].exports[0].weights": {"local": 0, "mirrored": 1}},
            ),
            (
                "a selector of another kind leaves the label of an export alone",
                pair(),
                {"links[0].selectors.remoteDiscovery": SELECTOR},
            ),
            (
                "conditions are of every kind",
                pair(),
                {
                    "links[0].selectors.federated.matchExpressions": [
                        {"key": "a", "operator": "In", "values": ["", "x"]},
                        {"key": "example.com/a", "operator": "NotIn", "values": ["x"]},
                        {"key": "a", "operator": "Exists"},
                        {"key": "a", "operator": "DoesNotExist"},
                    ]
                },
            ),
            (
                "the source's Ambassador of Linkerd 2.8 has a route to a mirror",
                old_pair(),
                {"links[0].exports[0].mapping": {"prefix": "/web/"}},
            ),
            (
                "Linkerd 2.8 has no Gateway API, as is written",
                old_pair(),
                {f"{SOURCE}.linkerd.gatewayApiCrds": False},
            ),
            (
                "clusters of two generations are not linked",
                pair(),
                {"clusters.old": {"context": "old", "linkerd": {"version": "2.8.1"}}},
            ),
        )
    ],
)
def test_it_is_allowed_that(settings: Settings, changes: dict[str, Any]) -> None:
    assert problems(changed(changes, settings)) == ()


def test_a_version_of_no_generation_is_reported_without_what_would_follow_from_it() -> None:
    found = problems(changed({f"{SOURCE}.linkerd.version": "2.14.1"}, old_pair()))
    assert [problem.path for problem in found] == [f"{SOURCE}.linkerd.version"]
