"""What the platform owner's page on Linkerd asks for, and what of it the program makes otherwise.

The page is the chapter "Service Mesh (Linkerd)" of a public guide to a cluster at home. It is not
part of this repository: ``linkerd.yaml`` has its blocks of YAML and Helm, with the settings of a
stack file that yield each of them. The page lost its line ends when it was copied, so that blocks
are compared word by word. ``python -m tests.platform_documents`` writes the tables of
``docs/platform.md``.
"""

from __future__ import annotations

import hashlib
import itertools
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.documents import Anything, Difference
from tests.documents.differences import ABSENT

FOLDER = Path(__file__).resolve().parent
Object = dict[str, Any]


@dataclass(frozen=True)
class Yielded:
    """A block, and the stack file that yields it."""

    setting: str
    """What it is about."""
    section: str
    """Section of the document."""
    code: str
    """The block."""
    documented: Object
    """The object, or the values of a release, that it asks for."""
    within: tuple[str, ...]
    """Paths that it speaks of, beside which the object has more; none for a whole object."""
    stack: Object
    """The settings of a stack file."""
    made: str
    """The object: its kind, and its name after a slash."""
    differences: tuple[Difference, ...]
    """Every place where the object is not as documented."""


@dataclass(frozen=True)
class Patched:
    """A block that patches workloads of another owner."""

    setting: str
    """What it is about."""
    code: str
    """The block."""
    meshed: Object
    """The entry under `meshed` that yields it."""
    asks: Object
    """Kind, namespace, name, annotations and env that it asks for."""


@dataclass(frozen=True)
class OfOwner:
    """A block for the values of another owner's chart."""

    setting: str
    """What it is about."""
    code: str
    """The block."""
    recipe: str
    """Recipe with the values for their owner."""


@dataclass(frozen=True)
class Other:
    """A block that asks for no setting."""

    code: str
    """The block."""
    instead: str
    """What replaces it here."""


@dataclass(frozen=True)
class Page:
    """The document."""

    title: str
    """What it is."""
    count: int
    """How many blocks are listed."""
    digest: str
    """SHA-256 of them (`digest_of`)."""
    yielded: tuple[Yielded, ...]
    patches: tuple[Patched, ...]
    owner: tuple[OfOwner, ...]
    others: tuple[Other, ...]

    @property
    def blocks(self) -> list[str]:
        """All blocks that are listed."""
        found = [item.code for item in self.yielded] + [item.code for item in self.patches]
        return found + [item.code for item in self.owner] + [item.code for item in self.others]


@cache
def page() -> Page:
    """The document as it is listed."""
    read = yaml.safe_load((FOLDER / "linkerd.yaml").read_text(encoding="utf-8"))
    return Page(
        title=read["title"],
        count=read["blocks"]["count"],
        digest=read["blocks"]["sha256"],
        yielded=tuple(_yielded(item) for item in read["yielded"]),
        patches=tuple(Patched(**item) for item in read["patches"]),
        owner=tuple(OfOwner(**item) for item in read["owner"]),
        others=tuple(Other(**item) for item in read["others"]),
    )


@cache
def reasons() -> Mapping[str, str]:
    """Reasons of differences by their keys."""
    found: dict[str, str] = yaml.safe_load((FOLDER / "reasons.yaml").read_text(encoding="utf-8"))
    return {key: " ".join(text.split()) for key, text in found.items()}


def digest_of(blocks: Iterable[str]) -> str:
    """SHA-256 of blocks: words apart by one space, sorted, a zero byte between two."""
    plain = sorted(" ".join(block.split()) for block in blocks)
    return hashlib.sha256("\0".join(plain).encode()).hexdigest()


def _yielded(item: Mapping[str, Any]) -> Yielded:
    code = item["code"]
    documented = _values_set(code) if code.startswith("helm ") else yaml.safe_load(code)
    if "under" in item:
        documented = {item["under"]: documented}
    return Yielded(
        setting=item["setting"],
        section=item["section"],
        code=code,
        documented=documented,
        within=tuple(item.get("within", ())),
        stack=item["stack"],
        made=item["made"],
        differences=tuple(
            Difference(
                entry["at"],
                entry.get("documented", ABSENT),
                Anything(entry["anything"]) if "anything" in entry else entry.get("made", ABSENT),
                entry["why"],
            )
            for entry in item["differences"]
        ),
    )


def comparable(thing: Object) -> Object:
    """An object whose rules of relabelling, which have no names, are keyed by their content."""
    if thing.get("kind") != "PodMonitor":
        return thing
    endpoints = thing["spec"]["podMetricsEndpoints"]
    listed = isinstance(endpoints, list)
    (endpoint,) = endpoints if listed else [endpoints]
    rules: Object = {"form": "list" if listed else "mapping"}
    for rule in endpoint["relabelings"]:
        what = rule.get("targetLabel") or (
            rule["regex"] if rule["action"].startswith("label") else ""
        )
        rules[f"{rule['action']} {what}".strip()] = rule
    # Their order counts; dropping what is not wanted may be anywhere among them.
    rules["order"] = [key for key in rules if key not in ("form", "drop")]
    rules |= {key: value for key, value in endpoint.items() if key != "relabelings"}
    return {**thing, "spec": {**thing["spec"], "podMetricsEndpoints": rules}}


def _values_set(command: str) -> Object:
    """The values that a ``helm install`` sets; a file's content is replaced by its name."""
    values: Object = {}
    words = shlex.split(command.replace("\\\n", " "))
    for flag, setting in itertools.pairwise(words):
        if flag not in ("--set", "--set-file"):
            continue
        path, _, value = setting.partition("=")
        *above, last = path.split(".")
        node = values
        for key in above:
            node = node.setdefault(key, {})
        node[last] = f"the file {value}" if flag == "--set-file" else yaml.safe_load(value)
    return {"values": values}
