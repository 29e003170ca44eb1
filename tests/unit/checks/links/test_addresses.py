"""Mirrored Services whose addresses are not those of the Link are named, and no others."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.facts.results import Finding, Status
from checks.links.addresses import mirrored_addresses
from tests.unit.checks.builders import link_case, thing, view
from tests.unit.checks.links.test_links import MIRROR, SPACE, link

IPS = ("203.0.113.9", "203.0.113.10", "2001:db8::1")
SETS = st.lists(st.sampled_from(IPS), unique=True, min_size=1)
TITLE = "mirrored Services have the Link's addresses"


def endpoints(name: str, space: str, ips: list[str], key: str = "addresses") -> dict[str, Any]:
    subsets = [{key: [{"ip": ip} for ip in ips]}] if ips else []
    return thing("v1", "Endpoints", name, space, labels=MIRROR, subsets=subsets)


def mirror(name: str, **fields: Any) -> dict[str, Any]:
    return thing("v1", "Service", name, "shop", **{"labels": MIRROR, **fields})


def seen(address: str, *objects: dict[str, Any]) -> Finding:
    source = view(link(gatewayAddress=address), *objects, cluster="east")
    (found,) = mirrored_addresses(link_case(source, view()))
    assert found.title == TITLE
    return found


@settings(deadline=None)
@given(wanted=SETS, have=st.lists(SETS, min_size=1, max_size=3), dead=st.booleans())
def test_exactly_the_mirrors_with_other_addresses_are_named(
    wanted: list[str], have: list[list[str]], dead: bool
) -> None:
    key = "notReadyAddresses" if dead else "addresses"
    objects = [
        one
        for place, ips in enumerate(have)
        for one in (mirror(f"s{place}-west"), endpoints(f"s{place}-west", "shop", ips, key))
    ]
    found = seen(",".join(wanted), *objects)
    stale = {f"shop/s{place}-west" for place, ips in enumerate(have) if set(ips) != set(wanted)}
    assert found.status is (Status.FAILURE if stale else Status.OK)
    words = set(found.detail.replace(",", " ").split())
    assert words & {f"shop/s{place}-west" for place in range(len(have))} == stale


@settings(deadline=None)
@given(resolved=SETS, have=SETS)
def test_a_name_is_what_the_service_mirror_resolved_it_to(
    resolved: list[str], have: list[str]
) -> None:
    probe = endpoints("probe-west", SPACE, resolved)
    found = seen("gw.example.org", probe, mirror("a-west"), endpoints("a-west", "shop", have))
    assert (found.status is Status.OK) == (set(resolved) == set(have))


def test_a_name_that_was_not_resolved_is_not_reported_as_right() -> None:
    objects = (mirror("a-west"), endpoints("a-west", "shop", ["203.0.113.9"]))
    assert seen("gw.example.org", *objects).status is Status.SKIPPED


def test_without_addresses_nothing_is_reported_as_right() -> None:
    assert seen("203.0.113.9", mirror("a-west"), endpoints("a-west", "shop", [])).status is (
        Status.SKIPPED
    )


def test_mirrors_that_go_through_no_gateway_are_left_out() -> None:
    direct = {**MIRROR, "multicluster.linkerd.io/remote-discovery": "west"}
    objects = (
        mirror("a-west", labels=direct),
        endpoints("a-west", "shop", ["10.1.2.3"]),
        mirror("b-west", spec={"clusterIP": "None"}),
        endpoints("b-west", "shop", ["10.1.2.4"]),
    )
    assert seen("203.0.113.9", *objects).status is Status.SKIPPED
