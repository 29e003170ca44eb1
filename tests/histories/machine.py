"""Walks histories: edits of the stack file, updates that may die, restarts, and passing time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.histories.updates import APPS, COUNTED, Choose, Mesh, StackFile
from tests.histories.world import CONTROL_PLANE

NAMES = ("root", "root-2", "root-3")
CLUSTERS = ("a", "b", "c", "d")
LINKS = tuple(frozenset(pair) for pair in combinations(CLUSTERS, 2))
places = st.lists(st.integers(0, 59), min_size=8, max_size=8)
crashes = st.one_of(st.none(), st.integers(0, 40))


def chooser(drawn: list[int]) -> Choose:
    """Chooses by drawn numbers, again and again."""
    state = {"place": 0}

    def choose(count: int) -> int:
        state["place"] += 1
        return (drawn[state["place"] % len(drawn)] + state["place"] // len(drawn)) % count

    return choose


class Histories(RuleBasedStateMachine):
    """Two to four clusters, linked in both directions, from their installation on."""

    def __init__(self) -> None:
        super().__init__()
        self.mesh = Mesh(StackFile(("root",), "root", frozenset(), frozenset()))
        self.draft = self.mesh.file

    @initialize(count=st.integers(2, 4), drawn=places, linked=st.sets(st.sampled_from(LINKS)))
    def install(self, count: int, drawn: list[int], linked: set[frozenset[str]]) -> None:
        clusters = frozenset(CLUSTERS[:count])
        links = frozenset(linked) | {frozenset(("a", "b"))}
        self.draft = StackFile(("root",), "root", clusters, links).well_formed()
        COUNTED["histories"] += 1
        assert self.mesh.update(self.draft, chooser(drawn))

    @rule(
        names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True),
        place=st.integers(0, 2),
    )
    def write_any_anchors(self, names: list[str], place: int) -> None:
        signer = names[place % len(names)]
        self.draft = replace(self.draft, anchors=tuple(names), signer=signer)

    @rule(name=st.sampled_from(NAMES))
    def prepare(self, name: str) -> None:
        if name not in self.draft.anchors:
            self.draft = replace(self.draft, anchors=(*self.draft.anchors, name))

    @rule(place=st.integers(0, 2))
    def activate(self, place: int) -> None:
        signer = self.draft.anchors[place % len(self.draft.anchors)]
        self.draft = replace(self.draft, signer=signer)

    @rule(place=st.integers(0, 2))
    def drop(self, place: int) -> None:
        rest = tuple(
            name
            for at, name in enumerate(self.draft.anchors)
            if at != place or name == self.draft.signer
        )
        self.draft = replace(self.draft, anchors=rest)

    @rule(link=st.sampled_from(LINKS))
    def link(self, link: frozenset[str]) -> None:
        links = self.draft.links ^ {link}
        self.draft = replace(self.draft, links=links).well_formed()

    @rule(name=st.sampled_from(CLUSTERS))
    def add_or_remove(self, name: str) -> None:
        clusters = self.draft.clusters ^ {name}
        if clusters:
            self.draft = replace(self.draft, clusters=clusters).well_formed()

    @rule(drawn=places, crash=crashes)
    def update(self, drawn: list[int], crash: int | None) -> None:
        if not self.mesh.update(self.draft, chooser(drawn), crash):
            # The user undoes the edit.
            self.draft = self.mesh.file
        elif not self.mesh.complete:
            assert not self.mesh.refused(self.draft), "the same update after a crash"

    @rule(name=st.sampled_from(CLUSTERS), pods=st.sets(st.sampled_from((*CONTROL_PLANE, *APPS))))
    def restart(self, name: str, pods: set[str]) -> None:
        if name in self.mesh.clusters:
            self.mesh.restart(name, list(pods))

    @rule(drawn=places, crash=crashes)
    def rotate_a_step(self, drawn: list[int], crash: int | None) -> None:
        """The next step of the procedure, with its restarts."""
        self._restart_all()
        file = self.mesh.file
        if len(file.anchors) == 1:
            self.prepare(next(name for name in NAMES if name not in file.anchors))
        elif file.signer == file.anchors[0]:
            self.draft = replace(file, signer=file.anchors[1])
        else:
            self.draft = replace(file, anchors=(file.signer,))
        self.update(drawn, crash)

    @rule(minutes=st.sampled_from((1, 5, 20, 120, 25 * 60)))
    def wait(self, minutes: int) -> None:
        self.mesh.passes(timedelta(minutes=minutes))

    def _restart_all(self) -> None:
        for name in self.mesh.clusters:
            self.mesh.restart(name, [*CONTROL_PLANE, *APPS])
        self.mesh.passes(timedelta(minutes=11))

    def teardown(self) -> None:
        """From wherever a history ends, the steps of the page go to another anchor."""
        mesh = self.mesh
        if not mesh.clusters:
            return

        def step(file: StackFile) -> None:
            refused = mesh.refused(file)
            assert not refused, refused
            mesh.update(file, lambda count: 0)
            self._restart_all()

        self._restart_all()
        step(mesh.file)
        mesh.passes(timedelta(hours=25))
        file, last = mesh.file, "last"
        step(replace(file, anchors=(*file.anchors, last)))
        step(replace(mesh.file, signer=last))
        step(replace(mesh.file, anchors=(last,)))
