"""`./mesh validate`: every problem of a stack file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from cli import paths, screen, stacks
from cli.arguments import Stack

if TYPE_CHECKING:
    from config import MeshConfig


def validate(stack: Stack) -> None:
    """Print every problem of a stack file, each with what to write instead.

    Needs no cluster and no engine. Exits with 0 when the file is valid, with 2 when it is not.
    """
    config = stacks.load(stack)
    file = paths.shown(stacks.find(stack))
    screen.out().print(Text.assemble((f"{file} is valid", "green"), f": {_summary(config)}"))
    for name, cluster in config.clusters.items():
        advice = cluster.advice(name)
        if advice is not None:
            screen.note(advice)


def _summary(config: MeshConfig) -> str:
    parts = [_counted(len(config.clusters), "cluster", config.clusters)]
    links = [f"{link.source} → {link.target}" for link in config.links]
    parts.append(_counted(len(links), "link", links))
    exports = sum(len(config.exports_of(name)) for name in config.clusters)
    parts.append(_counted(exports, "exported Service", []))
    return ", ".join(parts)


def _counted(number: int, what: str, names: object) -> str:
    text = f"{number} {what}{'' if number == 1 else 's'}"
    listed = ", ".join(names) if isinstance(names, (dict, list)) else ""
    return f"{text} ({listed})" if listed else text
