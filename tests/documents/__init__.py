"""What the four integration documents ask for, as data, and where the program differs.

The documents are public pages about Ambassador on Linkerd: "Linkerd2 Integration" of Ambassador
(getambassador.io/v1), and "Linkerd 2 integration" of Emissary-ingress, of Ambassador Edge Stack 2
and 3, and of Ambassador Edge Stack 1 (getambassador.io/v2). They are not part of this repository:
each has a file here with its code blocks, word for word, and with the sentences that ask for a
setting. Two of the pages lost their code when they were copied, so that they have sentences only.

Every entry names the settings of a stack file that yield it, the object that comes of them, and
each place where that object differs, with the reason.
``tests/unit/documents/test_documents.py`` compares all of it with what the program makes;
``python -m tests.documents`` writes it into ``docs/ambassador.md``.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.documents.differences import ABSENT, Absent, patched

FOLDER = Path(__file__).resolve().parent
KINDS = {"deploy": "Deployment", "svc": "Service"}
"""Kinds by their ``kubectl`` names in the documents."""
FLAGS = {
    "--skip-inbound-ports": "config.linkerd.io/skip-inbound-ports",
    "--require-identity-on-inbound-ports": "config.linkerd.io/proxy-require-identity-inbound-ports",
}
"""Annotations of the pods that ``linkerd inject`` writes for its flags (2.8.1 as well as today)."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Anything:
    """A value in the object that another program sets."""

    whose: str
    """Which."""


@dataclass(frozen=True)
class Difference:
    """One place where the object of the program is not as documented."""

    at: str
    """Path within the object; an entry of a list that has names is named by it."""
    documented: Any | Absent
    """Value in the document."""
    made: Any | Absent | Anything
    """Value in the object."""
    why: str
    """Key of the reason."""


@dataclass(frozen=True)
class Reproduction:
    """Settings that yield an entry, and how what they yield differs from it."""

    target: Mapping[str, Any]
    """Settings of the cluster."""
    own: Mapping[str, Any]
    """Those of them that are not the document's own cluster."""
    today: bool
    """Whether it is for today's Linkerd and Ambassador, where the document's are older."""
    link: Mapping[str, Any] | None
    """Settings of a link to it, beside source and target; None where there is no link."""
    source: Mapping[str, Any]
    """Settings of the cluster that such a link begins in."""
    made: str
    """The object: its kind, and its name after a slash."""
    cluster: str
    """Which of the two clusters it is in."""
    differences: tuple[Difference, ...]
    """All differences."""

    @property
    def settings(self) -> Object:
        """The settings of a whole stack file."""
        clusters: Object = {"target": {"context": "target", **self.target}}
        if self.link is None:
            return {"clusters": clusters}
        clusters["source"] = {"context": "source", **self.source}
        link = {"source": "source", "target": "target", **self.link}
        return {"clusters": clusters, "links": [link]}


@dataclass(frozen=True)
class Entry:
    """A code block of a document, or a sentence of it that asks for a setting."""

    setting: str
    """What it is about."""
    document: Document
    """The document that has it."""
    section: str
    """Section of the document."""
    code: str | None
    """The code block, word for word; None for a sentence."""
    says: str | None
    """The sentence, word for word; None for a code block."""
    documented: Object
    """The object, or the part of one, that it asks for."""
    within: tuple[str, ...]
    """Paths that it speaks of, beside which the object has more; none for a whole object."""
    reproductions: tuple[Reproduction, ...]
    """Settings that yield it: as in the time of the document first, as of today after that."""


@dataclass(frozen=True)
class Command:
    """A code block of a document that asks for no setting."""

    code: str
    """The block, word for word."""
    instead: str
    """What replaces it here."""


@dataclass(frozen=True)
class Document:
    """One of the four documents."""

    title: str
    """Its title, and the product whose documentation it is part of."""
    short: str
    """How a table names it."""
    name: str
    """Name of its file here."""
    cluster: Mapping[str, Any]
    """Settings that make a cluster one that it is about."""
    commands: tuple[Command, ...]
    """Its code blocks that ask for no setting."""
    blocks: int
    """How many code blocks the page has."""
    digest: str
    """SHA-256 of all of them, in no order (`digest_of`)."""


@cache
def documents() -> tuple[tuple[Document, tuple[Entry, ...]], ...]:
    """The four documents, each with its entries in the order of the document."""
    read = {
        name: yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
        for name in ("ambassador", "emissary", "edge-stack", "edge-stack-1")
    }
    found: dict[str, tuple[Document, tuple[Entry, ...]]] = {}
    known: dict[str, Entry] = {}
    # The sentences of two documents speak of code that only the last one still has.
    for name in ("edge-stack-1", "ambassador", "emissary", "edge-stack"):
        page = read[name]
        document = Document(
            title=page["title"],
            short=page["short"],
            name=name,
            cluster=page["cluster"],
            commands=tuple(Command(**item) for item in page.get("commands", ())),
            blocks=page["code"]["blocks"],
            digest=page["code"]["sha256"],
        )
        read_so_far = []
        for item in page["entries"]:
            entry = _entry(document, item, known)
            read_so_far.append(entry)
            if name == "edge-stack-1":
                known[entry.setting] = entry
        found[name] = (document, tuple(read_so_far))
    return tuple(found[name] for name in read)


def entries() -> Iterator[Entry]:
    """The entries of all documents."""
    for _, found in documents():
        yield from found


def digest_of(blocks: Iterable[str]) -> str:
    """SHA-256 of code blocks: no spaces at the ends of lines, sorted, a zero byte between two."""
    plain = sorted(
        "\n".join(line.rstrip() for line in block.strip().splitlines()) for block in blocks
    )
    return hashlib.sha256("\0".join(plain).encode()).hexdigest()


@cache
def reasons() -> Mapping[str, str]:
    """Reasons of differences by their keys."""
    found: dict[str, str] = yaml.safe_load((FOLDER / "reasons.yaml").read_text(encoding="utf-8"))
    return {key: " ".join(text.split()) for key, text in found.items()}


def _entry(document: Document, item: Mapping[str, Any], known: Mapping[str, Entry]) -> Entry:
    like = item.get("like")
    if like is not None:
        documented, within = known[like].documented, known[like].within
    elif "means" in item:
        documented, within = item["means"], tuple(item["within"])
    else:
        documented, within = _asked(item["code"], item)
        within += tuple(item.get("also", ()))
    return Entry(
        setting=item["setting"],
        document=document,
        section=item["section"],
        code=item.get("code"),
        says=item.get("says"),
        documented=documented,
        within=within,
        reproductions=tuple(_reproduction(made, document.cluster) for made in item["yields"]),
    )


def _reproduction(item: Mapping[str, Any], cluster: Mapping[str, Any]) -> Reproduction:
    target = own = item["target"]
    today = item.get("today", False)
    if not today:
        parts = {key: value for key, value in cluster.items() if key == "linkerd" or key in own}
        # Null removes what an adopted Ambassador does not have.
        target = dict(own) | {
            key: {name: inner for name, inner in laid.items() if inner is not None}
            for key, laid in ((key, {**parts[key], **own.get(key, {})}) for key in parts)
        }
    return Reproduction(
        target=target,
        own=own,
        today=today,
        link=item.get("link"),
        source=item.get("source", {}),
        made=item["made"],
        cluster=item.get("cluster", "target"),
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


# From code to objects -----------------------------------------------------------------------


def _asked(code: str, item: Mapping[str, Any]) -> tuple[Object, tuple[str, ...]]:
    """What a code block asks for, and where: the object of a manifest, the fields of a patch."""
    for name, value in item.get("variables", {}).items():
        code = code.replace(f"${name}", value)
    if not re.match(r"\$? ?(kubectl|linkerd) ", code):
        return yaml.safe_load(code), ()
    words = shlex.split(code.removeprefix("$ "))
    if "linkerd" in words:
        flags = dict(itertools.pairwise(words))
        annotations = {FLAGS[flag]: flags[flag] for flag in FLAGS if flag in flags}
        annotations["linkerd.io/inject"] = "enabled"
        place = words.index("get")
        return _of(words, place, {"spec": {"template": {"metadata": {"annotations": annotations}}}})
    body = yaml.safe_load(next(word[3:] for word in words if word.startswith("-p=")))
    if "--type=json" in words:
        body = patched(item["upon"], body)
    return _of(words, words.index("patch"), body)


def _of(words: list[str], verb: int, body: Object) -> tuple[Object, tuple[str, ...]]:
    """The fields that a command is about, with the object that it names."""
    metadata = {
        **body.pop("metadata", {}),
        "name": words[verb + 2],
        "namespace": words[words.index("-n") + 1],
    }
    asked = {"kind": KINDS[words[verb + 1]], "metadata": metadata, **body}
    return asked, ("kind", "metadata.name", "metadata.namespace", *_patched_places(body, metadata))


def _patched_places(body: Object, metadata: Object) -> Iterator[str]:
    if "annotations" in metadata:
        yield "metadata.annotations"
    if "template" in body.get("spec", {}):
        yield "spec.template.metadata.annotations"
    if "ports" in body.get("spec", {}):
        yield "spec.ports"
