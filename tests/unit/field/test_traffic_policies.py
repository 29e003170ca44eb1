"""Traffic policies of exports, excluded groups of labels, and what pods may reach outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.facts.case import ClusterCase
from checks.facts.results import Status
from checks.linkerd.egress import egress
from checks.links.policies import policies
from config.inventory import inventory
from config.links.exports import ServiceRef
from config.rules.traffic_policies import excludes
from tests.stack_builders import changed, loaded, pair, problems
from tests.unit.checks.builders import link_case, thing, view
from vocabulary.kinds import EGRESS_NETWORK, NAMESPACE, Kind

EXPORT = "links[0].exports[0]"
WEB = ServiceRef("shop", "web")

SPANS = st.builds("{}{}".format, st.integers(1, 9999), st.sampled_from(["ms", "s", "m", "h", "d"]))
CODES = st.one_of(
    st.sampled_from(["5xx", "gateway-error", "500-504", "429-429"]), st.integers(100, 599).map(str)
)


def some_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with at least one of these keys."""
    return st.fixed_dictionaries({}, optional=fields).filter(bool)


RETRIES = st.one_of(
    st.fixed_dictionaries(
        {"http": st.lists(CODES, min_size=1, max_size=3, unique=True)},
        optional={"limit": st.integers(1, 65535), "timeout": SPANS},
    ),
    st.fixed_dictionaries(
        {"grpc": st.lists(st.sampled_from(["internal", "unavailable"]), min_size=1, unique=True)},
        optional={"limit": st.integers(1, 9)},
    ),
)
RATES = st.fixed_dictionaries(
    {},
    optional={
        "threshold": st.floats(0.01, 1),
        "window": SPANS.filter(lambda span: duration(span) >= 10),
        "minRequests": st.integers(1, 1_000_000),
    },
)
BREAKERS = st.fixed_dictionaries(
    {},
    optional={
        "maxFailures": st.integers(1, 1000),
        "maxPenalty": st.integers(60, 9999).map("{}s".format),
        "minPenalty": st.integers(1, 60).map("{}s".format),
        "jitterRatio": st.floats(0, 100),
        "successRate": RATES,
    },
)
POLICIES = some_of(
    retries=RETRIES,
    timeouts=some_of(request=SPANS, response=SPANS, idle=SPANS),
    circuitBreaker=BREAKERS,
    penalizeFailures=st.one_of(
        st.just(True), st.fixed_dictionaries({}, optional={"penalty": SPANS})
    ),
    opaquePorts=st.lists(st.integers(1, 65535), min_size=1, max_size=4, unique=True),
)


# What Linkerd reads ---------------------------------------------------------------------------


def duration(text: str) -> int:
    """Milliseconds, as Linkerd's policy controller reads a duration; ValueError otherwise."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text)
    if found is None:
        raise ValueError(text)
    factor = {"ms": 1, "s": 10**3, "m": 6 * 10**4, "h": 36 * 10**5, "d": 864 * 10**5}[found[2]]
    return int(found[1]) * factor


def codes(text: str) -> list[tuple[int, int]]:
    """Ranges of status codes, as the policy controller reads them; ValueError otherwise."""
    found = []
    for part in text.split(","):
        named = {"5xx": (500, 599), "gateway-error": (502, 504)}.get(part)
        first, _, last = part.partition("-")
        pair_of = named or (int(first), int(last or first))
        if not 100 <= pair_of[0] <= pair_of[1] < 600:
            raise ValueError(text)
        found.append(pair_of)
    return found


def read(annotations: dict[str, str]) -> dict[str, Any]:
    """What proxies get of a Service's annotations; raises ValueError where they are refused."""
    get = annotations.get
    http, grpc, breaker = (
        get("retry.linkerd.io/http"),
        get("retry.linkerd.io/grpc"),
        get("balancer.linkerd.io/failure-accrual"),
    )
    consecutive = "balancer.linkerd.io/failure-accrual-consecutive-"
    rate = "balancer.alpha.linkerd.io/failure-accrual-success-rate-"
    if breaker not in (None, "consecutive", "unified"):
        raise ValueError(breaker)
    least = duration(get(f"{consecutive}min-penalty", "1s"))
    most = duration(get(f"{consecutive}max-penalty", "1m"))
    if least > most:
        raise ValueError(annotations)
    return {
        "http": codes(http) if http else [],
        "grpc": grpc.split(",") if grpc else [],
        "limit": int(get("retry.linkerd.io/limit", "1")),
        "try": get("retry.linkerd.io/timeout"),
        "timeouts": {
            name: duration(annotations[f"timeout.linkerd.io/{name}"])
            for name in ("request", "response", "idle")
            if f"timeout.linkerd.io/{name}" in annotations
        },
        "breaker": breaker,
        "failures": int(get(f"{consecutive}max-failures", "7")),
        "penalties": (least, most),
        "jitter": float(get(f"{consecutive}jitter-ratio", "0.5")),
        "rate": (
            float(get(f"{rate}threshold", "0.8")),
            duration(get(f"{rate}window", "10s")),
            int(get(f"{rate}min-requests", "5")),
        ),
        "penalize": get("balancer.alpha.linkerd.io/penalize-failures") == "true",
        "penalty": get("balancer.alpha.linkerd.io/load-biaser-penalty"),
        "opaque": [
            int(port) for port in (get("config.linkerd.io/opaque-ports") or "").split(",") if port
        ],
    }


def wanted(policy: dict[str, Any]) -> dict[str, Any]:
    """What proxies have to get of a policy of a stack file."""
    retries, breaker = policy.get("retries", {}), policy.get("circuitBreaker")
    rate, penalize = (breaker or {}).get("successRate"), policy.get("penalizeFailures", False)
    own = breaker or {}
    return {
        "http": [codes(code)[0] for code in retries.get("http", [])],
        "grpc": retries.get("grpc", []),
        "limit": retries.get("limit", 1),
        "try": retries.get("timeout"),
        "timeouts": {key: duration(value) for key, value in policy.get("timeouts", {}).items()},
        "breaker": None if breaker is None else "consecutive" if rate is None else "unified",
        "failures": own.get("maxFailures", 7),
        "penalties": (
            duration(own.get("minPenalty", "1s")),
            duration(own.get("maxPenalty", "1m")),
        ),
        "jitter": own.get("jitterRatio", 0.5),
        "rate": (
            (rate or {}).get("threshold", 0.8),
            duration((rate or {}).get("window", "10s")),
            (rate or {}).get("minRequests", 5),
        ),
        "penalize": penalize is not False,
        "penalty": penalize.get("penalty") if isinstance(penalize, dict) else None,
        "opaque": policy.get("opaquePorts", []),
    }


@given(POLICIES)
def test_linkerd_reads_of_the_annotations_what_the_policy_says(policy: dict[str, Any]) -> None:
    opaque = "opaquePorts" in policy
    mesh = loaded(changed({f"{EXPORT}.traffic": policy, f"{EXPORT}.opaque": opaque}, pair()))
    (export,) = mesh.exports_of("target")
    assert export.service == WEB
    assert export.annotations == mesh.traffic_of("target")[WEB]
    assert read(export.annotations) == wanted(policy)


@pytest.mark.parametrize(
    ("policy", "key", "remedy"),
    [
        ({}, "", "retries, timeouts"),
        (
            {"retries": {"limit": 3}},
            ".retries",
            "write http, grpc or timeout, for example http: [5xx]",
        ),
        ({"retries": {"http": ["600"]}}, ".retries.http[0]", '"503"'),
        ({"retries": {"http": ["504-500"]}}, ".retries.http[0]", '"500-504"'),
        ({"timeouts": {"request": "5"}}, ".timeouts.request", "5s"),
        ({"timeouts": {"request": "1.5s"}}, ".timeouts.request", "300ms"),
        ({"timeouts": {"request": "1m30s"}}, ".timeouts.request", "one unit"),
        ({"circuitBreaker": {"minPenalty": "2m"}}, ".circuitBreaker.minPenalty", "maxPenalty: 2m"),
        (
            {"circuitBreaker": {"maxPenalty": "500ms"}},
            ".circuitBreaker.maxPenalty",
            "maxPenalty: 1s",
        ),
        (
            {"circuitBreaker": {"successRate": {"window": "5ms"}}},
            ".circuitBreaker.successRate.window",
            "10s",
        ),
        ({"penalizeFailures": False}, "", "or leave it out"),
    ],
)
def test_what_linkerd_would_ignore_is_refused(
    policy: dict[str, Any], key: str, remedy: str
) -> None:
    (problem,) = problems(changed({f"{EXPORT}.traffic": policy}, pair()))
    assert problem.path == f"{EXPORT}.traffic{key}"
    assert remedy in problem.remedy


def fan(*traffic: dict[str, Any] | None) -> dict[str, Any]:
    """Two sources of one Service, each with its policy."""
    settings = pair()
    settings["clusters"]["other"] = {"context": "other"}
    settings["links"].append({**settings["links"][0], "source": "other"})
    for link, policy in zip(settings["links"], traffic, strict=True):
        export = {"namespace": "shop", "service": "web"}
        link["exports"] = [{**export, "traffic": policy} if policy else export]
    return settings


def test_opaque_ports_need_an_opaque_export_where_the_gateway_admits_exports_alone() -> None:
    policy = {f"{EXPORT}.traffic": {"opaquePorts": [5432]}}
    (problem,) = problems(changed(policy, pair()))
    assert problem.path == f"{EXPORT}.traffic.opaquePorts"
    assert problems(changed({**policy, f"{EXPORT}.opaque": True}, pair())) == ()
    everything = {"clusters.target.ambassador.gateway.admits": "everything"}
    assert problems(changed({**policy, **everything}, pair())) == ()


def test_a_service_has_one_policy_for_all_links() -> None:
    policy, other = {"timeouts": {"request": "1s"}}, {"timeouts": {"request": "2s"}}
    assert problems(fan(policy, policy)) == ()
    for one, two in ((policy, other), (policy, None), (None, policy)):
        (problem,) = problems(fan(one, two))
        assert problem.path == "links[1].exports[0].traffic"
        assert "apply to all links" in problem.message


@pytest.mark.parametrize(
    ("pattern", "lost"),
    [
        ("timeout.linkerd.io/*", True),
        ("timeout.linkerd.io/request", True),
        ("timeout.linkerd.io/idle", False),
        ("retry.linkerd.io/*", False),
        ("config.linkerd.io/*", False),
    ],
)
def test_a_policy_that_the_link_keeps_from_mirrors_is_refused(pattern: str, lost: bool) -> None:
    policy = {"timeouts": {"request": "1s"}, "opaquePorts": [5432]}
    changes = {f"{EXPORT}.traffic": policy, f"{EXPORT}.opaque": True}
    changes["links[0].excludedAnnotations"] = [pattern]
    found = problems(changed(changes, pair()))
    assert [problem.path for problem in found] == ([f"{EXPORT}.traffic"] if lost else [])


@pytest.mark.parametrize("end", ["source", "target"])
@pytest.mark.parametrize(
    "policy", [{"penalizeFailures": True}, {"circuitBreaker": {"successRate": {}}}]
)
def test_settings_of_new_control_planes_are_refused_for_older_ones(
    end: str, policy: dict[str, Any]
) -> None:
    changes = {f"{EXPORT}.traffic": policy, f"clusters.{end}.linkerd": {"version": "2026.6.1"}}
    (problem,) = problems(changed(changes, pair()))
    assert problem.path == f"{EXPORT}.traffic"
    assert "since 2026.6.2" in problem.message
    changes[f"clusters.{end}.linkerd"]["version"] = "2026.6.2"
    assert problems(changed(changes, pair())) == ()


@pytest.mark.parametrize(
    ("target", "source", "statuses"),
    [
        ({"timeout.linkerd.io/request": "1s"}, {"timeout.linkerd.io/request": "1s"}, ["ok", "ok"]),
        ({"timeout.linkerd.io/request": "1s"}, {}, ["ok", "failure"]),
        ({}, {}, ["failure", "failure"]),
        ({"timeout.linkerd.io/request": "2s"}, None, ["failure"]),
    ],
)
def test_the_check_compares_the_service_and_its_mirror_with_the_policy(
    target: dict[str, str], source: dict[str, str] | None, statuses: list[str]
) -> None:
    mesh = loaded(changed({f"{EXPORT}.traffic": {"timeouts": {"request": "1s"}}}, pair()))
    here = thing("v1", "Service", "web-target", "shop", annotations=source or {})
    there = thing("v1", "Service", "web", "shop", annotations=target)
    case = link_case(
        view(*([here] if source is not None else []), cluster="source"),
        view(there, cluster="target"),
        mesh,
    )
    assert [finding.status for finding in policies(case)] == [Status(item) for item in statuses]


# Excluded groups ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["excludedLabels", "excludedAnnotations"])
@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("argocd.argoproj.io/*", True),
        ("argocd.argoproj.io/instance", True),
        ("app", True),
        ("*", False),
        ("argocd.argoproj.io/inst*", False),
        ("*/name", False),
        ("/*", False),
        ("Argo_/*", False),
    ],
)
def test_groups_of_keys_are_written_as_linkerd_reads_them(
    key: str, pattern: str, fits: bool
) -> None:
    found = problems(changed({f"links[0].{key}": [pattern]}, pair()))
    assert [problem.path for problem in found] == ([] if fits else [f"links[0].{key}[0]"])
    if not fits:
        assert "example.com/*" in found[0].remedy


@pytest.mark.parametrize(
    ("pattern", "key", "left_out"),
    [
        ("a.io/*", "a.io/x", True),
        ("a.io/*", "a.io.b/x", True),
        ("a.io/*", "b.a.io/x", False),
        ("a.io/x", "a.io/x", True),
        ("a.io/x", "a.io/xy", False),
    ],
)
def test_a_group_is_what_begins_with_its_prefix(pattern: str, key: str, left_out: bool) -> None:
    assert excludes(pattern, key) is left_out


# Egress ---------------------------------------------------------------------------------------

HOSTS = st.lists(
    st.sampled_from(["a.example.com", "*.b.example.com", "c.example.org"]), min_size=1, unique=True
)
ROUTES = st.lists(
    st.fixed_dictionaries(
        {"hosts": HOSTS},
        optional={
            "protocol": st.sampled_from(["tls", "http"]),
            "ports": st.lists(st.integers(1, 65535), min_size=1, max_size=3, unique=True),
        },
    ),
    max_size=3,
)
NETWORKS = st.lists(
    st.lists(st.sampled_from(["203.0.113.0/24", "198.51.100.7/32"]), min_size=1, unique=True),
    max_size=2,
)


def allowed(objects: list[dict[str, Any]], protocol: str, host: str, port: int) -> bool:
    """Whether proxies let a request to a host outside of the cluster through (Linkerd docs)."""
    kind = {"tls": "TLSRoute", "http": "HTTPRoute"}[protocol]
    (default,) = (
        item
        for item in objects
        if item["kind"] == "EgressNetwork"
        and "networks" not in item["spec"]
        and item["metadata"]["namespace"] == "linkerd-egress"
    )
    return default["spec"]["trafficPolicy"] == "Allow" or any(
        item["kind"] == kind
        and any(parent["port"] == port for parent in item["spec"]["parentRefs"])
        and any(
            name == host or (name[0] == "*" and host.endswith(name[1:]))
            for name in item["spec"]["hostnames"]
        )
        for item in objects
    )


@given(ROUTES, NETWORKS)
def test_pods_reach_the_listed_hosts_by_their_protocol_and_port_alone(
    routes: list[dict[str, Any]], networks: list[list[str]]
) -> None:
    given_hosts = [{**route, "name": f"r{place}"} for place, route in enumerate(routes)]
    addresses = [{"name": f"n{place}", "networks": item} for place, item in enumerate(networks)]
    settings = {"default": "deny", "hosts": given_hosts, "addresses": addresses}
    mesh = loaded(changed({"clusters.target.linkerd": {"egress": settings}}, pair()))
    made = list(mesh.egress_of("target"))
    for protocol, usual in (("tls", 443), ("http", 80)):
        for host in ("a.example.com", "x.b.example.com", "b.example.com", "d.example.org"):
            for port in (80, 443, *(port for route in routes for port in route.get("ports", []))):
                assert allowed(made, protocol, host, port) is any(
                    route.get("protocol", "tls") == protocol
                    and port in route.get("ports", [usual])
                    and any(
                        name == host or (name[0] == "*" and host.endswith(name[1:]))
                        for name in route["hosts"]
                    )
                    for route in routes
                )
    open_networks = [
        [network["cidr"] for network in item["spec"]["networks"]]
        for item in made
        if "networks" in item["spec"]
    ]
    assert open_networks == networks
    names = [(item["kind"], item["metadata"]["name"]) for item in made]
    assert len(names) == len(set(names))
    listed = inventory(mesh, "target").objects
    for item in made:
        place = (Kind.of(item), item["metadata"]["namespace"], item["metadata"]["name"])
        assert place in [(one.kind, one.namespace, one.name) for one in listed]
    assert any(one.kind == NAMESPACE and one.name == "linkerd-egress" for one in listed)


@pytest.mark.parametrize(
    ("end", "spaces"), [("source", ["linkerd", "linkerd-multicluster"]), ("target", [])]
)
def test_linkerds_own_pods_keep_their_way_to_the_api_servers_of_targets(
    end: str, spaces: list[str]
) -> None:
    mesh = loaded(changed({f"clusters.{end}.linkerd": {"egress": {"default": "deny"}}}, pair()))
    own = [item for item in mesh.egress_of(end) if item["metadata"]["name"] == "links"]
    assert sorted(item["metadata"]["namespace"] for item in own) == spaces
    assert all(item["spec"] == {"trafficPolicy": "Allow"} for item in own)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"default": "allow", "hosts": [{"name": "a", "hosts": ["a.io"]}]}, ".hosts"),
        ({"default": "deny", "hosts": [{"name": "a", "hosts": ["*"]}]}, ".hosts[0].hosts[0]"),
        ({"default": "deny", "hosts": [{"name": "a", "hosts": ["a.io:1"]}]}, ".hosts[0].hosts[0]"),
        (
            {"default": "deny", "addresses": [{"name": "default", "networks": ["1.0.0.0/8"]}]},
            ".addresses[0].name",
        ),
        (
            {"default": "deny", "hosts": [{"name": "a", "hosts": ["a.io"]}] * 2},
            ".hosts[1].name",
        ),
    ],
)
def test_egress_that_would_not_be_what_is_written_is_refused(
    settings: dict[str, Any], key: str
) -> None:
    found = problems(changed({"clusters.target.linkerd": {"egress": settings}}, pair()))
    assert [problem.path for problem in found] == [f"clusters.target.linkerd.egress{key}"]


@pytest.mark.parametrize("version", ["2024.10.5", "2.8.1"])
def test_egress_needs_a_linkerd_that_has_it(version: str) -> None:
    linkerd = {"version": version, "egress": {"default": "deny"}}
    found = problems({"clusters": {"a": {"context": "a", "linkerd": linkerd}}})
    assert [problem.path for problem in found] == ["clusters.a.linkerd.egress"]


@pytest.mark.parametrize(
    ("policy", "status"), [("Deny", "ok"), ("Allow", "failure"), (None, "failure")]
)
def test_the_check_compares_egress_networks_with_the_stack_file(
    policy: str | None, status: str
) -> None:
    mesh = loaded(changed({"clusters.target.linkerd": {"egress": {"default": "deny"}}}, pair()))
    found = thing(
        EGRESS_NETWORK.api_version,
        "EgressNetwork",
        "default",
        "linkerd-egress",
        spec={"trafficPolicy": policy},
    )
    seen = view(*([found] if policy else []), cluster="target")
    (finding,) = egress(ClusterCase(mesh, "target", seen))
    assert finding.status == Status(status)


@pytest.mark.parametrize("value", [True, False, "0.5", "yes"])
@pytest.mark.parametrize("key", ["jitterRatio", "successRate.threshold"])
def test_a_share_is_a_number_and_nothing_that_could_be_read_as_one(key: str, value: Any) -> None:
    outer, _, inner = key.partition(".")
    breaker = {outer: {inner: value} if inner else value}
    (found,) = problems(changed({f"{EXPORT}.traffic": {"circuitBreaker": breaker}}))
    assert found.path == f"{EXPORT}.traffic.circuitBreaker.{key}"
