"""YAML as the engine reads it, from text that nobody has vouched for.

Pulumi's reader (Go, yaml.v3) knows no ``yes`` or ``on``, no numbers to the base 60, refuses a key
that stands twice, and takes JSON types only. Aliases are counted before they are followed: a few
lines of them can stand for more data than any machine holds.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from config.language.problems import printable

LARGEST_TEXT = 1_000_000
"""Characters of a text that is read."""
LARGEST_DATA = 50_000
"""Values that a text may stand for once its aliases are followed."""
DEEPEST = 60
"""Mappings and lists within each other."""


class YamlTextError(ValueError):
    """A text that is not YAML, or too much of it; says where, why and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.message = message
        self.remedy = remedy


def read_yaml(text: str, largest: int = LARGEST_TEXT) -> Any:
    """The plain data that `text`, of at most `largest` characters, stands for.

    Raises YamlTextError. No message repeats a value from the text, which may be secret.
    """
    if len(text) > largest:
        raise YamlTextError(
            f"it has {len(text)} characters, and at most {largest} are read",
            "leave out what does not belong here",
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
    """Refuse what is too deep, too large or endless once aliases are followed."""
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
                    f"it stands for more than {LARGEST_DATA} values once its aliases (*name) are "
                    "followed",
                    "write fewer aliases of aliases",
                )
            if depths[mark] > DEEPEST:
                raise _too_deep()
        elif mark in open_nodes:
            raise YamlTextError(
                f"an alias refers to what it stands in{_line(node.start_mark)}",
                "write the value in its place",
            )
        elif mark not in sizes:
            _check_keys(node)
            open_nodes.add(mark)
            todo.append((node, True))
            todo.extend((child, False) for child in _inner(node))


def _check_keys(node: yaml.Node) -> None:
    """Refuse a key that stands twice, here where merges (<<) are not carried out yet."""
    seen: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(
                None, None, "a list or mapping stands as a key", key.start_mark
            )
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{printable(key.value)}' stands twice", key.start_mark
            )
        seen.add(key.value)


def _inner(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


class _Loader(yaml.SafeLoader):
    """Plain data only; every failure is a YAMLError with its place, or too much of something."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Stop here already where there is too much: reading on takes long."""
        self._nodes += 1
        self._depth += 1
        if self._nodes > LARGEST_DATA:
            raise YamlTextError(
                f"it holds more than {LARGEST_DATA} values", "leave out what does not belong here"
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
            None, None, f"the tag '{printable(node.tag)}' is not known", node.start_mark
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
        return f"it holds a control character (at character {error.position + 1})"
    problem = str(getattr(error, "problem", None) or "it cannot be read")
    if "another document" in problem:
        problem = "there is a second document"
    return f"{printable(problem)}{_line(getattr(error, 'problem_mark', None))}"


def _line(mark: yaml.Mark | None) -> str:
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""


def _remedy(error: yaml.YAMLError) -> str:
    problem = str(getattr(error, "problem", None) or "")
    for part, remedy in (
        ("'\\t'", "indent with spaces instead of tabs"),
        ("another document", "leave out the line '---' and what follows it"),
        ("undefined alias", "define it with &name further up, or write the value itself"),
        ("key '<<' stands twice", "write one <<: [*first, *second]"),
        ("stands twice", "leave out one of the two"),
        ("stands as a key", "write a text as the key"),
        ("the tag ", "leave out the tag that begins with '!'"),
        ("this is ", "put the value in quotes"),
    ):
        if part in problem:
            return remedy
    if isinstance(error, yaml.reader.ReaderError):
        return "save the file as plain text (UTF-8)"
    return "correct the indentation, the quotes or the colon there"
