"""The part of ``docs/ambassador.md`` that is written from the data of `tests.documents`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.documents import Anything, Difference, Reproduction, documents, reasons
from tests.documents.differences import ABSENT

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ambassador.md"
"""The page that holds it."""
BEGIN, END = "<!-- differences: python -m tests.documents -->", "<!-- end of differences -->"
"""Lines of the page between which it stands."""

Row = tuple[str, str, str, str]


def page_text() -> str:
    """The page with its generated part as the data has it."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{_differences()}\n{END}{after}"


def _differences() -> str:
    lines = ["| document | its Ambassador, wherever a stack file below has one |", "|---|---|"]
    for document, _ in documents():
        stack = "<br>".join(f"`{line}`" for line in _flat("ambassador", document.ambassador))
        lines.append(f"| **{document.short}**: {document.title} | {stack} |")
    lines += ["", "| setting | document | stack file | makes | differs |", "|---|---|---|---|---|"]
    # Several documents often ask for the same, and get it by the same settings.
    shorts: dict[Row, list[str]] = {}
    for document, found in documents():
        for entry in found:
            for made in entry.reproductions:
                names = shorts.setdefault(_row(entry.setting, made), [])
                if document.short not in names:
                    names.append(document.short)
    order = list(dict.fromkeys(row[0] for row in shorts))
    for row in sorted(shorts, key=lambda item: order.index(item[0])):
        setting, stack, makes, differs = row
        lines.append(f"| {setting} | {', '.join(shorts[row])} | {stack} | {makes} | {differs} |")
    lines += ["", "Why:", "", "| | |", "|---|---|"]
    lines += [f"| **{key}** | {text} |" for key, text in reasons().items()]
    lines += [
        "",
        "Commands of the documents that set nothing:",
        "",
        "| command | here |",
        "|---|---|",
    ]
    lines += [f"| {_code(command)} | {instead} |" for command, instead in _commands().items()]
    return "\n".join(lines) + "\n"


def _commands() -> dict[str, str]:
    """What stands here for commands, each once."""
    found = {}
    for document, _ in documents():
        for command in document.commands:
            lines = command.code.strip().splitlines()
            told = next(line for line in lines if not line.startswith("#"))
            found[told.removeprefix("$ ")] = command.instead
    return found


def _row(setting: str, made: Reproduction) -> Row:
    stack = [f"`{line}`" for line in _settings(made)]
    differs = [_difference(item) for item in made.differences]
    return setting, "<br>".join(stack), f"`{made.made}`", "<br>".join(differs) or "nothing"


def _settings(made: Reproduction) -> Iterator[str]:
    """The settings one by one; those of the cluster without the path to it."""
    yield from _flat("", made.said)
    if made.link is not None:
        yield from _flat("links[]", made.link)


def _flat(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else key, inner)
    elif value is not None:
        yield f"{path}: {_short(value)}"


def _difference(item: Difference) -> str:
    made = item.made.whose if isinstance(item.made, Anything) else _value(item.made)
    # An annotation says by its name alone where it stands.
    place = re.sub(r'^.*annotations\["(.*)"\]$', r"\1", item.at)
    return f"`{place}`: {_value(item.documented)} → {made} (**{item.why}**)"


def _value(value: Any) -> str:
    return "none" if value is ABSENT else _code(_short(value))


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _short(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
