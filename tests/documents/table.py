"""The parts of ``docs/ambassador.md`` that are written from the data of `tests.documents`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from config.variants.ambassadors import FLAVOURS, CrdsChart, CrdsManifest, CrdsWithin, ReleaseLine
from tests.documents import Anything, Difference, Reproduction, documents, reasons
from tests.documents.differences import ABSENT

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ambassador.md"
"""The page that holds it."""
Row = tuple[str, str, str, str]


def part(text: str, name: str) -> tuple[str, str, str]:
    """A page before, within and after the part that is written from data."""
    before, begin, rest = text.partition(f"<!-- {name} -->\n")
    within, end, after = rest.partition(f"<!-- end of {name} -->\n")
    if not begin or not end:
        raise ValueError(f"the page has no part between the comments {name} and end of {name}")
    return before + begin, within, end + after


def page_text() -> str:
    """The page with its parts as the data has them."""
    text = PAGE.read_text(encoding="utf-8")
    for name, made in (("flavours", _flavours()), ("differences", _differences())):
        before, _, after = part(text, name)
        text = f"{before}\n{made}\n{after}"
    return text


def _flavours() -> str:
    lines = [
        "| `flavour` | chart | application | its CRDs | `apiVersion` | `emissary-apiext` runs for "
        "| newest Kubernetes |",
        "|---|---|---|---|---|---|---|",
    ]
    for flavour in FLAVOURS.values():
        for line in flavour.lines:
            newest = line.newest_kubernetes
            cells = (
                f"`{flavour.name}`",
                f"`{line.chart}` {line.newest}",
                f"{flavour.title.split(' 1.')[0]} {line.application}",
                _crds(line),
                ", ".join(f"`{version}`" for version in line.api_versions),
                ", ".join(f"`{v}`" for v in line.api_versions if v in line.converted) or "none",
                f"{newest[0]}.{newest[1]}" if newest else "any",
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _crds(line: ReleaseLine) -> str:
    match line.crds:
        case CrdsChart(name=name):
            return f"the chart `{name}`"
        case CrdsManifest(name=name):
            return f"the manifest `{name}`"
        case CrdsWithin():
            return "in the chart"


def _differences() -> str:
    lines = [
        "| document | its cluster; the Ambassador counts wherever a stack file below has one |",
        "|---|---|",
    ]
    for document, _ in documents():
        stack = "<br>".join(f"`{line}`" for line in _flat("", document.cluster))
        lines.append(f"| **{document.short}**: {document.title} | {stack} |")
    lines += ["", "| setting | document | stack file | makes | differs |", "|---|---|---|---|---|"]
    # Several documents often ask for the same, and get it by the same settings.
    shorts: dict[Row, list[str]] = {}
    for document, found in documents():
        for entry in found:
            for made in entry.reproductions:
                names = shorts.setdefault(_row(entry.setting, made), [])
                name = f"{document.short}, today" if made.today else document.short
                if name not in names:
                    names.append(name)
    order = list(dict.fromkeys(row[0] for row in shorts))
    for row in sorted(shorts, key=lambda item: order.index(item[0])):
        setting, stack, makes, differs = row
        lines.append(f"| {setting} | {'<br>'.join(shorts[row])} | {stack} | {makes} | {differs} |")
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
    """What replaces commands here, each once."""
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
    yield from _flat("", made.own)
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
    # The name of an annotation is enough.
    place = re.sub(r'^.*annotations\["(.*)"\]$', r"\1", item.at)
    return f"`{place}`: {_value(item.documented)} → {made} (**{item.why}**)"


def _value(value: Any) -> str:
    return "none" if value is ABSENT else _code(_short(value))


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _short(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
