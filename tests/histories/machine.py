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
crashes = st.one_of(st.none(), st.integers(0, 8), st.integers(0, 40))
MINUTES = (0, 1, 5, 20, 120, 25 * 60)
SHORTCUTS = (
    "none",
    "without restarts",
    "restarts in one cluster",
    "restarts in one cluster, and another one leaves",
    "two steps at once",
)


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

    @rule(link=st.sampled_from(LINKS), name=st.sampled_from((None, *CLUSTERS)))
    def add_or_remove(self, link: frozenset[str], name: str | None) -> None:
        """Another link, and perhaps another cluster, or one less of each."""
        clusters = self.draft.clusters ^ ({name} if name else set())
        if clusters:
            changed = replace(self.draft, links=self.draft.links ^ {link}, clusters=clusters)
            self.draft = changed.well_formed()

    @rule(drawn=places, crash=crashes)
    def update(self, drawn: list[int], crash: int | None) -> None:
        if not self.mesh.update(self.draft, chooser(drawn), crash):
            # The user undoes the edit.
            self.draft = self.mesh.file
        elif not self.mesh.complete:
            left = self.mesh.refused(self.draft)
            # The identity service may have restarted since.
            assert all("restart them first" in reason for reason in left), left

    @rule(name=st.sampled_from(CLUSTERS), pods=st.sets(st.sampled_from((*CONTROL_PLANE, *APPS))))
    def restart(self, name: str, pods: set[str]) -> None:
        if name in self.mesh.clusters:
            self.mesh.restart(name, list(pods))

    @rule(
        drawn=places,
        crash=crashes,
        shortcut=st.sampled_from(SHORTCUTS),
        minutes=st.sampled_from(MINUTES),
    )
    def rotate(self, drawn: list[int], crash: int | None, shortcut: str, minutes: int) -> None:
        """The next step of the procedure, with its restarts, or what a user in a hurry does."""
        if shortcut != "without restarts":
            self._restart(1 if "one cluster" in shortcut else len(CLUSTERS))
        self.mesh.passes(timedelta(minutes=minutes))
        file = self.mesh.file
        steps = 2 if shortcut == "two steps at once" else 1
        for _ in range(steps if self.mesh.complete else steps - 1):
            file = self._next(file)
        self.draft = replace(self.draft, anchors=file.anchors, signer=file.signer)
        if "leaves" in shortcut and len(self.draft.clusters) > 1:
            left = self.draft.clusters - {max(self.draft.clusters)}
            self.draft = replace(self.draft, clusters=left).well_formed()
        self.update(drawn, crash)

    @staticmethod
    def _next(file: StackFile) -> StackFile:
        if len(file.anchors) == 1:
            new = next(name for name in NAMES if name not in file.anchors)
            return replace(file, anchors=(*file.anchors, new))
        if file.signer == file.anchors[0]:
            return replace(file, signer=file.anchors[1])
        return replace(file, anchors=(file.signer,))

    @rule(minutes=st.sampled_from(MINUTES))
    def wait(self, minutes: int) -> None:
        self.mesh.passes(timedelta(minutes=minutes))

    def _restart(self, clusters: int = len(CLUSTERS)) -> None:
        """Everything in so many clusters starts again."""
        for name in list(self.mesh.clusters)[:clusters]:
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
            self._restart()

        self._restart()
        step(mesh.file)
        mesh.passes(timedelta(hours=25))
        file, last = mesh.file, "last"
        step(replace(file, anchors=(*file.anchors, last)))
        step(replace(mesh.file, signer=last))
        step(replace(mesh.file, anchors=(last,)))
