"""Tests that share what is slow to make run in one process."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.conftest import group

ROOT = Path(__file__).resolve().parents[2]


def test_the_files_that_use_rendered_stack_files_are_one_group() -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests" / "unit").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and "rendered" in {argument.arg for argument in node.args.args}
    }
    assert len(files) > 1
    assert {group(f"{file}::test_anything") for file in files} == {"rendered"}
