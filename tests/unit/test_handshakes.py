"""The prober of tests/handshakes.py fails where two proxies would."""

from __future__ import annotations

import pytest

from tests.certificates import ISSUER, ROOT, Certified, certified
from tests.handshakes import Held, handshake


def held(signer: Certified, *trusted: Certified) -> tuple[Held, str]:
    """What a cluster holds with an issuer of `signer`, and its bundle."""
    issuer = certified(ISSUER, signer, hosts=(ISSUER,), identifiers=True)
    bundle = "".join(one.pem for one in trusted)
    return Held(frozenset({bundle}), issuer.pem, issuer.key_pem), bundle


@pytest.fixture(scope="module")
def anchors() -> tuple[Certified, Certified]:
    """Two anchors of the same name, as a rotation has them."""
    old, new = (certified(ROOT, identifiers=True) for _ in range(2))
    return old, new


def test_clusters_with_a_common_anchor_verify_each_other(
    anchors: tuple[Certified, Certified],
) -> None:
    old, new = anchors
    assert handshake(*held(old, old, new), *held(new, old, new)) is None


def test_a_caller_that_does_not_trust_the_servers_issuer_fails(
    anchors: tuple[Certified, Certified],
) -> None:
    old, new = anchors
    assert handshake(*held(old, old), *held(new, old, new)) is not None


def test_a_server_that_does_not_trust_the_callers_issuer_fails(
    anchors: tuple[Certified, Certified],
) -> None:
    old, new = anchors
    assert handshake(*held(new, old, new), *held(old, old)) is not None
