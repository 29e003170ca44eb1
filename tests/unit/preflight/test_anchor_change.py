"""No update that is let through separates two proxies that run."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from components.trust.anchor_gate import anchor_gate
from config import MeshConfig, load_settings
from preflight.anchor_change import NextTrust, refusals
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust
from render import RenderError, TlsProvider, record
from tests.certificates import ISSUER, ROOT, Certified, certified
from tests.unit.conftest import PUBLISHED, Tells, reach_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "anchors.md"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NAMES = ("one", "two", "three")


@cache
def anchor(name: str) -> Certified:
    """The anchor of a test by its name there; all anchors have one and the same common name."""
    return certified(ROOT, begins=NOW - timedelta(days=100), days=900)


@cache
def issuer(signer: str, begin: datetime) -> x509.Certificate:
    return certified(ISSUER, anchor(signer), begins=begin, days=900).certificate


@dataclass(frozen=True)
class Proxy:
    """A proxy as it runs: what it trusts, and below which anchor its certificate is."""

    started: datetime
    trusts: frozenset[str]
    signed_below: str
    identity: bool = False


@dataclass(frozen=True)
class Cluster:
    """One cluster between two updates."""

    anchors: tuple[str, ...]
    signer: str
    issuer_since: datetime
    proxies: tuple[Proxy, ...]

    def held(self) -> HeldTrust:
        return HeldTrust(
            tuple(anchor(name).certificate for name in self.anchors),
            issuer(self.signer, self.issuer_since),
            tuple(
                MeshedPod(
                    "linkerd/linkerd-identity" if proxy.identity else f"shop/web-{place}",
                    proxy.trusts != set(self.anchors),
                    proxy.started,
                    proxy.identity,
                )
                for place, proxy in enumerate(self.proxies)
            ),
        )

    def updated(self, anchors: tuple[str, ...], signer: str, now: datetime) -> Cluster:
        since = now if signer != self.signer else self.issuer_since
        return replace(self, anchors=anchors, signer=signer, issuer_since=since)

    def restarted(self, places: set[int], now: datetime) -> Cluster:
        """Proxies start again; the identity service reads its new Secret only when it restarts."""
        proxies = list(self.proxies)
        for place in sorted(places, key=lambda one: not proxies[one].identity):
            old = proxies[place]
            service = next(item for item in proxies if item.identity)
            below = self.signer if old.identity else service.signed_below
            proxies[place] = Proxy(now, frozenset(self.anchors), below, old.identity)
        return replace(self, proxies=tuple(proxies))

    def broken(self) -> list[tuple[int, int]]:
        """Pairs of proxies of which the first does not trust the second."""
        return [
            (one, other)
            for one, left in enumerate(self.proxies)
            for other, right in enumerate(self.proxies)
            if right.signed_below not in left.trusts
        ]


def wanted(anchors: tuple[str, ...], signer: str, existing: set[str]) -> NextTrust:
    return NextTrust(
        {name: anchor(name).certificate if name in existing else None for name in anchors}, signer
    )


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("update"),
            st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple),
            st.integers(0, 2),
        ),
        st.tuples(st.just("restart"), st.sets(st.integers(0, 3)), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(history=steps)
def test_no_history_of_updates_that_are_let_through_separates_two_running_proxies(
    history: list[tuple[str, Any, int]],
) -> None:
    now = NOW
    first = Proxy(now, frozenset({"one"}), "one")
    cluster = Cluster(
        ("one",),
        "one",
        NOW - timedelta(days=30),
        (replace(first, identity=True), first, first, first),
    )
    existing = {"one"}
    for what, argument, choice in history:
        now += timedelta(minutes=10)
        if what == "restart":
            cluster = cluster.restarted(argument, now)
        else:
            signer = argument[choice % len(argument)]
            if list(refusals(cluster.held(), wanted(argument, signer, existing), now)):
                continue
            cluster = cluster.updated(argument, signer, now)
            existing = set(argument)
            # What starts now, without anybody's doing, has to fit to what runs.
            cluster = cluster.restarted({3}, now + timedelta(minutes=1))
        assert not cluster.broken()


def blocks(page: str) -> Iterator[dict[str, Any]]:
    for text in re.findall(r"```yaml\n(.*?)```", page, re.S):
        yield yaml.safe_load(text)


def test_the_steps_of_the_page_are_let_through_and_its_shortcuts_are_not() -> None:
    states = [
        (
            tuple(item["name"] for item in block["trustAnchor"]["anchors"]),
            block["trustAnchor"].get("signer", block["trustAnchor"]["anchors"][0]["name"]),
        )
        for block in blocks(PAGE.read_text())
    ]
    assert len(states) == 4
    for block in blocks(PAGE.read_text()):
        load_settings({"clusters": {"a": {"context": "a"}}, **block}, "the page")
    (anchors, signer), *following = states
    now = NOW
    first = Proxy(now, frozenset(anchors), signer)
    cluster = Cluster(
        anchors, signer, NOW - timedelta(days=30), (replace(first, identity=True), first)
    )
    for place, (names, signs) in enumerate(following):
        now += timedelta(hours=1)
        for later in following[place + 1 :]:
            assert list(refusals(cluster.held(), wanted(*later, set(cluster.anchors)), now))
        existing = set(cluster.anchors)
        assert not list(refusals(cluster.held(), wanted(names, signs, existing), now))
        cluster = cluster.updated(names, signs, now)
        if place < len(following) - 1:
            after = following[place + 1]
            unrestarted = list(refusals(cluster.held(), wanted(*after, set(names)), now))
            assert unrestarted, "the next step before the restarts"
        now += timedelta(minutes=10)
        cluster = cluster.restarted({0, 1}, now)
        assert not cluster.broken()


def test_an_update_that_changes_nothing_is_let_through_although_pods_are_stale() -> None:
    """It cannot make anything worse, and may be what mends something else."""
    held = HeldTrust(
        (anchor("one").certificate,),
        issuer("one", NOW - timedelta(days=3)),
        (MeshedPod("shop/web", True, NOW),),
    )
    assert not list(refusals(held, wanted(("one",), "one", {"one"}), NOW))
    assert not list(refusals(held, wanted(("one", "two"), "one", {"one"}), NOW))
    assert list(refusals(held, wanted(("one", "two"), "two", {"one", "two"}), NOW))


def test_a_refusal_names_the_cluster_the_reason_and_the_page(
    mesh: Callable[[str], MeshConfig],
) -> None:
    config = mesh("clusters: {west: {context: w}, east: {context: e}}")
    held = HeldTrust((anchor("one").certificate,), issuer("one", NOW))
    reach = {name: replace(item, trust=held) for name, item in reach_of(config).items()}
    with pytest.raises(pulumi.RunError) as caught:
        decided(config, reach, {"root": None})
    text = str(caught.value)
    assert "nothing was changed" in text
    assert "cluster 'west'" in text and "cluster 'east'" in text
    assert "docs/anchors.md" in text


def test_the_same_anchor_or_a_cluster_without_linkerd_is_let_through(
    mesh: Callable[[str], MeshConfig],
) -> None:
    config = mesh("clusters: {west: {context: w}, east: {context: e}}")
    held = HeldTrust((anchor("one").certificate,), issuer("one", NOW))
    reach = reach_of(config)
    assert decided(config, reach, {"root": None})
    reach = {**reach, "west": replace(reach["west"], trust=held)}
    assert decided(config, reach, {"root": anchor("one").certificate})


def decided(config: MeshConfig, reach: Any, anchors: dict[str, x509.Certificate | None]) -> bool:
    """What the gate reports of anchors; None for an anchor that the preview has not made yet."""

    class Anchors:
        pass

    async def run() -> bool:
        made = Anchors()
        made.anchors = {  # type: ignore[attr-defined]
            name: pulumi.Output.from_input(pem_of(one))
            if one is not None
            else pulumi.Output(set(), none(), known(False))
            for name, one in anchors.items()
        }
        found = await anchor_gate(config, made, reach).future()  # type: ignore[arg-type]
        return bool(found)

    return asyncio.run(run())


async def none() -> None:
    return None


async def known(value: bool) -> bool:
    return value


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def test_nothing_of_a_cluster_is_registered_before_the_gate_has_let_the_update_through(
    mesh: Callable[[str], MeshConfig],
) -> None:
    config = mesh("clusters: {west: {context: w, ambassador: {}}, east: {context: e}}")
    held = HeldTrust((anchor("two").certificate,), issuer("two", NOW))
    reach = reach_of(config)
    reach = {**reach, "east": replace(reach["east"], trust=held)}
    seen: list[str] = []

    class Watched(TlsProvider):
        def make(self, token: str, name: str, inputs: Any) -> dict[str, Any]:
            seen.append(token)
            return super().make(token, name, inputs)

    with pytest.raises(RenderError, match=r"docs/anchors\.md"):
        record(config, reach, PUBLISHED, Tells(), tls=Watched())
    assert seen
    assert {token.partition(":")[0] for token in seen} == {"tls"}
