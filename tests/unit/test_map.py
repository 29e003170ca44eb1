"""The imports of the packages, compared with the table in docs/map.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.reference import REFERENCE_FILE, reference_text

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}


def _table() -> dict[str, set[str]]:
    """What each package may import, as the map says it.

    `all above`, `all but` and `everything` are read.
    """
    allowed: dict[str, set[str]] = {}
    for line in (ROOT / "docs" / "map.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or not re.fullmatch(r"`(\w+)(/|\.py)`", cells[0]):
            continue
        name = cells[0].strip("`").rstrip("/")
        names = {word for word in re.findall(r"`(\w+)`", cells[2]) if word in PACKAGES}
        if "everything" in cells[2]:
            names |= PACKAGES
        if "all above" in cells[2]:
            names |= {other for other in allowed if other in PACKAGES}
        if cells[2].startswith("all but"):
            names = PACKAGES - names - {"benchmarks"}
        allowed[name] = names
    return allowed


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0]


def test_every_package_is_on_the_map() -> None:
    assert set(_table()) >= PACKAGES


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_imports_only_what_the_map_allows(package: str) -> None:
    allowed = _table()[package] | {package}
    for path in sorted((ROOT / package).rglob("*.py")):
        used = {name for name in _imports(path) if name in PACKAGES}
        assert used <= allowed, path


def test_the_program_imports_only_what_the_map_allows() -> None:
    used = {name for name in _imports(ROOT / "program.py") if name in PACKAGES}
    assert used <= _table()["program.py"]
    assert not set(_imports(ROOT / "__main__.py")) & PACKAGES


def test_every_file_that_the_map_names_exists() -> None:
    text = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`((?:[\w.]+/)*[\w<>.]+\.(?:py|md|yaml|mod))`", text))
    assert len(names) > 10
    for name in names:
        if "<" not in name:
            assert list(ROOT.glob(name)) or list((ROOT / "components").glob(name)), name


def test_the_reference_of_the_stack_file_is_the_one_that_the_models_give() -> None:
    assert REFERENCE_FILE.read_text(encoding="utf-8") == reference_text()
