"""The next step of a rotation: what changes in the list of anchors.

A rotation is three edits, each followed by an update and by restarts: a prepared anchor is added,
it becomes the active one and the present one tainted, the tainted one is removed (docs/anchors.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from config.trust.trust_anchor import Anchor, AnchorState, TrustAnchorConfig
from vocabulary.errors import MeshError

PATH = "trustAnchor.anchors"


class RotationError(MeshError):
    """A rotation cannot go on by itself."""


@dataclass(frozen=True)
class Step:
    """One edit of the list of anchors."""

    title: str
    """What it is for, as the end of a sentence."""
    states: Mapping[str, AnchorState] = field(default_factory=dict)
    """States that are written, by name of the anchor."""
    added: str = ""
    """Name of a generated anchor that is added at the end, prepared; empty without one."""
    removed: str = ""
    """Name of the anchor that is removed; empty without one."""
    without_signer: bool = False
    """Whether the key `signer` is removed, in place of which states are written."""

    def lines(self, anchors: tuple[Anchor, ...]) -> Iterator[str]:
        """What a user changes in the stack file by hand."""
        names = [anchor.name for anchor in anchors]
        for name, state in self.states.items():
            yield f"{PATH}[{names.index(name)}].state: {state}      # the anchor {name}"
        if self.without_signer:
            yield "remove trustAnchor.signer"
        if self.added:
            yield f"add to {PATH}:  - name: {self.added}"
            yield f"{' ' * len(f'add to {PATH}:')}    state: prepared"
        if self.removed:
            yield f"remove {PATH}[{names.index(self.removed)}], the anchor {self.removed}"

    def applied(self, trust_anchor: Mapping[str, Any] | None) -> dict[str, Any]:
        """The plain data of the key `trustAnchor` with this step."""
        given = dict(trust_anchor or {})
        anchors = [dict(one) for one in given.get("anchors") or default_anchors()]
        for one in anchors:
            if one.get("name") in self.states:
                one["state"] = self.states[one["name"]]
        anchors = [one for one in anchors if one.get("name") != self.removed]
        if self.added:
            anchors.append({"name": self.added, "state": "prepared"})
        if self.without_signer:
            given.pop("signer", None)
        return {**given, "anchors": anchors}


def default_anchors() -> list[dict[str, Any]]:
    """The anchors of a stack file that names none."""
    return [{"name": anchor.name} for anchor in TrustAnchorConfig().anchors]


def next_step(config: TrustAnchorConfig) -> Step:
    """The step that follows the states of the stack file.

    Raises RotationError where only the user can say what it is.
    """
    anchors = config.anchors
    active = config.signing_anchor
    tainted = [one.name for one in anchors if one.state == "tainted"]
    prepared = [one.name for one in anchors if one.state == "prepared"]
    if active.state is None and len(anchors) > 1:
        raise RotationError(
            "the anchors have no states, so that it is unknown which of them is to sign later and "
            "which one signed before",
            f"write state: active under the anchor {active.name}; under each other one state: "
            "prepared if it is to sign later, or state: tainted if it signed before"
            + ("; and remove trustAnchor.signer" if config.signer is not None else ""),
        )
    if tainted:
        return Step(f"remove the anchor {tainted[0]}", removed=tainted[0])
    if prepared:
        return Step(
            f"have the anchor {prepared[0]} sign",
            {prepared[0]: "active", active.name: "tainted"},
        )
    added = _following([one.name for one in anchors], active.name)
    title = f"add the anchor {added}, which signs nothing yet"
    if not active.generated:
        raise RotationError(
            f"the anchor {active.name} is provided, so that its successor has to be provided too",
            f"add to {PATH} an entry with the name {added}, state: prepared, its certificate, and "
            "its privateKey where the present anchor has one",
        )
    states: dict[str, AnchorState] = {active.name: "active"} if active.state is None else {}
    return Step(title, states, added, without_signer=config.signer is not None)


def _following(names: list[str], present: str) -> str:
    """The name after the present one: root, root-2, root-3."""
    base = re.sub(r"-\d+$", "", present)
    numbers = [
        int(found[1] or 1)
        for name in names
        if (found := re.fullmatch(rf"{re.escape(base)}(?:-(\d+))?", name))
    ]
    return f"{base}-{max(numbers) + 1}"
