"""Each row separates what its reader takes from what it refuses."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from contracts import CONTRACTS, Complaint, Contract, Made
from contracts.page import PAGE, page_text
from tests.contracts.material import sample_of

ROWS = [pytest.param(row, id=row.name) for row in CONTRACTS]


def _name(sample: object) -> str:
    return sample.name if isinstance(sample, Made) else repr(sample)


def refused_wrongly(row: Contract) -> list[str]:
    """Samples that the row's reader takes and the row complains of."""
    return [_name(one) for one in row.fitting if row.fits(sample_of(one)) is not None]


def taken_wrongly(row: Contract) -> list[str]:
    """Samples that the row's reader refuses and the row takes."""
    return [
        _name(one) for one in row.refused if not isinstance(row.fits(sample_of(one)), Complaint)
    ]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_takes_what_its_reader_takes(row: Contract) -> None:
    assert refused_wrongly(row) == []


@pytest.mark.parametrize("row", ROWS)
def test_a_row_complains_of_what_its_reader_refuses(row: Contract) -> None:
    assert taken_wrongly(row) == []


@pytest.mark.parametrize("row", ROWS)
def test_a_row_that_took_or_refused_everything_would_be_found(row: Contract) -> None:
    assert taken_wrongly(replace(row, fits=lambda _: None))
    assert refused_wrongly(replace(row, fits=lambda _: Complaint("is refused")))


def test_no_two_rows_have_one_name() -> None:
    assert [
        name for name, count in Counter(row.name for row in CONTRACTS).items() if count > 1
    ] == []


def test_no_complaint_shows_a_private_key() -> None:
    for row in CONTRACTS:
        for sample in (*row.fitting, *row.refused):
            if isinstance(sample, Made):
                value = sample_of(sample)
                complaint = row.fits(value)
                shown = complaint.reason if complaint else ""
                bodies = value.values() if isinstance(value, dict) else (value,)
                for body in bodies:
                    lines = body.decode().splitlines() if isinstance(body, bytes) else []
                    assert not any(len(line) > 20 and line in shown for line in lines), row.name


def test_the_page_is_the_one_that_the_table_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(), "run: .venv/bin/python -m contracts"
