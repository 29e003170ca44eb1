"""What goes wrong in a verb, and how the user hears of it."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from pathlib import Path

FAILED = 1
"""Exit code: something could not be done, or a check failed."""
BAD_INPUT = 2
"""Exit code: a stack file, a name or an option cannot be used; nothing was tried."""
INTERRUPTED = 130
"""Exit code: the user interrupted it."""


class VerbError(Exception):
    """A verb cannot go on, for a reason that the user can read and do something about."""

    def __init__(self, message: str, remedy: str = "", exit_code: int = FAILED) -> None:
        super().__init__(f"{message}\n{remedy}" if remedy else message)
        self.message = message
        """What is wrong; may have several lines."""
        self.remedy = remedy
        """What to do."""
        self.exit_code = exit_code
        """Exit code of the verb."""


def record(error: BaseException) -> Path | None:
    """Append an error that nobody foresaw to the log and return the log's path.

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
