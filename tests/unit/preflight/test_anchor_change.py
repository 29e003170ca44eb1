"""No update that is let through separates two proxies that run, or a webhook from its callers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from components.trust.anchor_gate import anchor_gate
from config import MeshConfig, load_settings
from preflight.anchor_change import NextTrust, refusals
from preflight.held_certificates import HeldWebhook
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust
from render import RenderError, TlsProvider, record
from tests.certificates import ISSUER, ROOT, certified
from tests.histories.__main__ import walk
from tests.histories.certificates import BEGIN as NOW
from tests.histories.certificates import anchor, certificates, issuer, serving
from tests.histories.updates import APPS, Mesh, StackFile
from tests.histories.world import CONTROL_PLANE
from tests.unit.conftest import PUBLISHED, Tells, reach_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "anchors.md"
LONG_AGO = NOW - timedelta(days=30)
BOTH = frozenset({"one", "two"})


def test_no_history_of_updates_that_are_let_through_separates_what_runs() -> None:
    """`python -m tests.histories` walks 10,000 of them."""
    walk(100, steps=20)


def held(
    *pods: MeshedPod, anchors: tuple[str, ...] = ("one", "two"), signer: str = "one", **fields: Any
) -> HeldTrust:
    """A cluster whose issuer was signed long ago."""
    given = {"issuer": issuer((signer, LONG_AGO)).certificate, "issuer_since": LONG_AGO, **fields}
    trusted = tuple(anchor(name).certificate for name in anchors)
    return HeldTrust(trusted, pods=pods, **given)


def pod(*roots: str, stale: bool = True, **fields: Any) -> MeshedPod:
    """A pod that started long ago."""
    given: dict[str, Any] = {"started": LONG_AGO - timedelta(days=1), **fields}
    return MeshedPod(
        "shop/web", stale, roots=certificates(frozenset(roots)) if roots else None, **given
    )


def webhook(certificate: str, *known: str, **fields: Any) -> HeldWebhook:
    return HeldWebhook(
        "linkerd-tap",
        "linkerd-viz/tap",
        serving((certificate, LONG_AGO)),
        certificates(frozenset(known)),
        **fields,
    )


def wanted(anchors: tuple[str, ...], signer: str, existing: set[str] | None = None) -> NextTrust:
    known = set(anchors) if existing is None else existing
    return NextTrust(
        {name: anchor(name).certificate if name in known else None for name in anchors}, signer
    )


def refused(next_trust: NextTrust, *clusters: HeldTrust, **fields: Any) -> dict[str, str]:
    """What is refused, by cluster; clusters are named a, b and so on."""
    given = dict(zip("abcd", clusters, strict=False))
    found: dict[str, str] = {}
    for name, (what, do) in refusals(given, next_trust, now=NOW, **fields):
        found[name] = f"{found.get(name, '')}{what}; {do}\n"
    return found


def blocks(page: str) -> Iterator[dict[str, Any]]:
    for text in re.findall(r"```yaml\n(.*?)```", page, re.S):
        yield yaml.safe_load(text)


def test_the_steps_of_the_page_are_let_through_and_its_shortcuts_are_not() -> None:
    clusters, links = frozenset("ab"), frozenset({frozenset("ab")})
    files = []
    for block in blocks(PAGE.read_text()):
        trust = load_settings(
            {"clusters": {"a": {"context": "a"}}, **block}, "the page"
        ).trust_anchor
        names = tuple(one.name for one in trust.anchors)
        files.append(StackFile(names, trust.signing_anchor.name, clusters, links))
    assert len(files) == 4
    mesh = Mesh(files[0])
    for place, file in enumerate(files):
        assert mesh.update(file, lambda count: 0)
        following = files[place + 1 :]
        assert all(mesh.refused(later) for later in following[1:])
        if place and following:
            assert mesh.refused(following[0]), "the next step before the restarts"
        for name in clusters:
            mesh.restart(name, [*CONTROL_PLANE, *APPS])


def test_an_update_that_changes_nothing_is_let_through_although_pods_are_stale() -> None:
    """It cannot make anything worse, and may be what mends something else."""
    now = held(pod(), anchors=("one",))
    assert not refused(wanted(("one",), "one"), now)
    assert not refused(wanted(("one", "two"), "one", {"one"}), now)
    assert refused(wanted(("one", "two"), "two"), held(pod()))


def test_pods_of_one_cluster_hold_up_what_changes_in_another() -> None:
    """An update died when only one cluster had its new issuer."""
    done, waiting = held(pod("one"), signer="two"), held(signer="one")
    assert set(refused(wanted(("one", "two"), "two"), done, waiting)) == {"a"}
    assert not refused(wanted(("one", "two"), "two"), done)
    assert not refused(wanted(("one", "two"), "one"), held(pod("one"), signer="one"))


def test_a_cluster_may_join_while_an_update_that_died_is_not_finished() -> None:
    """Its control plane still runs with the anchors from before, known by their hash alone."""
    assert not refused(wanted(("one", "two"), "one"), held(pod()), clusters=("a", "z"))
    assert refused(wanted(("one", "two"), "two"), held(pod()), clusters=("a", "z"))


def test_a_pod_that_started_with_other_anchors_than_now_may_still_trust_the_next_signer() -> None:
    assert not refused(wanted(("one", "two"), "two"), held(pod("one", "two", "three")))
    assert refused(wanted(("one", "two"), "two"), held(pod("one", "three")))
    assert refused(wanted(("one", "two"), "two"), held(pod(stale=True)))
    assert not refused(wanted(("one", "two"), "two"), held(pod(stale=False)))


def test_no_anchor_goes_while_what_it_signed_is_unknown_or_still_runs() -> None:
    both, one, two = (held(signer=name) for name in ("two", "one", "two"))
    last = wanted(("two",), "two")
    assert not refused(last, both)
    assert set(refused(last, one, two)) == {"a"}
    for missing in (
        {"issuer": None, "issuer_since": None},
        {"issuer": certified(ROOT).certificate},
    ):
        assert "unknown" in refused(last, held(**missing))["a"]
    written = NOW - timedelta(hours=23)
    recent: dict[str, Any] = {"signer": "two", "issuer_since": written}
    before, after = written - timedelta(minutes=1), written + timedelta(minutes=1)
    old, new = pod(stale=False, started=before), pod(stale=False, started=after)
    assert "24 hours" in refused(last, held(old, **recent))["a"]
    assert not refused(last, held(new, **recent))
    later = after + timedelta(minutes=1)
    services = [pod(stale=False, started=when, identity=True) for when in (written, later)]
    assert refused(last, held(new, *services, **recent)), "one identity service started later"
    mounted = pod(stale=False, started=written + timedelta(minutes=11))
    restarted = pod(stale=False, started=written + timedelta(hours=2), identity=True)
    assert not refused(last, held(mounted, restarted, **recent)), "it had the new issuer by then"
    aged: dict[str, Any] = {"signer": "two", "issuer_since": NOW - timedelta(hours=26)}
    assert not refused(last, held(pod(stale=False), **aged))
    assert refused(last, held(pod(stale=False), **aged, leaf_lifetime=timedelta(hours=48)))


def test_an_anchor_that_is_gone_in_one_cluster_may_go_in_the_others() -> None:
    """The update died in between, and the identity service restarted since."""
    written = NOW - timedelta(hours=1)
    recent: dict[str, Any] = {"signer": "two", "issuer_since": written}
    web = pod(stale=False, started=written - timedelta(minutes=1))
    assert refused(wanted(("two",), "two"), held(web, **recent), held(signer="two"))
    gone = held(anchors=("two",), signer="two")
    assert not refused(wanted(("two",), "two"), held(web, **recent), gone)


def test_the_anchor_of_an_issuer_is_found_through_the_certificates_between() -> None:
    between = certified("between", anchor("two"))
    below = certified(ISSUER, between).certificate
    chained = held(issuer=below, chain=(between.certificate,))
    assert not refused(wanted(("two",), "two"), chained)
    assert refused(wanted(("one",), "one"), chained)


def test_an_anchor_with_which_cert_manager_signs_next_does_not_go() -> None:
    now = held(signer="two", authority=anchor("one").certificate)
    assert refused(wanted(("two",), "two"), now)
    assert not refused(wanted(("one", "two"), "two"), now)


def test_an_issuer_with_another_owner_is_not_signed_by_the_stack_files_anchor() -> None:
    outside = replace(wanted(("new", "one"), "new", {"one"}), issuers=False, webhooks=False)
    assert not refused(outside, held(anchors=("one",)))
    assert refused(replace(outside, issuers=True), held(anchors=("one",)))


@pytest.mark.parametrize(
    ("known", "anchors", "signer"),
    [(("one",), ("one", "two"), "two"), (("one", "two"), ("two",), "two")],
    ids=["caBundle without the next signer", "certificate below the anchor that goes"],
)
def test_no_call_to_a_webhook_would_fail(
    known: tuple[str, ...], anchors: tuple[str, ...], signer: str
) -> None:
    now = held(signer="two", webhooks=(webhook("one", *known),))
    assert "webhook linkerd-tap" in refused(wanted(anchors, signer), now)["a"]
    safe = held(signer="two", webhooks=(webhook("two", "one", "two"),))
    assert not refused(wanted(anchors, signer), safe)


def test_the_server_of_a_webhook_has_time_to_read_its_new_certificate() -> None:
    since = NOW - timedelta(minutes=3)
    fresh = webhook("two", "one", "two", since=since)
    before, after = since - timedelta(hours=1), since + timedelta(minutes=1)
    server = MeshedPod("linkerd-viz/tap", False, before)
    last = wanted(("two",), "two")
    assert "linkerd-viz/tap" in refused(last, held(server, signer="two", webhooks=(fresh,)))["a"]
    assert not refused(last, held(replace(server, started=after), signer="two", webhooks=(fresh,)))
    older = replace(fresh, since=NOW - timedelta(minutes=30))
    assert not refused(last, held(server, signer="two", webhooks=(older,)))


def test_anchors_do_not_change_where_the_guard_may_not_look() -> None:
    hidden = held(unread=("the pods",))
    assert "the pods" in refused(wanted(("one", "two"), "two"), hidden)["a"]
    assert "the pods" in refused(wanted(("one",), "one"), hidden)["a"]
    assert not refused(wanted(("one", "two"), "one"), hidden)
    assert not refused(wanted(("one", "two", "three"), "one", {"one", "two"}), hidden)
    elsewhere = refused(wanted(("one", "two"), "two"), held(signer="two", unread=("x",)), held())
    assert set(elsewhere) == {"a"}


def test_a_cluster_is_removed_before_the_anchors_change() -> None:
    linked = held(links=frozenset({"gone", "b"}))
    next_trust = wanted(("one", "two"), "two")
    assert "gone" in refused(next_trust, linked, held(), clusters=("a", "b"))["a"]
    assert not refused(next_trust, linked, held(), clusters=("a", "b", "gone"))
    assert not refused(wanted(("one", "two"), "one"), linked, held(), clusters=("a", "b"))


def test_an_anchor_that_has_expired_can_be_replaced_in_one_update() -> None:
    """Nothing verifies anything by it, and the steps would not restore it."""
    expired = certified(ROOT, begins=LONG_AGO, days=29)
    below = certified(ISSUER, expired, begins=LONG_AGO, days=28).certificate
    dead = HeldTrust((expired.certificate,), below, (pod(),))
    assert not refused(wanted(("two",), "two", set()), dead)
    rest = replace(dead, anchors=(expired.certificate, anchor("one").certificate))
    assert refused(wanted(("two",), "two", set()), rest)


def test_a_refusal_names_the_cluster_the_reason_and_the_page(
    mesh: Callable[[str], MeshConfig],
) -> None:
    config = mesh("clusters: {west: {context: w}, east: {context: e}}")
    now = held(anchors=("one",))
    reach = {name: replace(item, trust=now) for name, item in reach_of(config).items()}
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
    now = held(anchors=("one",))
    reach = reach_of(config)
    assert decided(config, reach, {"root": None})
    reach = {**reach, "west": replace(reach["west"], trust=now)}
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
    now = held(anchors=("two",), signer="two")
    reach = reach_of(config)
    reach = {**reach, "east": replace(reach["east"], trust=now)}
    seen: list[str] = []

    class Watched(TlsProvider):
        def make(self, token: str, name: str, inputs: Any) -> dict[str, Any]:
            seen.append(token)
            return super().make(token, name, inputs)

    with pytest.raises(RenderError, match=r"docs/anchors\.md"):
        record(config, reach, PUBLISHED, Tells(), tls=Watched())
    assert seen
    assert {token.partition(":")[0] for token in seen} == {"tls"}
