"""Small edits of a YAML text at the places of its nodes; every other character stays.

Facts: PyYAML's marks: the index of a node's first character, and of the one after its last; a
block collection's end is where the next token begins, after blank lines and comments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

Pair = tuple[yaml.Node, yaml.Node]


class UneditableError(ValueError):
    """A text that has a form which these edits do not know; the text says what."""


class _Marks(yaml.SafeLoader):
    """Composes an alias as a leaf at its own place."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            return yaml.ScalarNode("alias", event.anchor, event.start_mark, event.end_mark)
        return super().compose_node(parent, index)


def composed(text: str) -> yaml.MappingNode:
    """The mapping at the top of a text. Raises UneditableError."""
    try:
        return mapping(yaml.compose(text, Loader=_Marks), "the file")
    except yaml.YAMLError as error:
        raise UneditableError(f"it is not YAML ({type(error).__name__})") from None


def mapping(node: yaml.Node | None, what: str) -> yaml.MappingNode:
    """The node, which has to be a mapping. Raises UneditableError."""
    if not isinstance(node, yaml.MappingNode):
        raise UneditableError(f"{what} is not written as a mapping")
    return node


def pair(node: yaml.MappingNode, *keys: str) -> Pair | None:
    """Key and value of the first of these keys that a mapping has."""
    return next((one for one in node.value if one[0].value in keys), None)


def with_value(text: str, node: yaml.Node, value: str) -> str:
    """The text with another scalar in place of a node."""
    return f"{text[: node.start_mark.index]}{value}{text[node.end_mark.index :]}"


def with_entry(text: str, node: yaml.MappingNode, after: Pair, key: str, value: str) -> str:
    """The text with a further key in a mapping, after an entry."""
    end = max(_end(text, after[0]), _end(text, after[1]))
    if node.flow_style:
        return f"{text[:end]}, {key}: {value}{text[end:]}"
    return _with_lines(text, end, [f"{' ' * after[0].start_mark.column}{key}: {value}"])


def with_block(text: str, node: yaml.MappingNode, key: str, block: Sequence[str], flow: str) -> str:
    """The text with a further key in a mapping: the last one, as lines of a block or in flow style.

    Lines of `block` are below the key, indented from it.
    """
    if node.flow_style:
        last = node.value[-1] if node.value else None
        end = _end(text, last[1]) if last else node.end_mark.index - 1
        return f"{text[:end]}{', ' if last else ''}{key}: {flow}{text[end:]}"
    space = " " * node.value[0][0].start_mark.column
    lines = [f"{space}{key}:", *(f"{space}{line}" for line in block)]
    return _with_lines(text, _end(text, node), lines)


def with_item(text: str, node: yaml.SequenceNode, block: Sequence[str], flow: str) -> str:
    """The text with a further item at the end of a list, as lines of a block or in flow style."""
    last = node.value[-1]
    end = _end(text, last)
    if node.flow_style:
        return f"{text[:end]}, {flow}{text[end:]}"
    dash = _dash(text, last)
    space, gap = dash - _line_start(text, dash), last.start_mark.index - dash - 1
    first, *others = block
    same = last.start_mark.line == text.count("\n", 0, dash)
    between = " " * (gap if same else 1)
    below = " " * (space + 1 + len(between))
    lines = [f"{' ' * space}-{between}{first}", *(f"{below}{line}" for line in others)]
    return _with_lines(text, end, lines)


def without_item(text: str, node: yaml.SequenceNode, place: int) -> str:
    """The text without an item of a list, which has others."""
    item = node.value[place]
    if node.flow_style:
        return _without_flow(text, [(one, one) for one in node.value], place)
    return _without_lines(text, _dash(text, item), _end(text, item))


def without_entry(text: str, node: yaml.MappingNode, entry: Pair) -> str:
    """The text without a key of a mapping, which has others."""
    if node.flow_style:
        return _without_flow(text, node.value, node.value.index(entry))
    return _without_lines(text, entry[0].start_mark.index, _end(text, entry[1]))


def _end(text: str, node: yaml.Node) -> int:
    """Index after the last character of a node's content."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        children = node.value[-1] if isinstance(node, yaml.MappingNode) else node.value[-1:]
        return max(_end(text, child) for child in children)
    # That of a block scalar is after its last line.
    return len(text[: node.end_mark.index].rstrip())


def _dash(text: str, item: yaml.Node) -> int:
    """Index of the dash of a block list's item."""
    before = text[: item.start_mark.index].rstrip()
    if not before.endswith("-"):
        raise UneditableError("there is a comment between a dash and its entry")
    return len(before) - 1


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """Index of the end of a line, without its line break."""
    end = text.find("\n", index)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end


def _with_lines(text: str, after: int, lines: Sequence[str]) -> str:
    """The text with lines after the line of an index."""
    end = _line_end(text, after)
    rest = text[after:end].strip()
    if rest and not rest.startswith("#"):
        raise UneditableError("something follows on the same line")
    newline = "\r\n" if "\r\n" in text else "\n"
    added = newline.join(lines)
    return f"{text[:end]}{newline}{added}{text[end:] or newline}"


def _without_lines(text: str, start: int, end: int) -> str:
    """The text without the lines from `start` to `end`, which have nothing else but a comment."""
    begin, stop = _line_start(text, start), _line_end(text, end)
    rest = text[end:stop].strip()
    if text[begin:start].strip() or (rest and not rest.startswith("#")):
        raise UneditableError("something else is on the same lines")
    following = text.find("\n", stop) + 1
    return text[:begin] + (text[following:] if following else "")


def _without_flow(text: str, parts: Sequence[Pair], place: int) -> str:
    if place + 1 < len(parts):
        start, end = parts[place][0].start_mark.index, parts[place + 1][0].start_mark.index
        own = _end(text, parts[place][1])
        between = text[own:end]
    else:
        start, end = _end(text, parts[place - 1][1]), _end(text, parts[place][1])
        between = text[start : parts[place][0].start_mark.index]
    if between.strip() != ",":
        raise UneditableError("there is a comment between the entries")
    return text[:start] + text[end:]
