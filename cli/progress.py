"""Long work, shown step by step: one moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.status import Status
from rich.text import Text

from cli.screen import err

if TYPE_CHECKING:
    from machine.progress import Progress


class Step:
    """A piece of work that is running. Several threads may update it."""

    def __init__(self, title: str, status: Status | None) -> None:
        self._title = title
        self._status = status
        self._last = ""
        self._lock = threading.Lock()

    def update(self, text: str, *, lasting: bool = True) -> None:
        """Show what is being done; `lasting` says whether a log has a line of it."""
        with self._lock:
            if self._status is not None:
                self._status.update(Text(f"{self._title}: {text}"))
            elif lasting and text != self._last:
                self._last = text
                err().print(Text(f"  {text}"))

    def progress(self, progress: Progress) -> None:
        """Show a report of local clusters or of a build, which comes every second."""
        if self._status is not None:
            self.update(str(progress))
        else:
            count = f"[{progress.number}/{progress.total}] " if progress.total else ""
            self.update(f"{count}{progress.subject}: {progress.text}")


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show `title` while the block runs, and how long it took unless it raises."""
    began = time.monotonic()
    console = err()
    if console.is_terminal:
        with console.status(Text(title), spinner="dots") as status:
            yield Step(title, status)
    else:
        console.print(Text(f"{title} ..."))
        yield Step(title, None)
    seconds = time.monotonic() - began
    console.print(Text.assemble(("✓ ", "green"), title, (f" ({seconds:.0f} s)", "dim")))
