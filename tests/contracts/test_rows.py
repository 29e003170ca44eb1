"""Each row separates what its reader accepts from what it refuses."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from contracts import CONTRACTS, Complaint, Contract, Made
from contracts.contract import Form
from contracts.page import PAGE, page_text
from tests.contracts.material import sample_of

ROWS = [pytest.param(row, id=row.name) for row in CONTRACTS]


def _name(sample: object) -> str:
    return sample.name if isinstance(sample, Made) else repr(sample)


def wrongly_refused(form: Form) -> list[str]:
    """Samples that the reader accepts and the form complains of."""
    return [_name(one) for one in form.fitting if form.fits(sample_of(one)) is not None]


def wrongly_accepted(form: Form) -> list[str]:
    """Samples that the reader refuses and the form accepts."""
    return [
        _name(one) for one in form.refused if not isinstance(form.fits(sample_of(one)), Complaint)
    ]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_accepts_what_its_reader_accepts(row: Contract) -> None:
    assert wrongly_refused(row.form) == []


@pytest.mark.parametrize("row", ROWS)
def test_a_row_complains_of_what_its_reader_refuses(row: Contract) -> None:
    assert wrongly_accepted(row.form) == []


@pytest.mark.parametrize("row", ROWS)
def test_a_row_that_accepted_or_refused_everything_would_be_found(row: Contract) -> None:
    assert wrongly_accepted(replace(row.form, fits=lambda _: None))
    assert wrongly_refused(replace(row.form, fits=lambda _: Complaint("is refused")))


def test_no_two_rows_have_one_name() -> None:
    assert [
        name for name, count in Counter(row.name for row in CONTRACTS).items() if count > 1
    ] == []


def test_no_complaint_shows_a_private_key() -> None:
    for row in CONTRACTS:
        for sample in (*row.form.fitting, *row.form.refused):
            if isinstance(sample, Made):
                value = sample_of(sample)
                complaint = row.form.fits(value)
                shown = complaint.reason if complaint else ""
                bodies = value.values() if isinstance(value, dict) else (value,)
                for body in bodies:
                    lines = body.decode().splitlines() if isinstance(body, bytes) else []
                    assert not any(len(line) > 20 and line in shown for line in lines), row.name


def test_the_page_is_the_one_that_the_table_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(), "run: .venv/bin/python -m contracts"
