"""What can go wrong while rendering, said so that a person can mend it."""

from __future__ import annotations


class RenderError(Exception):
    """Rendering is not possible: says why and what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message}\n    {remedy}" if remedy else message)
        self.message = message
        self.remedy = remedy
