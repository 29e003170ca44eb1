"""The same work on several things at once, in threads that keep no process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Work(threading.Thread, Generic[R]):
    """A call in a thread of its own; `result` gives what came of it."""

    def __init__(self, do: Callable[[], R]) -> None:
        super().__init__(daemon=True)
        self._do = do
        self._found: list[R] = []
        self._error: BaseException | None = None
        # A join that a signal interrupts treats a thread as ended (bpo-45274), an Event does not.
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
        """Wait for the end, at most so long; whether it came."""
        return self._ended.wait(seconds)

    def result(self) -> R:
        """Wait for the end; what was returned. Raises what was raised."""
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
