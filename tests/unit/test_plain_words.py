"""Messages, docstrings, comments, test names and pages use the plain words of CONTRIBUTING.md."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_AMOUNT = (
    r"(?:\d|\{|about|at most|at least|up to|a few|a while|a moment|an hour|long|some|as long"
    r"|seconds|minutes|hours|days)"
)
_END = r"(?=\s*(?:[.,;:)!?]|$|(?:and|or|for|of|where|when|before|after)\b))"

WORDS: dict[str, str] = {
    "stands": r"\bst(?:ands?|anding|ood)\b(?!-|\s+ins?\b)",
    "tells": r"\bt(?:ells?|old|elling)\b",
    "takes": rf"\btakes\b(?! (?:{_AMOUNT}|effect|over|place))",
    "nobody": r"\bnobody\b",
    "somebody": r"\bsomebody\b",
    "whoever": r"\bwhoever\b",
    "leads": r"\b(?:leads?|led)\b",
    "anew": r"\banew\b",
    "of ours": r"\bours\b",
    "is at work": r"\bat work\b",
    "holds": rf"\b(?:holds?|held)\b{_END}",
    "none is": r"\bnone is\b",
    "comes about": r"\bc(?:omes?|ame) about\b",
    "looked at": r"\blook(?:s|ed|ing)? at\b",
    "somebody else's": r"\belse's\b",
    "there already": r"\b(?:there already|already there)\b",
    "said": r"\bsaid\b",
    "meant": r"\bmeant\b",
}
"""How each word is found: `takes` is plain of a duration, `holds` of what something contains."""

_ANY = re.compile(
    "|".join(pattern.replace(" ", r"\s+") for pattern in WORDS.values()), re.IGNORECASE
)
_CODE = re.compile(r"```.*?```|``[^`]*``|`[^`]*`", re.DOTALL)

Text = tuple[int, str]
"""A text, and the line of its file on which it begins."""


def found_in(text: str) -> list[Text]:
    """The listed words in a text, each with its line from 0; code in backticks is left out."""
    prose = _CODE.sub(lambda code: "#" + "\n" * code[0].count("\n"), text)
    return [
        (prose.count("\n", 0, match.start()), " ".join(match[0].split()))
        for match in _ANY.finditer(prose)
    ]


def literals(node: ast.AST) -> Iterator[Text]:
    """Docstrings and all other literals with a space; ``{}`` is in place of each value."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
        yield node.lineno, "".join(str(part) for part in parts)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        yield node.lineno, node.value
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from literals(child)


def docstrings(tree: ast.AST) -> Iterator[Text]:
    """Texts that are statements of their own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield from literals(node)


def names_of_tests(tree: ast.AST) -> Iterator[Text]:
    """Names of tests as sentences."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name.replace("_", " ")


def comments(source: str) -> Iterator[Text]:
    """Comments; lines of one block are one text."""
    # Tokenizing is slow.
    if not found_in("\n".join(line.partition("#")[2] for line in source.splitlines())):
        return
    block: list[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line != last + 1:
            yield last + 1 - len(block), "\n".join(block)
            block = []
        block.append(token.string.lstrip("#"))
        last = line
    if block:
        yield last + 1 - len(block), "\n".join(block)


def texts(file: Path) -> Iterator[Text]:
    """What people read of a file: of tests, names, docstrings and comments."""
    content = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        tree = ast.parse(content)
        if file.relative_to(ROOT).parts[0] == "tests":
            yield from docstrings(tree)
            yield from names_of_tests(tree)
        else:
            yield from literals(tree)
        yield from comments(content)
    elif file.suffix == ".md":
        yield 1, content
    else:
        for number, line in enumerate(content.splitlines(), 1):
            yield number, line.partition("#")[2]


def files() -> Iterator[Path]:
    """Python files, pages, and the comments of stack files and workflows."""
    for entry in sorted(ROOT.iterdir()):
        if entry.suffix in (".py", ".md", ".yaml", ".toml", ".txt") or entry.name == "mesh":
            yield entry
    packages = [found.parent.name for found in ROOT.glob("*/__init__.py")]
    for folder in (*packages, "tests", "docs", "stacks", ".github"):
        for found in sorted((ROOT / folder).rglob("*")):
            if found.suffix in (".py", ".md", ".yaml", ".yml"):
                yield found
    yield ROOT / ".ci" / "run"


def test_texts_use_plain_words() -> None:
    left = [ROOT / name for name in ("CHANGELOG.md", "tests/unit/test_plain_words.py")]
    wrong = [
        f"{file.relative_to(ROOT)}:{begins + line}: {word}"
        for file in files()
        if not any(file.is_relative_to(place) for place in left)
        for begins, text in texts(file)
        for line, word in found_in(text)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_folder_is_read() -> None:
    read = {file.relative_to(ROOT).parts[0] for file in files()}
    assert {"verify", "tests", "docs", "stacks", ".github", ".ci", "README.md"} <= read


def test_the_words_are_those_of_contributing() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Words")[2]
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \|$", page, re.MULTILINE)
    assert rows == list(WORDS)


@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_found_by_its_own_pattern(word: str) -> None:
    sentence = f"the Service {word}."
    assert re.search(WORDS[word], sentence)
    assert found_in(sentence)


def test_words_are_found_across_lines_and_around_values() -> None:
    source = 'x = f"it {a} comes "\\\n    f"about {b}"\n# The Service is there\n# already.\ny = 1\n'
    assert [found_in(text) for _, text in literals(ast.parse(source))] == [[(0, "comes about")]]
    assert [(line, found_in(text)) for line, text in comments(source)] == [
        (3, [(0, "there already")])
    ]


@pytest.mark.parametrize(
    "text",
    [
        "the first run takes about six minutes, and {} takes {} seconds",
        "stand-in charts of a standard cluster",
        "the Secret holds a key that the proxy holds in memory, and that is held as a secret",
        "the first build takes minutes",
        "`kubectl tell` and ``stands``",
        "they understand misleading names",
    ],
)
def test_other_senses_are_not_found(text: str) -> None:
    assert found_in(text) == []
