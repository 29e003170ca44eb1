"""The table as a page for people: ``docs/contracts.md``."""

from __future__ import annotations

from pathlib import Path

from contracts.contract import Contract
from contracts.table import PARTS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "contracts.md"
"""Where the page is kept."""

_HEAD = """\
# Contracts

What this project writes for other programs: who reads it, in which form, and the source of the
fact. A key that is green in tests and in a form that its reader refuses is worth nothing; so each
row has a predicate, samples of what the reader accepts and refuses, and tests that hold to it
everything that any stack file makes (`tests/contracts`). `*` means any text, `[]` for the entries
of a list; *edge* means Linkerd's charts by year, *2.8* Linkerd 2.8.

This page is generated: `.venv/bin/python -m contracts` writes it.
"""
_COLUMNS = ("what", "of", "written by", "read by", "form", "source")


def page_text() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for title, rows in PARTS.items():
        parts.append(f"## {title}\n")
        parts.append(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
        parts.append("\n".join(map(_row, rows)) + "\n")
    return "\n".join(parts)


def _row(row: Contract) -> str:
    what = f"{row.subject}: " + ", ".join(f"`{key}`" for key in row.keys)
    on = f"`{row.on}`"
    if len(row.generations) == 1:
        on += f" ({next(iter(row.generations))})"
    cells = (what, on, row.producer, row.reader, row.form.text, row.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
