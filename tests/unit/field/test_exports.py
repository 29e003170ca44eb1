"""An export reaches the links that list it, and the gateway admits its clients alone.

The objects are held against a model of what service mirrors and proxies do with them. Facts:
linkerd2 edge-26.8.3, ``multicluster/service-mirror/cluster_watcher.go`` (isExported and its like)
and ``policy-controller/k8s/index/src/inbound/index.rs`` (http_routes, client_authzs);
linkerd2-proxy, ``http/route/src/lib.rs`` (find) and ``app/inbound/src/policy``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.links.admission import export_policy, gateway_policy
from config import MeshConfig, StackFileError
from config.inventory import inventory
from config.inventory.objects.links import gateway_objects
from tests.stack_builders import loaded

Objects = list[dict[str, Any]]
Settings = dict[str, Any]

SERVICES = ("api", "payroll", "rates", "db")
SOURCES = {"aa": "cluster.local", "bb": "bb.example", "cc": "cluster.local"}
"""Trust domains of the source clusters; two share one."""
ACCOUNTS = ("shop/web", "shop/cart", "batch/web")


def stack(exports: dict[str, list[Settings]], **gateway: Any) -> Settings:
    """A stack file with one target and a link from each of these sources."""
    clusters: Settings = {
        name: {"context": name, "linkerd": {"trustDomain": SOURCES[name]}} for name in exports
    }
    clusters["tt"] = {"context": "tt", "ambassador": {"gateway": gateway}}
    links = [
        {"source": name, "target": "tt", "exports": [{"namespace": "n", **one} for one in listed]}
        for name, listed in exports.items()
    ]
    return {"clusters": clusters, "links": links}


def policy_of(config: MeshConfig) -> Objects:
    """Policy objects of the target's gateway, in the order in which they are made."""
    (found,) = inventory(config, "tt").admissions
    of_exports = (export_policy(found.gateway, one) for one in found.exports)
    return [dict(one) for one in chain(gateway_policy(found), *of_exports)]


# A model of proxies


def answer(objects: Objects, identity: str, host: str | None) -> int:
    """Status of a request to a host through the gateway, 0 for a connection that is refused.

    Without a host: a connection that is no HTTP, where 200 means that it is forwarded.
    """
    (server,) = (
        one["metadata"]["name"]
        for one in objects
        if one["kind"] == "Server" and one["spec"]["port"] == "linkerd-proxy"
    )
    of_server = clients(objects, "Server", server)
    if host is None:
        return 200 if identity_in(of_server, identity) else 0
    routes = [
        one
        for one in objects
        if one["kind"] == "HTTPRoute" and one["spec"]["parentRefs"][0]["name"] == server
    ]
    if not routes:
        return 200 if identity_in(of_server, identity) else 403
    matched = [(rank, one) for one in routes if (rank := matching(one["spec"], host)) is not None]
    if not matched:
        return 404
    best = max(matched, key=lambda item: item[0])[1]["metadata"]["name"]
    allowed = [*of_server, *clients(objects, "HTTPRoute", best)]
    return 200 if identity_in(allowed, identity) else 403


def matching(spec: Settings, host: str) -> tuple[int, int] | None:
    """How well a route's hosts match; None where none does."""
    if not spec.get("hostnames"):
        return (0, 0)
    ranks = [(2, len(one)) for one in spec["hostnames"] if one == host]
    ranks += [
        (1, len(one)) for one in spec["hostnames"] if one[0] == "*" and host.endswith(one[1:])
    ]
    return max(ranks, default=None)


def clients(objects: Objects, kind: str, name: str) -> Iterator[str]:
    """Identities that policies of a Server or route admit; a policy without its clients none."""
    for one in objects:
        target = one["spec"].get("targetRef")
        if one["kind"] != "AuthorizationPolicy" or (target["kind"], target["name"]) != (kind, name):
            continue
        for ref in one["spec"]["requiredAuthenticationRefs"]:
            for other in objects:
                if (other["kind"], other["metadata"]["name"]) == (ref["kind"], ref["name"]):
                    yield from other["spec"]["identities"]


def identity_in(identities: Iterable[str], identity: str) -> bool:
    return any(
        one in ("*", identity) or (one[:2] == "*." and identity.endswith(one[1:]))
        for one in identities
    )


def identity_of(account: str, source: str) -> str:
    space, _, name = account.partition("/")
    return f"{name}.{space}.serviceaccount.identity.linkerd.{SOURCES[source]}"


# What the stack file says


def allowed(exports: dict[str, list[Settings]], account: str, source: str, service: str) -> bool:
    """Whether a client of this ServiceAccount may call a Service by the file.

    Sources that share a trust domain have the same identities.
    """
    for other, listed in exports.items():
        if SOURCES[other] != SOURCES[source]:
            continue
        for export in listed:
            named = export.get("clients", [account])
            reached = export["service"] == service or export.get("opaque")
            if reached and (account in named or f"{account.partition('/')[0]}/*" in named):
                return True
    return False


tables = st.dictionaries(
    st.sampled_from(list(SOURCES)),
    st.lists(
        st.fixed_dictionaries(
            {"service": st.sampled_from(SERVICES)},
            optional={
                "clients": st.lists(
                    st.sampled_from([*ACCOUNTS, "shop/*"]), min_size=1, max_size=3, unique=True
                ),
                "opaque": st.sampled_from([False, False, False, True]),
            },
        ),
        max_size=4,
        unique_by=lambda export: export["service"],
    ),
    min_size=1,
)


@settings(max_examples=100, deadline=None)
@given(exports=tables)
def test_the_gateway_s_policy_admits_whom_the_stack_file_names_and_no_one_else(
    exports: dict[str, list[Settings]],
) -> None:
    objects = policy_of(loaded(stack(exports)))
    for source in exports:
        for account in ACCOUNTS:
            for service in (*SERVICES, "unlisted"):
                given_status = answer(
                    objects, identity_of(account, source), f"{service}.n.svc.cluster.local"
                )
                wanted = allowed(exports, account, source, service)
                assert given_status == (200 if wanted else 403), (account, source, service)
            opaque = [one for one in chain(*exports.values()) if one.get("opaque")]
            if not opaque:
                assert answer(objects, identity_of(account, source), None) == 0


@settings(max_examples=30, deadline=None)
@given(exports=tables, back=st.booleans())
def test_no_exported_request_is_refused_while_policies_are_replaced(
    exports: dict[str, list[Settings]], back: bool
) -> None:
    every = policy_of(loaded(stack(unnamed(exports), admits="everything")))
    single = policy_of(loaded(stack(exports)))
    old, new = (single, every) if back else (every, single)
    for step in states(old, new):
        for source, listed in exports.items():
            for export in listed:
                host = f"{export['service']}.n.svc.cluster.local"
                for account in ACCOUNTS:
                    if allowed(exports, account, source, export["service"]):
                        assert answer(step, identity_of(account, source), host) == 200


def unnamed(exports: dict[str, list[Settings]]) -> dict[str, list[Settings]]:
    return {
        source: [{key: one[key] for key in one if key != "clients"} for one in listed]
        for source, listed in exports.items()
    }


def states(old: Objects, new: Objects) -> Iterator[Objects]:
    """What a cluster has during an update: new objects come one by one, then old ones go.

    An engine deletes what depends on others first.
    """
    now = {(one["kind"], one["metadata"]["name"]): one for one in old}
    wanted = {(one["kind"], one["metadata"]["name"]): one for one in new}
    for key, one in wanted.items():
        now[key] = one
        yield list(now.values())
    for key in reversed([key for key in now if key not in wanted]):
        del now[key]
        yield list(now.values())


@settings(max_examples=60, deadline=None)
@given(exports=tables, limited=st.booleans(), probe=st.sampled_from(["proxy", "ambassador"]))
def test_the_inventory_names_the_gateway_s_policy(
    exports: dict[str, list[Settings]], limited: bool, probe: str
) -> None:
    more: Settings = {"rateLimit": {"total": 5}} if limited else {}
    config = loaded(stack(exports, probe=probe, **more))
    (found,) = inventory(config, "tt").admissions
    made = {(one["kind"], one["metadata"]["name"]) for one in policy_of(config)}
    assert {(kind.name, name) for kind, name in gateway_objects(found)} == made


# Which link mirrors what

modes = st.sampled_from([{}, {}, {"federated": True}, {"mode": "none", "federated": True}])
flat_tables = st.dictionaries(
    st.sampled_from(list(SOURCES)),
    st.dictionaries(st.sampled_from(SERVICES), modes, max_size=4),
    min_size=1,
)


def flat(table: dict[str, dict[str, Settings]], *, direct: bool) -> MeshConfig:
    """A mesh whose links list these Services; those of a gateway are never federated."""
    exports = {
        source: [
            {"service": name, **(how if direct else {})} for name, how in sorted(listed.items())
        ]
        for source, listed in table.items()
    }
    found = stack(exports)
    for link in found["links"]:
        link["flatNetwork"] = direct
    return loaded(found)


def mirrored(labelled: MeshConfig, linked: MeshConfig, source: str) -> dict[str, set[str]]:
    """The Services that a source's service mirror mirrors, by the key of the Link's selector."""
    labels = {one.service.name: one.labels for one in labelled.exports_of("tt")}
    (link,) = linked.links_from(source)
    return {
        key: {name for name, has in labels.items() if selector.matches(has)}
        for key, selector in linked.selectors_of(link).items()
    }


def listed(
    table: dict[str, dict[str, Settings]], source: str, *, direct: bool
) -> dict[str, set[str]]:
    own = table[source]
    through = {name for name, how in own.items() if how.get("mode") != "none" or not direct}
    members = {name for name, how in own.items() if how.get("federated")} if direct else set()
    key = "remoteDiscoverySelector" if direct else "selector"
    empty: dict[str, set[str]] = {} if direct else {"remoteDiscoverySelector": set()}
    return {**empty, key: through, "federatedServiceSelector": members}


@settings(max_examples=100, deadline=None)
@given(table=flat_tables, direct=st.booleans())
def test_each_service_mirror_mirrors_the_services_that_its_link_lists(
    table: dict[str, dict[str, Settings]], direct: bool
) -> None:
    config = flat(table, direct=direct)
    for source in table:
        assert mirrored(config, config, source) == listed(table, source, direct=direct)


@settings(max_examples=60, deadline=None)
@given(before=flat_tables, after=flat_tables, direct=st.booleans())
def test_a_listed_mirror_stays_whether_labels_or_links_change_first(
    before: dict[str, dict[str, Settings]], after: dict[str, dict[str, Settings]], direct: bool
) -> None:
    old, new = flat(before, direct=direct), flat(after, direct=direct)
    for source in before.keys() & after.keys():
        both = [listed(table, source, direct=direct) for table in (before, after)]
        for labelled, linked in ((old, new), (new, old)):
            found = mirrored(labelled, linked, source)
            assert all(found[key] >= both[0][key] & both[1][key] for key in found)


def test_links_that_list_the_same_services_have_the_selector_of_today() -> None:
    config = loaded(stack({"aa": [{"service": "api"}], "bb": [{"service": "api"}]}))
    (exported,) = config.exports_of("tt")
    assert exported.labels == {"mirror.linkerd.io/exported": "true"}
    for link in config.links:
        selector = config.selectors_of(link)["selector"]
        assert selector.match_labels == exported.labels
        assert selector.match_expressions == ()


def test_a_service_for_one_of_two_sources_is_kept_from_the_other() -> None:
    config = loaded(
        stack({"aa": [{"service": "api"}], "cc": [{"service": "api"}, {"service": "payroll"}]})
    )
    got = {name: mirrored(config, config, name)["selector"] for name in ("aa", "cc")}
    assert got == {"aa": {"api"}, "cc": {"api", "payroll"}}


# Combinations that no cluster can do


def problems(found: Settings) -> Sequence[Any]:
    with pytest.raises(StackFileError) as caught:
        loaded(found)
    return caught.value.problems


def test_a_selector_that_selects_what_another_link_lists_is_refused() -> None:
    found = stack({"aa": [], "cc": [{"service": "payroll"}]})
    found["links"][0]["selectors"] = {
        "gateway": {"matchLabels": {"mirror.linkerd.io/exported": "true"}}
    }
    (problem,) = problems(found)
    assert problem.path == "links[0].selectors.gateway"
    del found["links"][0]["selectors"]
    found["links"][0]["exports"] = [{"namespace": "n", "service": "api"}]
    loaded(found)


def test_sources_of_linkerd_2_8_that_list_different_services_are_refused() -> None:
    found = stack({"aa": [{"service": "api"}], "cc": [{"service": "api"}, {"service": "payroll"}]})
    for name, cluster in found["clusters"].items():
        cluster["linkerd"] = {"version": "2.8.1"}
        if name == "tt":
            cluster["ambassador"] = {"gateway": {"probe": "ambassador"}}
    (problem,) = problems(found)
    assert problem.path == "links[0].exports"
    assert "n/payroll" in problem.message
    found["links"][0]["exports"] = found["links"][1]["exports"]
    loaded(found)


def _all_of_linkerd_2_8(found: Settings) -> None:
    for cluster in found["clusters"].values():
        cluster["linkerd"] = {"version": "2.8.1"}
    found["clusters"]["tt"]["ambassador"]["gateway"]["probe"] = "ambassador"


CLIENTS: list[tuple[str, Callable[[Settings], None], str]] = [
    (
        "directly",
        lambda found: found["links"][0].update(flatNetwork=True),
        "not called through it",
    ),
    (
        "through a gateway that admits everything",
        lambda found: found["clusters"]["tt"]["ambassador"]["gateway"].update(admits="everything"),
        "admits every meshed client",
    ),
    (
        "through a gateway of Linkerd 2.8",
        _all_of_linkerd_2_8,
        "no authorization policy",
    ),
]


@pytest.mark.parametrize(("how", "change", "why"), CLIENTS, ids=[one[0] for one in CLIENTS])
def test_clients_of_a_service_that_no_policy_of_the_gateway_covers_are_refused(
    how: str, change: Callable[[Settings], None], why: str
) -> None:
    found = stack({"aa": [{"service": "api", "clients": ["shop/web"]}]})
    loaded(found)
    change(found)
    (problem,) = problems(found)
    assert problem.path == "links[0].exports[0].clients", how
    assert why in problem.message
    # The remedy: leave it out.
    del found["links"][0]["exports"][0]["clients"]
    loaded(found)


@pytest.mark.parametrize("text", ["web", "shop/", "/web", "Shop/web", "shop/web/x", "*/web"])
def test_a_client_that_is_no_service_account_is_refused_with_its_place(text: str) -> None:
    found = stack({"aa": [{"service": "api", "clients": [text]}]})
    (problem,) = problems(found)
    assert problem.path == "links[0].exports[0].clients[0]"


def test_the_source_s_ambassador_is_a_client_of_what_it_has_a_route_to() -> None:
    found = stack(
        {"aa": [{"service": "api", "clients": ["shop/web"], "mapping": {"prefix": "/api/"}}]}
    )
    found["clusters"]["aa"]["ambassador"] = {}
    (export,) = inventory(loaded(found), "tt").admissions[0].exports
    assert export.clients == (
        "ambassador-aa.ambassador.serviceaccount.identity.linkerd.cluster.local",
        "web.shop.serviceaccount.identity.linkerd.cluster.local",
    )


# Federated Services of the source itself


def local_mirror(links: list[Settings], record: Callable[[MeshConfig], Any]) -> Settings:
    clusters = {name: {"context": name} for name in ("a", "b", "c")}
    flat_links = [{"source": "a", "flatNetwork": True, **link} for link in links]
    recording = record(loaded({"clusters": clusters, "links": flat_links}))
    values = recording.named("a-multicluster-release").inputs["values"]["localServiceMirror"]
    return {key: value for key, value in values.items() if key != "image"}


def test_selector_and_excluded_labels_of_federated_services_reach_the_local_service_mirror(
    recorded: Callable[[MeshConfig], Any],
) -> None:
    own = {"selectors": {"federated": {"matchLabels": {"team": "shop"}}}}
    found = local_mirror(
        [
            {"target": "b", **own, "excludedLabels": ["argocd.argoproj.io/instance", "x"]},
            {"target": "c", **own, "excludedLabels": ["x"], "excludedAnnotations": ["y"]},
        ],
        recorded,
    )
    assert found == {
        "federatedServiceSelector": "team=shop",
        "excludedLabels": "argocd.argoproj.io/instance,x",
        "excludedAnnotations": "y",
    }
    assert local_mirror([{"target": "b"}], recorded) == {}


def test_a_link_that_lists_members_by_name_keeps_the_label_of_the_source_s_own(
    recorded: Callable[[MeshConfig], Any],
) -> None:
    own = {"selectors": {"federated": {"matchLabels": {"team": "shop"}}}}
    named = {"exports": [{"namespace": "n", "service": "api", "federated": True}]}
    links: list[dict[str, Any]] = [{"target": "b", **own}, {"target": "c", **named}]
    assert local_mirror(links, recorded) == {}


def test_two_selectors_of_one_source_s_members_are_refused() -> None:
    links = [
        {
            "source": "a",
            "target": target,
            "flatNetwork": True,
            "selectors": {"federated": {"matchLabels": {"team": target}}},
        }
        for target in ("b", "c")
    ]
    found = {"clusters": {name: {"context": name} for name in ("a", "b", "c")}, "links": links}
    (problem,) = problems(found)
    assert problem.path == "links[1].selectors.federated"
    links[1]["selectors"] = links[0]["selectors"]
    loaded(found)
