"""Names of Kubernetes, Linkerd and Ambassador are literals in `vocabulary/` alone."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import vocabulary
from vocabulary.kinds import Kind

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = (
    "config",
    "charts",
    "kube",
    "preflight",
    "components",
    "checks",
    "render",
    "verify",
    "cli",
    "lifecycle",
)
EXEMPT = {
    # Runs alone in a pod, without this project's packages.
    "verify/pods/agent.py",
    # Examples of values that messages show.
    "config/language/formats.py",
}
GROUPED = re.compile(
    r"(?:[a-z0-9-]+\.)*(?:linkerd\.io|kubernetes\.io|k8s\.io|getambassador\.io|cert-manager\.io"
    r"|coreos\.com|traefik\.io|pulumi\.com|helm\.sh|smi-spec\.io|k8s\.elastic\.co)"
    r"(?:/[A-Za-z0-9._-]*)?"
)
"""An API group, an API version, or the key of a label or annotation, and nothing else."""


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every literal that is no docstring; of f-strings, the fixed parts."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for statement in body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    statement.value.value = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def literals(path: Path) -> Iterator[str]:
    for line, text in texts(ast.parse(path.read_text(encoding="utf-8"))):
        if GROUPED.fullmatch(text):
            yield f"{path.relative_to(ROOT)}:{line}: {text}"


def words() -> dict[str, str]:
    """Names that are two words or more, and kinds of Linkerd and Ambassador: where each is."""
    found = {}
    for module in pkgutil.iter_modules(vocabulary.__path__):
        for name, value in vars(importlib.import_module(f"vocabulary.{module.name}")).items():
            if name.isupper() and isinstance(value, str) and re.search(r"[a-z][-.][a-z]", value):
                found[value] = f"vocabulary.{module.name}.{name}"
            if isinstance(value, Kind) and value.group.endswith(("linkerd.io", "ambassador.io")):
                found[value.name] = f"vocabulary.{module.name}.{name}"
    return found


HEADER = ("checks/ambassador/asking.py", "Host")
"""The header of a request, which has the name of a kind."""


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_repeats_no_name_of_the_vocabulary(package: str) -> None:
    known = words()
    assert len(known) > 50
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text} is {known[text]}"
        for path in sorted((ROOT / package).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in EXEMPT
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if text in known and (str(path.relative_to(ROOT)), text) != HEADER
    ]
    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_no_group_label_or_annotation_of_its_own(package: str) -> None:
    found = [
        item
        for path in sorted((ROOT / package).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in EXEMPT
        for item in literals(path)
    ]
    assert found == []


def test_a_literal_is_found_in_code_and_in_an_f_string_but_not_in_a_docstring() -> None:
    source = '"""linkerd.io/inject"""\na = "linkerd.io/inject"\nb = f"policy.linkerd.io/{a}"\n'
    found = [text for _, text in texts(ast.parse(source)) if GROUPED.fullmatch(text)]
    assert found == ["linkerd.io/inject", "policy.linkerd.io/"]
