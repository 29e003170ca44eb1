"""A sweep deletes what one service mirror left, and a namespace only where it is empty."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from checks.facts.reading import Reader
from checks.facts.view import ServedKind
from lifecycle.orphans import sweep as sweeping
from lifecycle.orphans.sweep import sweep
from tests.service_mirror import CLUSTER, MIRRORED, endpoints, federated, service
from tests.unit.checks.builders import thing
from verify.cluster import Cluster, ClusterRefusedError
from vocabulary.kinds import CONFIG_MAP, Kind, Object, annotations_of, name_of, namespace_of

LABELS = {MIRRORED: "true", CLUSTER: "west"}


class Fake:
    """An API server in memory, as a `Cluster` and as a `Reader`."""

    def __init__(self, *objects: Object, content: tuple[str, ...] = ()) -> None:
        self.objects = {self._key(one): copy.deepcopy(one) for one in objects}
        self.content = content
        self.returning: list[Object] = []
        self.conflicts = 0

    @staticmethod
    def _key(one: Object) -> tuple[str, str, str]:
        return Kind.of(one).name, namespace_of(one), name_of(one)

    def list(self, kind: Kind, *_: Any, **__: Any) -> Iterator[Object]:
        if kind == CONFIG_MAP:
            names = ("kube-root-ca.crt", *self.content)
            return iter([thing("v1", "ConfigMap", name) for name in names])
        found = [one for key, one in self.objects.items() if key[0] == kind.name]
        return iter(copy.deepcopy(found))

    def served(self) -> dict[Kind, ServedKind]:
        return {CONFIG_MAP: ServedKind({"v1": "configmaps"}, True)}

    def delete(self, kind: Kind, space: str | None, name: str) -> bool:
        existed = self.objects.pop((kind.name, space or "", name), None) is not None
        if self.returning:
            one = self.returning.pop()
            self.objects[self._key(one)] = one
        return existed

    def replace(self, one: Object) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise ClusterRefusedError("it changed", 409)
        self.objects[self._key(one)] = one

    def sweep(self, target: str) -> Sequence[str]:
        return sweep(cast(Cluster, self), cast(Reader, self), lambda other: other == target)

    @property
    def names(self) -> set[str]:
        return {name for _, _, name in self.objects}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "PAUSE_SECONDS", 0.0)


def test_what_one_service_mirror_left_goes_and_nothing_of_others() -> None:
    fake = Fake(
        service("web-west", "west"),
        endpoints("web-west", "west"),
        service("web-east", "east"),
        federated("web", ["web@west", "web@east"]),
        federated("api", ["api@west"]),
        thing("v1", "Service", "shop-west", "shop"),
        thing("v1", "Namespace", "of-west", labels=LABELS),
    )
    assert fake.sweep("west") == []
    assert fake.names == {"web-east", "web-federated", "shop-west"}
    ((_, kept),) = [item for item in fake.objects.items() if item[0][2] == "web-federated"]
    assert annotations_of(kept)["multicluster.linkerd.io/remote-discovery"] == "web@east"


def test_a_namespace_with_objects_of_other_owners_stays_and_is_named() -> None:
    fake = Fake(thing("v1", "Namespace", "of-west", labels=LABELS), content=("settings",))
    assert fake.sweep("west") == ["Namespace of-west: it has ConfigMap settings"]
    assert fake.names == {"of-west"}


def test_an_empty_namespace_of_another_link_goes_where_that_link_is_gone_too() -> None:
    labels = {**LABELS, CLUSTER: "east"}
    space = thing("v1", "Namespace", "made", labels=labels)
    link = thing(
        "multicluster.linkerd.io/v1alpha3",
        "Link",
        "east",
        "linkerd-multicluster",
        spec={"targetClusterName": "east"},
    )
    there, gone = Fake(space, link), Fake(space)
    assert there.sweep("west") == gone.sweep("west") == []
    assert "made" in there.names
    assert gone.names == set()


def test_what_an_ending_service_mirror_writes_once_more_goes_too() -> None:
    fake = Fake(service("web-west", "west"))
    fake.returning = [service("late-west", "west")]
    assert fake.sweep("west") == []
    assert fake.names == set()


def test_a_federated_service_that_changed_meanwhile_is_read_again() -> None:
    fake = Fake(federated("web", ["web@west", "web@east"]))
    fake.conflicts = 1
    fake.sweep("west")
    (kept,) = fake.objects.values()
    assert annotations_of(kept)["multicluster.linkerd.io/remote-discovery"] == "web@east"
