"""Files of a backend in a folder whose write was killed.

Facts, measured with Pulumi 3.260: with each file that the engine writes into a folder, it writes
FILE.attrs beside it (gocloud.dev ``blob/fileblob``), in place and first. A run that is killed at
that moment leaves this file empty, and every command on the stack fails (``failed to load
checkpoint: EOF``). FILE itself is whole, and the engine reads it without FILE.attrs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from lifecycle.recovery.locks import folder_of


def torn(backend: str, stack: str) -> list[Path]:
    """Attributes that no command can read, of a stack in the backend of this URL.

    Empty where the backend is no folder. Meaningful only while no run of the stack is going on.
    """
    folder = folder_of(backend)
    if folder is None:
        return []
    return sorted(file for file in _attributes(folder, stack) if not _whole(file))


def _attributes(folder: Path, stack: str) -> Iterator[Path]:
    """Those of the stack's state, of its copies, history and locks."""
    for file in (folder / ".pulumi").rglob("*.attrs"):
        if stack in (*file.parts, file.name.partition(".json")[0]):
            yield file


def _whole(file: Path) -> bool:
    try:
        return isinstance(json.loads(file.read_text(encoding="utf-8")), dict)
    except ValueError:
        return False
    except OSError:
        # It is gone, or belongs to another user, whose runs read it.
        return True
