"""YAML as the engine reads it, from untrusted text.

Pulumi's reader (Go, yaml.v3) reads ``yes`` and ``on`` as strings, has no numbers to the base 60,
refuses duplicate keys, and accepts JSON types only. Aliases are counted before they are followed: a
few lines of them can expand to more data than fits into memory.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from config.language.problems import printable

LARGEST_TEXT = 1_000_000
"""Most characters of a text."""
LARGEST_DATA = 50_000
"""Most values of a text with its aliases followed."""
DEEPEST = 60
"""Mappings and lists within each other."""


class YamlTextError(ValueError):
    """A text that is not YAML, or is too large: where, why and the remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.message = message
        self.remedy = remedy


def read_yaml(text: str, largest: int = LARGEST_TEXT) -> Any:
    """The plain data of `text`, which has at most `largest` characters.

    Raises YamlTextError. No message repeats a value from the text, which may be secret.
    """
    if len(text) > largest:
        raise YamlTextError(
            f"it has {len(text)} characters; the limit is {largest}",
            "remove what does not belong here",
        )
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise YamlTextError(f"it is not YAML: {_reason(error)}", _remedy(error)) from None
    finally:
        if loader is not None:
            loader.dispose()


def _too_deep() -> YamlTextError:
    return YamlTextError("it is nested too deeply", f"nest at most {DEEPEST} mappings and lists")


def _measure(root: yaml.Node) -> None:
    """Refuse data that is too deep, too large or endless with its aliases followed."""
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    open_nodes: set[int] = set()
    todo: list[tuple[yaml.Node, bool]] = [(root, False)]
    while todo:
        node, done = todo.pop()
        mark = id(node)
        if done:
            open_nodes.discard(mark)
            inner = _inner(node)
            sizes[mark] = 1 + sum(sizes[id(child)] for child in inner)
            depths[mark] = 1 + max((depths[id(child)] for child in inner), default=0)
            if sizes[mark] > LARGEST_DATA:
                raise YamlTextError(
                    f"its aliases (*name) expand to more than {LARGEST_DATA} values",
                    "use fewer aliases of aliases",
                )
            if depths[mark] > DEEPEST:
                raise _too_deep()
        elif mark in open_nodes:
            raise YamlTextError(
                f"an alias refers to the value that contains it{_line(node.start_mark)}",
                "write the value in its place",
            )
        elif mark not in sizes:
            _check_keys(node)
            open_nodes.add(mark)
            todo.append((node, True))
            todo.extend((child, False) for child in _inner(node))


def _check_keys(node: yaml.Node) -> None:
    """Refuse duplicate keys, before merges (<<) add keys."""
    seen: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(
                None, None, "a list or mapping is used as a key", key.start_mark
            )
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"duplicate key '{printable(key.value)}'", key.start_mark
            )
        seen.add(key.value)


def _inner(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


class _Loader(yaml.SafeLoader):
    """Loads plain data; raises YAMLError with the place, or YamlTextError for too much data."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Stop early at too much data, which takes long to read."""
        self._nodes += 1
        self._depth += 1
        if self._nodes > LARGEST_DATA:
            raise YamlTextError(
                f"it has more than {LARGEST_DATA} values", "remove what does not belong here"
            )
        if self._depth > DEEPEST:
            raise _too_deep()
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
            kind = _KINDS.get(node.tag.rpartition(":")[2], "not what its tag says")
            raise yaml.constructor.ConstructorError(
                None, None, f"this is {kind}", node.start_mark
            ) from None

    def construct_undefined(self, node: yaml.Node) -> Any:
        raise yaml.constructor.ConstructorError(
            None, None, f"unknown tag '{printable(node.tag)}'", node.start_mark
        )


_KINDS = {
    "int": "not a whole number",
    "float": "not a number",
    "bool": "neither true nor false",
    "timestamp": "not a date",
}
_Loader.add_constructor(None, _Loader.construct_undefined)


_BOOLEAN, _INTEGER = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int"
_REPLACED = (_BOOLEAN, _INTEGER, "tag:yaml.org,2002:value")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    _INTEGER,
    re.compile(r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)$"),
    list("-+0123456789"),
)


def _reason(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return f"it contains a control character (at character {error.position + 1})"
    problem = str(getattr(error, "problem", None) or "it cannot be read")
    if "another document" in problem:
        problem = "it has a second document"
    return f"{printable(problem)}{_line(getattr(error, 'problem_mark', None))}"


def _line(mark: yaml.Mark | None) -> str:
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""


def _remedy(error: yaml.YAMLError) -> str:
    problem = str(getattr(error, "problem", None) or "")
    for part, remedy in (
        ("'\\t'", "indent with spaces instead of tabs"),
        ("another document", "remove the line '---' and what follows it"),
        ("undefined alias", "define it with &name further up, or write the value itself"),
        ("duplicate key '<<'", "write one <<: [*first, *second]"),
        ("duplicate key", "remove one of the two"),
        ("is used as a key", "write a string as the key"),
        ("unknown tag ", "remove the tag that begins with '!'"),
        ("this is ", "put the value in quotes"),
    ):
        if part in problem:
            return remedy
    if isinstance(error, yaml.reader.ReaderError):
        return "save the file as plain text (UTF-8)"
    return "correct the indentation, the quotes or the colon there"
