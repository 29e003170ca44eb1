"""The rights that `--pre` asks for cover whatever the program writes and the checks read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, given, settings

from checks.cluster import permissions
from checks.facts import fetch
from config import MeshConfig
from kube.access import Access
from render import Recording, RenderedObject, manifests
from tests.stack_builders import Settings, loaded, valid_settings
from tests.stack_files import STACK_FILES
from tests.unit.config.inventory.test_inventory import NoCharts
from tests.unit.conftest import Rendered, Tells, reach_of
from vocabulary.kinds import Kind

VERBS = ("get", "list", "create", "patch", "delete")


def not_asked_for(config: MeshConfig, cluster: str, items: Iterable[RenderedObject]) -> set[Access]:
    """Rights to write these objects and read the cluster that the check does not require."""
    asked = set(permissions.asked(config, cluster))
    kinds = {Kind.of(item.object) for item in items}
    written = {Access(verb, kind.group, kind.plural) for kind in kinds for verb in VERBS}
    read = {listing.right for listing in fetch.plan(config, cluster, pre=False)}
    return (written | read) - asked


@pytest.mark.parametrize("name", sorted(STACK_FILES))
def test_rights_are_asked_for_every_object_that_render_writes(
    name: str, rendered: Rendered, stack_config: Callable[[str], MeshConfig]
) -> None:
    config = stack_config(name)
    for cluster, items in rendered(name)[1].items():
        assert not_asked_for(config, cluster, items) == set()


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(valid_settings())
def test_rights_are_asked_for_every_object_of_a_drawn_stack_file(
    recorded: Callable[..., Recording], drawn: Settings
) -> None:
    config = loaded(drawn)
    recording = recorded(config, reach=reach_of(config), answers=Tells())
    for cluster, items in manifests(recording, NoCharts()).items():
        assert not_asked_for(config, cluster, items) == set()


@pytest.mark.parametrize("name", sorted(STACK_FILES))
def test_every_right_names_its_resource(
    name: str, stack_config: Callable[[str], MeshConfig]
) -> None:
    config = stack_config(name)
    for cluster in config.clusters:
        assert [one for one in permissions.asked(config, cluster) if not one.resource] == []
