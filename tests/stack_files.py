"""The stack files that tests go through: those that the project ships, and those made for tests."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SHIPPED = {
    path.name.removeprefix("Pulumi.").removesuffix(".yaml"): path
    for path in sorted((ROOT / "stacks").glob("Pulumi.*.yaml"))
}
"""Stack files of the project by the names of their stacks."""

MADE_FOR_TESTS = {
    path.name.removeprefix("Pulumi.").removesuffix(".yaml"): path
    for path in sorted((ROOT / "tests" / "stacks").glob("Pulumi.*.yaml"))
}
"""Stack files that hold together what no project would."""

STACK_FILES = {**SHIPPED, **MADE_FOR_TESTS}
"""All of them."""
