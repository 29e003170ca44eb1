"""Work that waits for several clusters, all at once, in threads that keep no process from ending.

A login plugin or a name server may hang for ever, and cannot be ended from outside.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Work(threading.Thread, Generic[R]):
    """A call in its own thread, which starts at once."""

    def __init__(self, do: Callable[[], R]) -> None:
        super().__init__(daemon=True)
        self._do = do
        self._found: list[R] = []
        self._error: BaseException | None = None
        # After a signal, join may return before the thread ended (bpo-45274); an Event does not.
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        """Make the call."""
        try:
            self._found.append(self._do())
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()

    def wait(self, seconds: float) -> bool:
        """Whether the call ends within `seconds`."""
        return self._ended.wait(seconds)

    def result(self) -> R:
        """What the call returned, waited for. Raises what it raised."""
        while not self.wait(0.2):
            # Without a timeout, no signal would get through.
            pass
        if self._error is not None:
            raise self._error
        return self._found[0]


def together(do: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What `do` returns for each item, in their order; raises the first error when all ended."""
    works = [Work(lambda item=item: do(item)) for item in items]  # type: ignore[misc]
    found: list[R] = []
    errors: list[BaseException] = []
    for work in works:
        try:
            found.append(work.result())
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return found


def at_once(jobs: Mapping[str, Callable[[], R]], seconds: float) -> dict[str, R]:
    """What each job returns, by its name; jobs that take longer than `seconds` are left out.

    Raises what a job raises.
    """
    works = {name: Work(job) for name, job in jobs.items()}
    until = time.monotonic() + seconds
    return {
        name: work.result()
        for name, work in works.items()
        if work.wait(max(0.0, until - time.monotonic()))
    }
