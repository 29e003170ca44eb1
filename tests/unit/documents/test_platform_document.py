"""The platform owner's page, compared with what the program makes (`tests.platform_documents`)."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
import yaml

from config import load_settings
from config.platform.meshed_workloads import MeshedConfig
from config.platform.recipes import RECIPES
from config.reference import reference_text
from render import Registration, manifests
from render.recorder import RELEASE
from tests.documents import Anything
from tests.documents.differences import differences, within
from tests.documents.table import part
from tests.platform_documents import Yielded, comparable, digest_of, page, reasons
from tests.platform_documents.page import PAGE, SECTIONS, options, page_text, section_of
from tests.stack_builders import certificate
from tests.unit.conftest import Records

Object = dict[str, Any]
AUTHORITY = "the CA of ca-issuer"
"""What replaces a certificate in PEM in stack files of the page."""
BY_SETTING = {item.setting: item for item in page().yielded}


class Nothing:
    """Renders no release."""

    def render(self, release: Registration) -> list[Object]:
        return []


def made(item: Yielded, recorded: Records) -> Object:
    """The object that the program makes of the stack file, or the values of the release."""
    text = json.dumps(item.stack).replace(json.dumps(AUTHORITY), json.dumps(certificate()))
    recording = recorded(load_settings(json.loads(text), "test"))
    kind, _, name = item.made.partition("/")
    if kind == "Release":
        (release,) = [
            one for one in recording if one.type == RELEASE and one.inputs["name"] == name
        ]
        return {"values": release.inputs["values"]}
    (found,) = [
        one.object
        for one in manifests(recording, Nothing())["a"]
        if (one.object["kind"], one.object["metadata"]["name"]) == (kind, name)
    ]
    return found


def complaints(item: Yielded, object_: Object) -> Iterator[str]:
    """Differences without a reason, and reasons without a difference."""
    explained = {one.at: one for one in item.differences}
    for at, documented, value in differences(comparable(item.documented), comparable(object_)):
        if not within(at, item.within):
            continue
        known = explained.pop(at, None)
        if known is None or known.documented != documented:
            yield f"{at}: {documented} became {value}, and no reason is given"
        elif known.made != value and not isinstance(known.made, Anything):
            yield f"{at}: {documented} became {value}, and the reason is for {known.made}"
    for at in explained:
        yield f"{at}: there is a reason for a difference, and no difference"


@pytest.mark.parametrize("setting", BY_SETTING)
def test_what_is_made_differs_from_the_page_as_listed_and_nowhere_else(
    setting: str, recorded: Records
) -> None:
    item = BY_SETTING[setting]
    assert list(complaints(item, made(item, recorded))) == []


def test_an_object_that_differs_elsewhere_or_no_longer_is_reported(recorded: Records) -> None:
    item = BY_SETTING["identity issuer by cert-manager"]
    object_ = made(item, recorded)
    longer = copy.deepcopy(object_)
    longer["spec"]["duration"] = "72h"
    (told,) = complaints(item, longer)
    assert told.startswith("spec.duration: ")
    del object_["spec"]["privateKey"]["rotationPolicy"]
    (told,) = complaints(item, object_)
    assert told.startswith("spec.privateKey.rotationPolicy: ")


@pytest.mark.parametrize("item", page().patches, ids=lambda item: item.setting)
def test_a_patch_of_the_page_is_one_that_an_entry_under_meshed_makes(item: Any) -> None:
    made = MeshedConfig.model_validate(item.meshed).patches
    wanted = {"namespace": "", "env": {}, **item.asks}
    assert wanted in [
        {key: value for key, value in asdict(patch).items() if key not in ("container", "command")}
        for patch in made
    ]


@pytest.mark.parametrize("item", page().owner, ids=lambda item: item.recipe)
def test_values_that_only_an_owner_can_write_are_those_of_the_recipe(item: Any) -> None:
    assert RECIPES[item.recipe].owner_values == yaml.safe_load(item.code)


def test_the_list_of_blocks_is_the_one_that_was_taken_from_the_page() -> None:
    assert len(page().blocks) == page().count
    assert digest_of(page().blocks) == page().digest


def test_every_difference_has_a_reason_and_every_reason_is_one_of_a_difference() -> None:
    assert {one.why for item in page().yielded for one in item.differences} == set(reasons())


# docs/platform.md ---------------------------------------------------------------------------


def test_the_page_for_platform_owners_has_the_tables_that_models_and_recipes_give() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page_text(), "write it: python -m tests.platform_documents"


def test_every_option_of_the_page_has_its_section() -> None:
    _, table, _ = part(PAGE.read_text(encoding="utf-8"), "options")
    keys = [key for key, _ in options()]
    assert len(keys) == len(set(keys))
    for front in SECTIONS:
        assert front in keys, f"there is no option {front} (any more)"
    fronts = r"certManager|trustManager|viz|tracing|monitoring|meshed|jobs|ingresses"
    for key in re.findall(rf"^\| `(\S*\b(?:{fronts})\b\S*)` ", reference_text(), re.MULTILINE):
        if ".hosts[]." not in key:
            assert section_of(key) is not None, f"{key} is of no section"
            assert f"| `{key}` |" in table


def test_the_section_of_an_option_is_that_of_the_longest_key_that_it_is_below() -> None:
    assert (
        section_of("clusters.<name>.linkerd.viz.ingress.host")
        == SECTIONS["clusters.<name>.linkerd.viz.ingress"]
    )
    assert section_of("clusters.<name>.linkerd.vizier") is None
    assert section_of("clusters.<name>.linkerd.version") is None
