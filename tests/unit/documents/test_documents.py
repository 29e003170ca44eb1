"""The four integration documents, compared with what the program makes (see `tests.documents`)."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from charts import ChartSource
from config import load_settings
from render import HelmTemplate, Recording, Registration, manifests
from render.manifests import Renderer
from render.recorder import RELEASE
from tests.documents import (
    Anything,
    Document,
    Entry,
    Reproduction,
    digest_of,
    documents,
    entries,
    reasons,
)
from tests.documents.differences import ABSENT, differences, patched, within
from tests.documents.table import PAGE, page_text, part
from tests.unit.conftest import Records

Object = dict[str, Any]
Made = Callable[[Reproduction], Object]

OF_AMBASSADOR = ("emissary-ingress", "edge-stack", "ambassador")
"""What the packages of Ambassador's charts begin with."""
OF_OTHERS = re.compile(r'\["(a8r\.io/|checksum/)')
"""Annotations that the published charts write for other tools, and no document speaks of."""
REPRODUCTIONS = [(entry, made) for entry in entries() for made in entry.reproductions]
IDS = [f"{entry.document.name}: {entry.setting}, {made.made}" for entry, made in REPRODUCTIONS]
ALL = pytest.mark.parametrize(("entry", "reproduction"), REPRODUCTIONS, ids=IDS)


class Nothing:
    """Renders no release."""

    def render(self, release: Registration) -> list[Object]:
        return []


@dataclass(frozen=True)
class OnlyAmbassador:
    """Renders the releases of an Ambassador, and no others."""

    helm: HelmTemplate

    def render(self, release: Registration) -> list[Object]:
        chart = Path(str(release.inputs["chart"])).name
        return self.helm.render(release) if chart.startswith(OF_AMBASSADOR) else []


@pytest.fixture(scope="module")
def made(helm: HelmTemplate, recorded: Records, chart_folder: ChartSource) -> Made:
    """The object of a reproduction, as the program makes it of its stack file."""

    @cache
    def recording(settings: str) -> Recording:
        content = json.loads(settings)
        for cluster in content["clusters"].values():
            if "ambassador" in cluster and "adopt" not in cluster["ambassador"]:
                # No document speaks of them, and those of an Edge Stack take their time.
                cluster["ambassador"]["installCrds"] = False
        return recorded(load_settings(content, "test"), charts=chart_folder)

    @cache
    def objects(settings: str, cluster: str, renderer: Renderer) -> dict[str, Object]:
        known = recording(settings)
        found = {
            f"{item.object['kind']}/{item.object['metadata']['name']}": item.object
            for item in manifests(known, renderer)[cluster]
        }
        for item in known:
            if item.type == RELEASE and item.cluster == cluster:
                # Of a release that is not rendered, the values are what is made.
                found[f"Release/{item.inputs['name']}"] = {"values": item.inputs["values"]}
        return found

    nothing, ambassador = Nothing(), OnlyAmbassador(helm)

    def make(reproduction: Reproduction) -> Object:
        where = json.dumps(reproduction.settings, sort_keys=True), reproduction.cluster
        # Charts take their time, and most objects are not theirs.
        found = objects(*where, nothing)
        return found.get(reproduction.made) or objects(*where, ambassador)[reproduction.made]

    return make


def complaints(entry: Entry, reproduction: Reproduction, made: Object) -> Iterator[str]:
    """Differences without a reason, and reasons without a difference."""
    explained = {item.at: item for item in reproduction.differences}
    for at, documented, value in differences(entry.documented, made):
        if not within(at, entry.within) or OF_OTHERS.search(at):
            continue
        known = explained.pop(at, None)
        if known is None or known.documented != documented:
            yield f"{at}: {documented} became {value}, and no reason is given"
        elif known.made != value and not isinstance(known.made, Anything):
            yield f"{at}: {documented} became {value}, and the reason is for {known.made}"
    for at in explained:
        yield f"{at}: there is a reason for a difference, and no difference"


# What is documented, and what is made --------------------------------------------------------


@ALL
def test_what_is_made_differs_from_the_document_as_listed_and_nowhere_else(
    entry: Entry, reproduction: Reproduction, made: Made
) -> None:
    assert list(complaints(entry, reproduction, made(reproduction))) == []


HEALTH = next(
    item for item in entries() if item.setting == "Mapping for health checks" and item.code
)
"""An entry whose object, as of the document's time, has one difference."""


def explained(value: Object | None = None, *, within: tuple[str, ...] = ()) -> list[str]:
    """What is reported of an object changed like this, or of the documented one."""
    object_ = copy.deepcopy(HEALTH.documented)
    object_["spec"] |= {"add_linkerd_headers": False, **(value or {})}
    entry = replace(HEALTH, within=within)
    return list(complaints(entry, HEALTH.reproductions[0], object_))


def test_a_difference_that_is_listed_is_not_reported() -> None:
    assert explained() == []


@pytest.mark.parametrize("value", [{"timeout_ms": 3000}, {"prefix": "/"}, {"bypass_auth": "true"}])
def test_a_field_that_is_added_or_changed_without_a_reason_is_reported(value: Object) -> None:
    (told,) = explained(value)
    assert told.startswith(f"spec.{next(iter(value))}: ")


def test_a_listed_difference_with_another_value_is_reported() -> None:
    (told,) = explained({"add_linkerd_headers": True})
    assert told.startswith("spec.add_linkerd_headers: ")


def test_a_listed_difference_that_no_longer_exists_is_reported() -> None:
    object_ = copy.deepcopy(HEALTH.documented)
    (told,) = complaints(HEALTH, HEALTH.reproductions[0], object_)
    assert told.startswith("spec.add_linkerd_headers: ")


def test_an_entry_that_speaks_of_one_field_says_nothing_of_the_others() -> None:
    places = ("spec.prefix", "spec.add_linkerd_headers")
    assert explained({"timeout_ms": 3000}, within=places) == []
    assert len(explained({"prefix": "/"}, within=places)) == 1


def test_entries_of_a_list_are_compared_by_their_names() -> None:
    ports = [{"name": "a", "port": 1}, {"name": "b", "port": 2}]
    assert list(differences({"ports": ports}, {"ports": ports[::-1]})) == []
    assert list(differences({"ports": ports}, {"ports": [ports[0], {"name": "b", "port": 3}]})) == [
        ("ports[b].port", 2, 3)
    ]
    assert list(differences({"ports": ports}, {"ports": ports[:1]})) == [
        ("ports[b]", ports[1], ABSENT)
    ]


def test_a_patch_of_the_documents_is_applied_as_kubectl_does() -> None:
    operations: list[Object] = [
        {"op": "add", "path": "/spec/ports/-", "value": 3},
        {"op": "replace", "path": "/spec/ports/0", "value": 4},
        {"op": "add", "path": "/spec/type", "value": "ClusterIP"},
    ]
    assert patched({"spec": {"ports": [1, 2]}}, operations) == {
        "spec": {"ports": [4, 2, 3], "type": "ClusterIP"}
    }


# Whether the list is whole -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "found"), documents(), ids=[document.name for document, _ in documents()]
)
def test_every_code_block_of_a_document_is_listed(
    document: Document, found: tuple[Entry, ...]
) -> None:
    blocks = [entry.code for entry in found if entry.code is not None]
    blocks += [command.code for command in document.commands]
    assert len(blocks) == document.blocks
    assert digest_of(blocks) == document.digest


def test_every_setting_of_a_document_is_listed_once_and_yielded_by_a_stack_file() -> None:
    assert [document.short for document, _ in documents()] == list(
        dict.fromkeys(entry.document.short for entry in entries())
    )
    for document, found in documents():
        counts = Counter(entry.setting for entry in found)
        assert max(counts.values()) == 1, (document.name, counts)
        for entry in found:
            assert entry.reproductions, entry.setting
            assert entry.code or entry.says, entry.setting


def test_what_the_pages_without_code_show_is_asked_of_their_own_ambassadors() -> None:
    for document, found in documents():
        for entry in found:
            flavours = [item.target.get("ambassador", {}) for item in entry.reproductions]
            if document.blocks == 0:
                assert all(not item or item["flavour"] == document.name for item in flavours)


def test_every_setting_that_one_page_shows_in_code_is_found_again_on_the_pages_without() -> None:
    (shown,) = (found for document, found in documents() if document.name == "edge-stack-1")
    in_code = {entry.setting for entry in shown if entry.code}
    for document, found in documents():
        if document.blocks == 0:
            # Neither page asks for high availability any more.
            assert in_code - {item.setting for item in found} == {
                "highly available control plane"
            }, document.name


def test_every_difference_has_a_reason_and_every_reason_is_one_of_a_difference() -> None:
    used = {item.why for _, made in REPRODUCTIONS for item in made.differences}
    assert used == set(reasons())


# What the page has ---------------------------------------------------------------------------


def test_the_page_has_the_table_that_the_data_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(), "write it: python -m tests.documents"


def test_the_page_has_every_setting_and_every_reason() -> None:
    _, table, _ = part(PAGE.read_text(encoding="utf-8"), "differences")
    for entry in entries():
        assert f"| {entry.setting} |" in table
        for difference in (item for made in entry.reproductions for item in made.differences):
            assert f"| **{difference.why}** | {reasons()[difference.why]} |" in table
