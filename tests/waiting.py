"""Waiting in tests for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def eventually(ask: Callable[[], Result | None], seconds: float = 60) -> Result:
    """Return the first answer that is neither None nor False; a limit for a hung machine only."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{ask} never came true"
        time.sleep(0.1)
