"""Writes a step of a rotation into a stack file, and keeps everything else in it.

The result is read again: where it is not exactly the step, the file is left as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from config import PROJECT, MeshConfig, load_stack_file
from config.language.yaml_text import YamlTextError, read_yaml
from lifecycle.rotation.step import RotationError, Step, default_anchors
from lifecycle.rotation.yaml_edit import (
    UneditableError,
    composed,
    mapping,
    pair,
    with_block,
    with_entry,
    with_item,
    with_value,
    without_entry,
    without_item,
)
from lifecycle.stack_file import rewrite

KEYS = (f"{PROJECT}:trustAnchor", "trustAnchor", f"{PROJECT}:config:trustAnchor")
"""Forms of the key in a stack file."""


def write(path: Path, step: Step) -> None:
    """Write a step into a stack file.

    Raises RotationError with the lines to write by hand where that cannot be done exactly.
    """
    anchors = load_stack_file(path).trust_anchor.anchors

    def alike(before: MeshConfig, after: MeshConfig) -> bool:
        return after.model_copy(update={"trust_anchor": before.trust_anchor}) == before

    try:
        rewrite(path, lambda text: edited(text, step), alike)
    except UneditableError as error:
        raise RotationError(
            f"{path} is left as it is: {error}",
            "\n".join(("write by hand:", *step.lines(anchors))),
        ) from None


def edited(text: str, step: Step) -> str:
    """The text of a stack file with a step. Raises UneditableError."""
    try:
        # What is no mapping has no data that a step could be applied to.
        _trust_anchor(text)
        wanted = _applied(read_yaml(text), step)
        for name, state in step.states.items():
            text = _with_state(text, name, state, step)
        if step.without_signer:
            text = _without_signer(text)
        if step.added:
            text = _added(text, step.added)
        if step.removed:
            node, place = _item(text, step.removed)
            text = without_item(text, node, place)
        if read_yaml(text) != wanted:
            raise UneditableError("its form is not one that can be edited exactly")
    except YamlTextError:
        raise UneditableError("its form is not one that can be edited exactly") from None
    return text


def _applied(content: Any, step: Step) -> Any:
    """The plain data of a stack file with a step."""
    config = dict(content["config"])
    key = next((one for one in KEYS if one in config), KEYS[0])
    return {**content, "config": {**config, key: step.applied(config.get(key))}}


def _config(text: str) -> yaml.MappingNode:
    found = pair(composed(text), "config")
    return mapping(found[1] if found else None, "config")


def _trust_anchor(text: str) -> yaml.MappingNode | None:
    found = pair(_config(text), *KEYS)
    return mapping(found[1], "trustAnchor") if found else None


def _anchors(text: str) -> yaml.SequenceNode | None:
    node = _trust_anchor(text)
    found = pair(node, "anchors") if node is not None else None
    if found is None:
        return None
    if not isinstance(found[1], yaml.SequenceNode) or not found[1].value:
        raise UneditableError("trustAnchor.anchors is not written as a list")
    return found[1]


def _item(text: str, name: str) -> tuple[yaml.SequenceNode, int]:
    node = _anchors(text)
    for place, item in enumerate(node.value if node is not None else ()):
        found = pair(mapping(item, "an anchor"), "name")
        if node is not None and found is not None and found[1].value == name:
            return node, place
    raise UneditableError(f"the anchor {name} is not written in the list")


def _with_state(text: str, name: str, state: str, step: Step) -> str:
    if _anchors(text) is None:
        return _with_anchors(text, step)
    node, place = _item(text, name)
    item = mapping(node.value[place], "an anchor")
    written, named = pair(item, "state"), pair(item, "name")
    if written is not None:
        return with_value(text, written[1], state)
    if named is None:
        raise UneditableError(f"the anchor {name} has no name")
    return with_entry(text, item, named, "state", state)


def _with_anchors(text: str, step: Step) -> str:
    """The text of a stack file that names no anchor, with the default ones and their states."""
    written = [{**one, "state": step.states[one["name"]]} for one in default_anchors()]
    block = [
        line
        for one in written
        for line in (f"  - name: {one['name']}", f"    state: {one['state']}")
    ]
    flow = ", ".join(f"{{name: {one['name']}, state: {one['state']}}}" for one in written)
    node = _trust_anchor(text)
    if node is not None:
        return with_block(text, node, "anchors", block, f"[{flow}]")
    below = ["  anchors:", *(f"  {line}" for line in block)]
    return with_block(text, _config(text), KEYS[0], below, f"{{anchors: [{flow}]}}")


def _without_signer(text: str) -> str:
    node = _trust_anchor(text)
    found = pair(node, "signer") if node is not None else None
    return without_entry(text, node, found) if node is not None and found is not None else text


def _added(text: str, name: str) -> str:
    node = _anchors(text)
    if node is None:
        raise UneditableError("trustAnchor.anchors is not written as a list")
    return with_item(
        text, node, [f"name: {name}", "state: prepared"], f"{{name: {name}, state: prepared}}"
    )
