"""All that any stack file makes is in the table, in the form that its reader accepts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest

from contracts import CONTRACTS, V2_8, Contract, Subject, contracts_of
from contracts.forms.known_annotations import KNOWN, is_known
from tests.contracts.material import sample_of
from tests.contracts.produced import Item

SUBJECTS = list(Subject)


def rows_of(item: Item) -> list[Contract]:
    return contracts_of(item.subject, item.on, item.key, item.generation)


def shown(found: dict[str, set[str]]) -> str:
    return "\n".join(
        f"{what}: {', '.join(sorted(where)[:3])}{' …' if len(where) > 3 else ''}"
        for what, where in sorted(found.items())
    )


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_everything_that_is_written_has_exactly_one_row(
    items: list[Item], subject: Subject
) -> None:
    missing: dict[str, set[str]] = defaultdict(set)
    doubled: dict[str, set[str]] = defaultdict(set)
    about = [item for item in items if item.subject is subject]
    assert about
    for item in about:
        rows = rows_of(item)
        what = f"{item.subject} {item.key or '(whole)'} on {item.on} ({item.generation})"
        if not rows:
            missing[what].add(item.where)
        if len(rows) > 1:
            doubled[f"{what}: {', '.join(row.name for row in rows)}"].add(item.where)
    assert not missing, f"no row of contracts/ covers\n{shown(missing)}"
    assert not doubled, f"several rows of contracts/ cover\n{shown(doubled)}"


ROWS = [pytest.param(row, id=row.name) for row in CONTRACTS]


def complaints(row: Contract, about: list[Item]) -> dict[str, set[str]]:
    """What the row's reader refuses of these items, and where they are written."""
    wrong: dict[str, set[str]] = defaultdict(set)
    for item in about:
        complaint = row.form.fits(item.value)
        if complaint is not None:
            wrong[f"{item.key or item.on} {complaint.reason}"].add(item.where)
    return wrong


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_about_something_that_is_written_in_its_form(
    by_row: dict[str, list[Item]], row: Contract
) -> None:
    about = by_row[row.name]
    assert about, "no stack file makes anything that this row is about"
    wrong = complaints(row, about)
    assert not wrong, f"{row.reader} refuses\n{shown(wrong)}"


@pytest.mark.parametrize("row", ROWS)
def test_anything_that_were_written_in_a_form_that_its_reader_refuses_would_be_found(
    by_row: dict[str, list[Item]], row: Contract
) -> None:
    item = by_row[row.name][0]
    for sample in row.form.refused:
        spoilt = replace(item, value=sample_of(sample))
        assert complaints(row, [spoilt]), sample


@pytest.fixture(scope="module")
def by_row(items: list[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        for row in rows_of(item):
            found[row.name].append(item)
    return found


def test_linkerd_knows_every_annotation_of_its_own_domain(items: list[Item]) -> None:
    unknown: dict[str, set[str]] = defaultdict(set)
    seen = set()
    for item in items:
        if item.subject is Subject.ANNOTATION:
            seen.add(item.generation)
            if not is_known(item.key, item.generation):
                unknown[f"{item.key} on {item.on} ({item.generation})"].add(item.where)
    assert seen == set(KNOWN)
    assert not unknown, f"Linkerd of that generation knows nothing of\n{shown(unknown)}"


def test_an_annotation_of_another_generation_is_not_known() -> None:
    assert is_known("linkerd.io/inject", V2_8)
    assert is_known("example.com/team", V2_8)
    assert not is_known("config.linkerd.io/opaque-ports", V2_8)
    assert not is_known("config.linkerd.io/proxy-awaits", "edge")
