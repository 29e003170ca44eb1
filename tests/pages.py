"""Commands of the pages of docs/, which tests follow."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"


def commands(page: str, *marks: str) -> list[str]:
    """The commands of the one block on a page that has all `marks`, without their comments."""
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks: list[str] = re.findall(r"```sh\n(.*?)```", text, re.S)
    (block,) = (block for block in blocks if all(mark in block for mark in marks))
    return [line.partition("#")[0].strip() for line in block.splitlines()]
