"""From the name of a stack to its validated configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli import paths
from cli.errors import VerbError
from vocabulary.errors import BAD_INPUT

if TYPE_CHECKING:
    from config import MeshConfig

FOLDER = paths.ROOT / "stacks"
"""The folder of stack files, ``stackConfigDir`` in Pulumi.yaml."""


def known() -> list[str]:
    """Names of the stacks that have a file."""
    files = FOLDER.glob("Pulumi.*.yaml")
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)


def find(stack: str) -> Path:
    """The file of a stack: ``stacks/Pulumi.<stack>.yaml``, or the file itself by its path.

    Raises VerbError where there is none.
    """
    named = FOLDER / f"Pulumi.{stack}.yaml"
    if "/" not in stack and named.is_file():
        return named
    path = Path(stack).expanduser()
    if path.is_file():
        return path
    if "/" in stack or path.suffix in (".yaml", ".yml"):
        what = "is a folder" if path.is_dir() else "does not exist"
        raise VerbError(f"the file {stack} {what}", "give the path of a stack file", BAD_INPUT)
    raise VerbError(
        f"there is no stack '{stack}'",
        f"write one of: {', '.join(known())}; or the path of a stack file",
        BAD_INPUT,
    )


def name(stack: str) -> str:
    """The name by which Pulumi knows a stack, of which the name or the file is given."""
    return find(stack).name.removeprefix("Pulumi.").removesuffix(".yaml")


def load(stack: str) -> MeshConfig:
    """The validated configuration of a stack. Raises StackFileError with every problem."""
    from config import load_stack_file

    return load_stack_file(find(stack))
