"""The tree of errors: as it is drawn, so it is defined."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vocabulary import errors
from vocabulary.errors import MeshError

ROOT = Path(__file__).resolve().parents[3]


def drawn() -> dict[str, str | None]:
    """Every class of the tree in the docstring, with the class that it hangs from."""
    found: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^([ │├└─]*)(\w+Error)\b", line)
        if match is None:
            continue
        depth, name = len(match[1]), match[2]
        above = [(column, other) for column, other in above if column < depth]
        found[name] = above[-1][1] if above else None
        above.append((depth, name))
    return found


def defined() -> Iterator[tuple[str, list[str]]]:
    """Every class of the packages and the names of its bases."""
    for folder in sorted(path.parent for path in ROOT.glob("*/__init__.py")):
        for file in sorted(folder.rglob("*.py")) if folder.name != "tests" else ():
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                    yield node.name, bases


def test_every_error_of_the_tree_is_defined_where_it_is_drawn() -> None:
    tree = drawn()
    assert len(tree) > 10
    bases = dict(defined())
    for name, above in tree.items():
        assert name in bases, name
        assert bases[name] == ([above] if above else ["Exception"]), name


def test_every_subclass_of_an_error_of_the_tree_is_drawn() -> None:
    tree = drawn()
    missing = {name for name, bases in defined() if set(bases) & tree.keys()} - tree.keys()
    assert missing == set()


@pytest.mark.parametrize("file", re.findall(r"[\w/]+\.py", errors.__doc__ or ""))
def test_every_file_that_the_tree_names_defines_its_class(file: str) -> None:
    line = next(line for line in (errors.__doc__ or "").splitlines() if file in line)
    name = re.search(r"\w+Error", line)
    assert name is not None
    assert f"class {name[0]}(" in (ROOT / file).read_text(encoding="utf-8")


def test_an_error_is_shown_as_message_and_remedy_below_each_other() -> None:
    error = MeshError("the folder is full", "delete something", 7)
    assert (str(error), error.exit_code) == ("the folder is full\ndelete something", 7)
    assert str(MeshError("it failed")) == "it failed"
