"""What is left over is what no link of the stack file or cluster has, and nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.links.leftovers import Leftover, of_accounts, of_credentials, of_exports, of_mirrors
from config.links.selectors import Selector
from tests.service_mirror import HEADLESS, LOCAL, MEMBERS, endpoints, federated, service
from tests.unit.checks.builders import secret, thing
from vocabulary.kinds import Object, annotations_of, name_of

TARGETS = ("east", "west", "west-2", "t")
SETTINGS = st.sets(st.sampled_from(TARGETS))
SELECTORS = {
    "selector": Selector(match_labels={"mirror.linkerd.io/exported": "true"}),
    "remoteDiscoverySelector": Selector(
        match_labels={"mirror.linkerd.io/exported": "remote-discovery"}
    ),
    "federatedServiceSelector": Selector(match_labels={"mirror.linkerd.io/federated": "member"}),
}


def lease(name: str) -> dict[str, Any]:
    return thing("coordination.k8s.io/v1", "Lease", name, "linkerd-multicluster")


def plain(name: str) -> dict[str, Any]:
    """A Service of another owner whose name looks like that of a mirror."""
    return thing("v1", "Service", name, "shop", spec={})


def of_target(target: str) -> list[dict[str, Any]]:
    """Everything that a service mirror writes for one target, but federated Services."""
    return [
        service(f"web-{target}", target),
        endpoints(f"web-{target}", target),
        service(f"db-0-{target}", target, **{HEADLESS: f"db-{target}"}),
        lease(f"service-mirror-write-{target}"),
        thing(
            "v1",
            "Namespace",
            f"of-{target}",
            labels={
                "mirror.linkerd.io/mirrored-service": "true",
                "mirror.linkerd.io/cluster-name": target,
            },
        ),
    ]


@settings(deadline=None)
@given(made=SETTINGS, links=SETTINGS, data=st.data())
def test_mirrors_are_left_over_exactly_where_their_link_is_gone(
    made: set[str], links: set[str], data: st.DataObject
) -> None:
    objects = [one for target in made for one in of_target(target)]
    others = [plain("web-east"), lease("local-service-mirror-write"), lease("leader")]
    mixed = data.draw(st.permutations([*objects, *others]))
    found = list(of_mirrors(mixed, lambda target: target not in links))
    wanted = {(one["kind"], name_of(one)) for target in made - links for one in of_target(target)}
    assert {(one.kind.name, one.name) for one in found} == wanted
    assert len(found) == len(wanted)


@settings(deadline=None)
@given(
    members=st.lists(st.sampled_from(TARGETS), unique=True),
    local=st.booleans(),
    links=SETTINGS,
    here=st.booleans(),
)
def test_a_federated_service_keeps_exactly_the_members_whose_links_exist(
    members: list[str], local: bool, links: set[str], here: bool
) -> None:
    before = federated("web", [f"web@{one}" for one in members], "web" if local else "")
    found = list(of_mirrors([before], lambda one: one not in links if one else not here))
    kept = [f"web@{one}" for one in members if one in links]
    kept_local = local and here
    if len(kept) == len(members) and kept_local == local:
        assert found == []
        return
    (left,) = found
    if not kept and not kept_local:
        assert left.rest is None
        return
    assert left.rest is not None
    rest = annotations_of(left.rest)
    assert rest.get(MEMBERS, "") == ",".join(kept)
    assert rest.get(LOCAL, "") == ("web" if kept_local else "")
    # Nothing else of it changed, and the object that was read is as it was.
    assert {**left.rest, "metadata": 0} == {**before, "metadata": 0}
    assert annotations_of(before).get(MEMBERS, "") == ",".join(f"web@{one}" for one in members)


EXPORTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(["true", "remote-discovery", "other", ""])
        for name in ("web", "db", "web-west")
    },
)


@settings(deadline=None)
@given(exported=EXPORTS, mirrored=st.sets(st.sampled_from(["web", "db", "web-west", "gone"])))
def test_mirrors_are_left_over_exactly_where_their_export_is_gone(
    exported: dict[str, str], mirrored: set[str]
) -> None:
    target = [
        thing(
            "v1",
            "Service",
            name,
            "shop",
            labels={"mirror.linkerd.io/exported": value} if value else {},
        )
        for name, value in exported.items()
    ]
    source = [service(f"{name}-west", "west") for name in mirrored]
    others = [service("gone-east", "east"), plain("gone-west")]
    found = of_exports([*source, *others], target, "west", SELECTORS)
    there = {name for name, value in exported.items() if value in ("true", "remote-discovery")}
    assert {one.name for one in found} == {f"{name}-west" for name in mirrored - there}


def test_the_mirror_of_a_pod_belongs_to_the_headless_service() -> None:
    one = service("db-0-west", "west", **{HEADLESS: "db-west"})
    labels = {"mirror.linkerd.io/exported": "true"}
    headless = thing("v1", "Service", "db", "shop", labels=labels)
    assert list(of_exports([one], [headless], "west", SELECTORS)) == []
    assert names(of_exports([one], [], "west", SELECTORS)) == ["Service shop/db-0-west"]


def test_a_member_that_is_none_any_more_is_taken_out_of_its_federated_service() -> None:
    one = federated("web", ["web@west", "web@east"])
    member = thing("v1", "Service", "web", "shop", labels={"mirror.linkerd.io/federated": "member"})
    assert list(of_exports([one], [member], "west", SELECTORS)) == []
    (left,) = of_exports([one], [thing("v1", "Service", "web", "shop")], "west", SELECTORS)
    assert left.rest is not None
    assert annotations_of(left.rest)[MEMBERS] == "web@east"


@settings(deadline=None)
@given(made=SETTINGS, links=SETTINGS)
def test_credentials_and_accounts_are_left_over_exactly_where_their_link_is_gone(
    made: set[str], links: set[str]
) -> None:
    kubeconfig = {"type": "mirror.linkerd.io/remote-kubeconfig"}
    secrets = [secret(f"cluster-credentials-{one}", "linkerd", {}, **kubeconfig) for one in made]
    foreign = [secret("cluster-credentials-x", "linkerd", {}, type="Opaque")]
    lost = of_credentials([*secrets, *foreign], lambda target: target not in links)
    assert {one.name for one in lost} == {f"cluster-credentials-{one}" for one in made - links}
    accounts = [account(one) for one in made]
    by_hand = [
        account("default", annotations={"linkerd.io/created-by": "linkerd/cli edge-26.8.3"}),
        thing("v1", "ServiceAccount", "linkerd-service-mirror-remote-access-x", "shop"),
    ]
    lost = of_accounts([*accounts, *by_hand], links)
    assert {one.name for one in lost} == {name_of(account(one)) for one in made - links}


def account(source: str, **fields: Any) -> Object:
    return thing(
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        f"linkerd-service-mirror-remote-access-{source}",
        labels={"linkerd.io/extension": "multicluster"},
        **fields,
    )


def names(left: Any) -> list[str]:
    return [str(one) for one in left if isinstance(one, Leftover)]
