"""Writes an edit into a stack file, if the result is exactly what was intended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from config import MeshConfig, StackFileError, load_stack_file
from lifecycle.rotation.yaml_edit import UneditableError


def rewrite(
    path: Path, edited: Callable[[str], str], intended: Callable[[MeshConfig, MeshConfig], bool]
) -> None:
    """Replace the text of a stack file by `edited` of it, which keeps all else.

    `intended` compares the models before and after. Raises UneditableError with the reason, and
    leaves the file as it is, where the text cannot be edited or the models would not be those.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.new")
    before = load_stack_file(path)
    try:
        with target.open(encoding="utf-8", newline="") as file:
            text = edited(file.read())
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        shutil.copymode(target, draft)
        if not intended(before, load_stack_file(draft)):
            raise UneditableError("the edit would change something else")
        draft.replace(target)
    except StackFileError as error:
        problem = error.problems[0]
        raise UneditableError(f"{problem.path}: {problem.message}") from None
    except OSError as error:
        raise UneditableError(error.strerror or type(error).__name__) from None
    finally:
        draft.unlink(missing_ok=True)
