"""What goes wrong in a verb, and the log of errors that are bugs."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from pathlib import Path

from vocabulary.errors import MeshError


class VerbError(MeshError):
    """A verb of `./mesh` cannot go on."""


def record(error: BaseException) -> Path | None:
    """Append an unexpected error to the log; returns the log's path, None if it is not writable.

    Only the first line of its message is kept, and no values of variables: an API server's answer
    may repeat the object that it was sent, secrets included.
    """
    from cli import paths

    try:
        log = paths.log("mesh")
        text = str(error).partition("\n")[0][:200]
        frames = "".join(traceback.format_tb(error.__traceback__))
        with log.open("a", encoding="utf-8") as file:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            file.write(f"{now} {type(error).__name__}: {text}\n{frames}\n")
    except OSError:
        return None
    return log
