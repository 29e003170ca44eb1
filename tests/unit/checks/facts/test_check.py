"""Checks are found where they are declared, and come in the order of the report."""

from __future__ import annotations

from itertools import groupby

from checks.facts.check import BEFORE_INSTALLATION, Phase, all_checks, checks_of, modules, rights
from checks.facts.listing import Listing, named
from kube.access import Access
from tests.unit.checks.builders import mesh
from vocabulary.kinds import LEASE, SERVICE


def test_every_check_of_every_module_is_found_once() -> None:
    declared = [one for module in modules() for one in getattr(module, "CHECKS", ())]
    assert len(all_checks()) == len(declared) == len(set(map(id, all_checks())))


def test_lines_of_a_category_come_together_in_their_phase() -> None:
    headings = [one for one, _ in groupby((one.phase, one.category) for one in all_checks())]
    assert len(headings) == len(set(headings))
    assert [phase for phase, _ in headings] == sorted(phase for phase, _ in headings)


def test_causes_come_before_the_control_plane_and_requests_and_mirrors_last() -> None:
    categories = list(dict.fromkeys(one.category for one in all_checks()))
    assert categories.index("webhooks") < categories.index("control plane")
    assert [one.category for one in all_checks() if one.phase is Phase.LAST][-1] == "mirrors"
    assert all_checks()[-1].phase is Phase.LAST


def test_before_an_installation_only_its_phases_run() -> None:
    assert {one.phase for one in checks_of(pre=True)} == set(BEFORE_INSTALLATION)
    assert not {one.phase for one in checks_of(pre=False)} & {Phase.BEFORE, Phase.LINK_BEFORE}


def test_the_rights_of_checks_are_those_of_the_lists_that_they_read() -> None:
    needed = rights(mesh(), "east")
    assert Access("list", "coordination.k8s.io", "leases") in needed
    assert Listing(LEASE).right in needed
    assert named(SERVICE, "shop", "web").right == Access("list", "", "services")
