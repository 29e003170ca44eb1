"""What a preview reports of the workloads that have to restart."""

from __future__ import annotations

import pytest

from preflight.anchor_change import NextTrust
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust
from preflight.restart_notice import notices
from tests.certificates import ROOT, certified

OLD, NEW = certified(ROOT).certificate, certified(ROOT).certificate


def reported(*pods: MeshedPod, after: dict[str, object] | None = None) -> list[str]:
    wanted = NextTrust(after or {"root": OLD}, "root")  # type: ignore[arg-type]
    return list(notices("west", "linkerd", HeldTrust((OLD,), None, pods), wanted))


@pytest.mark.parametrize("new", [None, NEW])
def test_a_change_of_anchors_names_what_has_to_restart_afterwards(new: object) -> None:
    (line,) = reported(
        MeshedPod("shop/web", False, None),
        MeshedPod("shop/web", False, None),
        MeshedPod("data/db", True, None),
        MeshedPod("linkerd/linkerd-identity", False, None, True),
        after={"root": OLD, "root-2": new},
    )
    assert "cluster 'west'" in line and "afterwards 3 pods of data/db, shop/web have to" in line
    assert "linkerd-identity" not in line


def test_without_a_change_only_pods_that_are_stale_now_are_named() -> None:
    fresh = MeshedPod("shop/web", False, None)
    ending = MeshedPod("shop/gone", True, None, ending=True)
    assert reported(fresh, ending) == []
    (line,) = reported(fresh, ending, MeshedPod("linkerd/linkerd-destination", True, None))
    assert "1 pod of linkerd/linkerd-destination started with other trust anchors" in line


def test_a_long_list_is_cut() -> None:
    (line,) = reported(*(MeshedPod(f"shop/web-{place}", True, None) for place in range(9)))
    assert "9 pods of" in line and "web-5 and 3 more" in line
