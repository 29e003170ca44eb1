"""Who may connect to a port: the documented rules, and drawn instances against them."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.linkerd.clients import Mesh, lacking
from checks.linkerd.inbound_policy import PortPolicy, evaluate
from tests.unit.checks.builders import thing

DOMAIN = "serviceaccount.identity.linkerd.cluster.local"
INSIDE, OUTSIDE, OFFICE = "10.1.2.3", "198.51.100.7", "203.0.113.5"
WEB, CURL = f"web.shop.{DOMAIN}", f"curl.default.{DOMAIN}"
CLIENTS = [(where, who) for where in (INSIDE, OUTSIDE, OFFICE) for who in (None, WEB, CURL)]
LABELS = {"app": "ambassador", "tier": "edge"}


def mesh(default: str = "all-unauthenticated") -> Mesh:
    return Mesh("linkerd", "cluster.local", (ipaddress.ip_network("10.0.0.0/8"),), default)


def pod(**annotations: str) -> dict[str, Any]:
    ports = [
        {"name": "http", "containerPort": 8080},
        {"name": "dns", "containerPort": 8080, "protocol": "UDP"},
        {"name": "two", "containerPort": 8080},
        {"name": "two", "containerPort": 8443},
    ]
    notes = {
        f"config.linkerd.io/{key.replace('_', '-')}": text for key, text in annotations.items()
    }
    spec = {"containers": [{"name": "ambassador", "ports": ports}]}
    return thing("v1", "Pod", "one", "edge", labels=LABELS, annotations=notes, spec=spec)


def server(name: str = "web", port: int | str = 8080, **spec: Any) -> dict[str, Any]:
    content = {"podSelector": {"matchLabels": {"app": "ambassador"}}, "port": port, **spec}
    return thing("policy.linkerd.io/v1beta3", "Server", name, "edge", spec=content)


def authorization(
    name: str, target: str | None = "web", *required: dict[str, Any], kind: str = "Server"
) -> dict[str, Any]:
    reference = {"group": "policy.linkerd.io", "kind": kind, "name": target}
    if target is None:
        reference = {"kind": "Namespace", "name": "edge"}
    spec = {"targetRef": reference, "requiredAuthenticationRefs": list(required)}
    return thing("policy.linkerd.io/v1alpha1", "AuthorizationPolicy", name, "edge", spec=spec)


def tls(*identities: str, name: str = "meshed", namespace: str = "edge", **spec: Any) -> Any:
    content = {"identities": list(identities), **spec}
    return thing(
        "policy.linkerd.io/v1alpha1", "MeshTLSAuthentication", name, namespace, spec=content
    )


def networks(*cidrs: str, name: str = "nets", without: tuple[str, ...] = ()) -> dict[str, Any]:
    listed = [{"cidr": cidr, "except": list(without)} for cidr in cidrs]
    return thing(
        "policy.linkerd.io/v1alpha1",
        "NetworkAuthentication",
        name,
        "edge",
        spec={"networks": listed},
    )


def needs(kind: str, name: str, **more: str) -> dict[str, Any]:
    group = "" if kind == "ServiceAccount" else "policy.linkerd.io"
    return {"group": group, "kind": kind, "name": name, **more}


MESHED = needs("MeshTLSAuthentication", "meshed")
NETS = needs("NetworkAuthentication", "nets")


def lets_in(found: PortPolicy, address: str, identity: str | None) -> bool:
    """Whether a client with this address, meshed as `identity` or unmeshed, may connect."""
    where = ipaddress.ip_address(address)
    return any(
        any(
            where in one.network and not any(where in hole for hole in one.without)
            for one in allowed.networks
        )
        and (
            allowed.identities is None
            or (identity is not None and any(fits(one, identity) for one in allowed.identities))
        )
        for allowed in found.authorizations
    )


def fits(pattern: str, identity: str) -> bool:
    return pattern in ("*", identity) or (pattern[:2] == "*." and identity.endswith(pattern[1:]))


def let_in(found: PortPolicy) -> set[tuple[str, str | None]]:
    return {client for client in CLIENTS if lets_in(found, *client)}


def opened(*objects: dict[str, Any], default: str = "deny", port: int = 8080) -> Any:
    return let_in(evaluate(mesh(default), objects, pod(), port))


EVERYONE = set(CLIENTS)
IN_MESH = {client for client in CLIENTS if client[1] is not None}
IN_CLUSTER = {client for client in CLIENTS if client[0] == INSIDE}


@pytest.mark.parametrize(
    ("default", "clients"),
    [
        ("all-unauthenticated", EVERYONE),
        ("all-authenticated", IN_MESH),
        ("cluster-unauthenticated", IN_CLUSTER),
        ("cluster-authenticated", IN_CLUSTER & IN_MESH),
        ("deny", set()),
        ("audit", EVERYONE),
    ],
)
def test_each_default_policy_lets_in_whom_the_docs_say(default: str, clients: Any) -> None:
    assert opened(default=default) == clients
    own = evaluate(mesh("deny"), [], pod(default_inbound_policy=default), 8080)
    assert let_in(own) == clients
    access = server(accessPolicy=default)
    assert opened(access) == clients


def test_a_pods_annotation_that_is_no_policy_is_passed_over() -> None:
    found = evaluate(mesh("all-authenticated"), [], pod(default_inbound_policy="open"), 8080)
    assert let_in(found) == IN_MESH


def test_a_server_without_policies_lets_no_one_in_whatever_the_default_is() -> None:
    assert opened(server(), default="all-unauthenticated") == set()
    assert opened(server(), default="all-unauthenticated", port=8443) == EVERYONE


def test_ports_that_require_identity_take_meshed_clients_only_where_no_server_decides() -> None:
    annotated = pod(proxy_require_identity_inbound_ports="8443,8000-8090")
    assert let_in(evaluate(mesh(), [], annotated, 8080)) == IN_MESH
    assert let_in(evaluate(mesh(), [], annotated, 9000)) == EVERYONE
    free = (server(), authorization("a", "web"))
    assert let_in(evaluate(mesh(), free, annotated, 8080)) == EVERYONE


@pytest.mark.parametrize(
    ("spec", "selected"),
    [
        ({"port": "http"}, True),
        ({"port": "two"}, True),
        ({"port": "dns"}, False),
        ({"port": "none"}, False),
        ({"port": 8443}, False),
        ({"podSelector": {}}, True),
        ({"podSelector": {"matchLabels": {"app": "other"}}}, False),
        ({"podSelector": {"matchLabels": {"app": "ambassador", "tier": "edge"}}}, True),
        ({"podSelector": None, "externalWorkloadSelector": {}}, False),
        *(
            (
                {"podSelector": {"matchExpressions": [{"key": key, "operator": op, **values}]}},
                selected,
            )
            for key, op, values, selected in (
                ("app", "In", {"values": ["ambassador", "x"]}, True),
                ("app", "In", {"values": ["x"]}, False),
                ("app", "NotIn", {"values": ["x"]}, True),
                ("app", "NotIn", {"values": ["ambassador"]}, False),
                ("none", "NotIn", {"values": ["x"]}, True),
                ("app", "Exists", {}, True),
                ("none", "Exists", {}, False),
                ("none", "DoesNotExist", {}, True),
                ("app", "DoesNotExist", {}, False),
            )
        ),
    ],
)
def test_a_server_selects_pods_and_ports(spec: dict[str, Any], selected: bool) -> None:
    one = server()
    one["spec"].update(spec)
    found = evaluate(mesh(), [one], pod(), 8080)
    assert (found.server == "web") is selected


def test_a_server_of_another_namespace_selects_nothing() -> None:
    other = server()
    other["metadata"]["namespace"] = "shop"
    assert evaluate(mesh(), [other], pod(), 8080).server is None


def test_of_several_servers_the_oldest_decides_and_then_the_first_by_name() -> None:
    def aged(name: str, moment: str) -> dict[str, Any]:
        one = server(name)
        one["metadata"]["creationTimestamp"] = moment
        return one

    young, old = aged("a", "2026-05-02T00:00:00Z"), aged("z", "2026-05-01T00:00:00Z")
    assert evaluate(mesh(), [young, old], pod(), 8080).server == "z"
    same = aged("b", "2026-05-01T00:00:00Z")
    assert evaluate(mesh(), [old, same], pod(), 8080).server == "b"


def test_policies_add_up_and_each_asks_for_all_that_it_requires() -> None:
    both = authorization("both", "web", MESHED, NETS)
    objects = [server(), both, tls(WEB), networks("203.0.113.0/24")]
    assert opened(*objects) == {(OFFICE, WEB)}
    wider = authorization("wider", "web", needs("ServiceAccount", "curl", namespace="default"))
    assert opened(*objects, wider) == {
        (OFFICE, WEB),
        *((w, CURL) for w in (INSIDE, OUTSIDE, OFFICE)),
    }


def test_a_policy_that_requires_nothing_lets_everyone_in() -> None:
    assert opened(server(), authorization("a", "web")) == EVERYONE


def test_a_policy_for_the_namespace_counts_for_its_servers_and_not_without_one() -> None:
    whole = authorization("all", None)
    assert opened(server(), whole) == EVERYONE
    assert opened(whole) == set()


def test_a_policy_for_another_server_counts_for_nothing() -> None:
    assert opened(server(), authorization("a", "other")) == set()


def test_exceptions_of_a_network_are_left_out() -> None:
    nets = networks("0.0.0.0/0", "::/0", without=("203.0.113.0/24",))
    assert opened(server(), authorization("a", "web", NETS), nets) == {
        client for client in CLIENTS if client[0] != OFFICE
    }


@pytest.mark.parametrize(
    ("identities", "clients"),
    [
        (("*",), {WEB, CURL}),
        ((WEB,), {WEB}),
        ((f"*.shop.{DOMAIN}",), {WEB}),
        (("*.local",), {WEB, CURL}),
        (("web",), set()),
        ((f"*eb.shop.{DOMAIN}",), set()),
    ],
)
def test_identities_are_names_or_ends_of_names(identities: Any, clients: set[str]) -> None:
    found = opened(server(), authorization("a", "web", MESHED), tls(*identities))
    assert {who for _, who in found} == clients


def test_identities_may_be_named_by_their_account_or_namespace() -> None:
    account: dict[str, Any] = {
        "identityRefs": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]
    }
    space: dict[str, Any] = {"identityRefs": [{"kind": "Namespace", "name": "default"}]}
    policy = (server(), authorization("a", "web", MESHED))
    assert {who for _, who in opened(*policy, tls(**account))} == {WEB}
    assert {who for _, who in opened(*policy, tls(**space))} == {CURL}


@pytest.mark.parametrize(
    ("required", "told"),
    [
        ((MESHED,), "there is no MeshTLSAuthentication meshed in edge"),
        ((NETS,), "there is no NetworkAuthentication nets in edge"),
        ((needs("Secret", "x"),), "asks for a Secret"),
        (
            (needs("ServiceAccount", "a"), needs("ServiceAccount", "b")),
            "several identities",
        ),
    ],
)
def test_a_policy_that_the_policy_controller_ignores_is_named_with_its_reason(
    required: Any, told: str
) -> None:
    found = evaluate(mesh(), [server(), authorization("a", "web", *required)], pod(), 8080)
    assert let_in(found) == set()
    (ignored,) = found.ignored
    assert ignored.startswith("AuthorizationPolicy a is ignored") and told in ignored


def test_an_authentication_of_another_namespace_is_found_by_its_reference() -> None:
    required = needs("MeshTLSAuthentication", "meshed", namespace="shared")
    policy = (server(), authorization("a", "web", required))
    assert opened(*policy, tls("*", namespace="shared")) == IN_MESH
    assert opened(*policy, tls("*", namespace="edge")) == set()


def server_authorization(**client: Any) -> dict[str, Any]:
    spec = {"server": {"name": "web"}, "client": client}
    return thing("policy.linkerd.io/v1beta1", "ServerAuthorization", "old", "edge", spec=spec)


def test_server_authorizations_count_too_and_mean_the_cluster_where_they_name_no_network() -> None:
    assert opened(server(), server_authorization(unauthenticated=True)) == IN_CLUSTER
    everywhere = [{"cidr": "0.0.0.0/0"}]
    wide = server_authorization(unauthenticated=True, networks=everywhere)
    assert opened(server(), wide) == EVERYONE
    named = server_authorization(meshTLS={"identities": [WEB]}, networks=everywhere)
    assert {who for _, who in opened(server(), named)} == {WEB}
    any_tls = server_authorization(meshTLS={"unauthenticatedTLS": True}, networks=everywhere)
    assert opened(server(), any_tls) == IN_MESH
    assert opened(server(), server_authorization()) == set()
    chosen = server_authorization(unauthenticated=True)
    chosen["spec"]["server"] = {"selector": {"matchLabels": {"a": "b"}}}
    assert opened(server(), chosen) == set()


def test_routes_of_a_server_let_in_beside_it_once_they_are_accepted() -> None:
    parent = {"group": "policy.linkerd.io", "kind": "Server", "name": "web"}

    def route(accepted: str) -> dict[str, Any]:
        state = [{"parentRef": parent, "conditions": [{"type": "Accepted", "status": accepted}]}]
        return thing(
            "policy.linkerd.io/v1beta3", "HTTPRoute", "r", "edge", status={"parents": state}
        )

    policy = authorization("a", "r", kind="HTTPRoute")
    found = evaluate(mesh(), [server(), route("True"), policy], pod(), 8080)
    assert let_in(found) == set()
    (allowed,) = found.routes["HTTPRoute r"]
    assert allowed.by == "AuthorizationPolicy a"
    assert evaluate(mesh(), [server(), route("False"), policy], pod(), 8080).routes == {}


# Drawn instances, against the rules written down once more, one client at a time


CIDRS = ("0.0.0.0/0", "10.0.0.0/8", "203.0.113.0/24", "198.51.100.0/25", "10.1.2.3/32")
NAMES = ("a", "b")
POLICY_NAMES = (
    "all-unauthenticated",
    "all-authenticated",
    "cluster-unauthenticated",
    "cluster-authenticated",
    "deny",
    "audit",
)
SELECTORS: tuple[dict[str, Any], ...] = (
    {},
    {"matchLabels": {"app": "ambassador"}},
    {"matchLabels": {"app": "x"}},
    {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["edge"]}]},
    {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
)

servers = st.builds(
    lambda name, port, selector, access, age: {
        **server(name, port, podSelector=selector, accessPolicy=access),
        "metadata": {"name": name, "namespace": "edge", "creationTimestamp": f"2026-05-0{age}"},
    },
    st.sampled_from(NAMES),
    st.sampled_from((8080, 8443, "http", "two", "none")),
    st.sampled_from(SELECTORS),
    st.sampled_from(POLICY_NAMES),
    st.integers(1, 2),
)
required = st.lists(
    st.sampled_from(
        [
            *(needs("MeshTLSAuthentication", name) for name in NAMES),
            *(needs("NetworkAuthentication", name) for name in NAMES),
            needs("ServiceAccount", "web", namespace="shop"),
        ]
    ),
    max_size=3,
)
policies = st.builds(
    lambda name, target, refs: authorization(name, target, *refs),
    st.sampled_from(("p", "q", "r")),
    st.sampled_from((*NAMES, None)),
    required,
)
identities = st.builds(
    lambda name, found: tls(*found, name=name),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(("*", WEB, f"*.default.{DOMAIN}")), max_size=2),
)
ranges = st.builds(
    lambda name, found, without: networks(*found, name=name, without=tuple(without)),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(CIDRS), max_size=2),
    st.lists(st.sampled_from(CIDRS[1:]), max_size=1),
)


def may(
    objects: list[dict[str, Any]], default: str, port: int, where: str, who: str | None
) -> bool:
    """The docs' rules for one client, without any of the evaluator's helpers."""
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    labels, numbers = LABELS, {"http": [8080], "two": [8080, 8443]}
    chosen = None
    for one in by_name.values():
        if one["kind"] != "Server":
            continue
        spec = one["spec"]
        selector = spec["podSelector"]
        if any(labels.get(key) != text for key, text in selector.get("matchLabels", {}).items()):
            continue
        if any(
            (labels.get(part["key"]) in part["values"]) is False
            if part["operator"] == "In"
            else part["key"] in labels
            for part in selector.get("matchExpressions", [])
        ):
            continue
        found = [spec["port"]] if isinstance(spec["port"], int) else numbers.get(spec["port"], [])
        if port not in found:
            continue
        metadata = one["metadata"]
        rank = (metadata["creationTimestamp"], metadata["name"])
        if chosen is None or rank < chosen[0]:
            chosen = (rank, one)
    rule = default if chosen is None else chosen[1]["spec"]["accessPolicy"]
    inside = ipaddress.ip_address(where) in ipaddress.ip_network("10.0.0.0/8")
    if rule == "audit" or (
        rule != "deny"
        and (inside or not rule.startswith("cluster-"))
        and (who is not None or rule.endswith("-unauthenticated"))
    ):
        return True
    if chosen is None:
        return False
    name = chosen[1]["metadata"]["name"]
    for one in by_name.values():
        if one["kind"] != "AuthorizationPolicy":
            continue
        target = one["spec"]["targetRef"]
        if target["kind"] == "Server" and target["name"] != name:
            continue
        refs = one["spec"]["requiredAuthenticationRefs"]
        of_networks = [ref for ref in refs if ref["kind"] == "NetworkAuthentication"]
        of_names = [ref for ref in refs if ref["kind"] != "NetworkAuthentication"]
        if len(of_networks) > 1 or len(of_names) > 1:
            continue
        passes = True
        for ref in of_networks:
            listed = by_name.get((ref["kind"], ref["name"]), {}).get("spec", {}).get("networks")
            passes = passes and any(
                ipaddress.ip_address(where) in ipaddress.ip_network(entry["cidr"])
                and all(
                    ipaddress.ip_address(where) not in ipaddress.ip_network(hole)
                    for hole in entry["except"]
                )
                for entry in listed or []
            )
        for ref in of_names:
            if ref["kind"] == "ServiceAccount":
                passes = passes and who == WEB
                continue
            named = by_name.get((ref["kind"], ref["name"]), {}).get("spec", {}).get("identities")
            passes = passes and any(
                who is not None
                and (entry in ("*", who) or (who == CURL and entry.startswith("*.")))
                for entry in named or []
            )
        if passes:
            return True
    return False


DRAWN = st.lists(st.one_of(servers, policies, identities, ranges), max_size=9)


@settings(max_examples=400, deadline=None)
@given(DRAWN, st.sampled_from(POLICY_NAMES), st.sampled_from((8080, 8443)))
def test_drawn_objects_let_in_whom_the_rules_let_in(
    objects: list[dict[str, Any]], default: str, port: int
) -> None:
    unique = list({(one["kind"], one["metadata"]["name"]): one for one in objects}.values())
    found = evaluate(mesh(default), unique, pod(), port)
    for where, who in CLIENTS:
        assert lets_in(found, where, who) == may(unique, default, port, where, who), (where, who)


@settings(max_examples=200, deadline=None)
@given(DRAWN, st.sampled_from(POLICY_NAMES))
def test_what_is_reported_as_refused_is_refused(
    objects: list[dict[str, Any]], default: str
) -> None:
    unique = list({(one["kind"], one["metadata"]["name"]): one for one in objects}.values())
    found = evaluate(mesh(default), unique, pod(), 8080)
    refused = lacking(found.authorizations, meshed=False)
    for where in (INSIDE, OUTSIDE, OFFICE, "2001:db8::1"):
        address = ipaddress.ip_address(where)
        assert lets_in(found, where, None) == (not any(address in one for one in refused))
