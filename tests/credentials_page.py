"""The links and the commands of docs/credentials.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "credentials.md").read_text("utf-8")


def links() -> list[dict[str, Any]]:
    """The link of each example, in their order."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    return [link for block in blocks for link in yaml.safe_load(block)["links"]]


def commands(heading: str) -> list[list[str]]:
    """The commands of a section up to its next example, each in its words."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    block = re.findall(r"```sh\n(.*?)```", section, re.S)[0]
    return [line.split() for line in block.splitlines()]
