"""Looks up registrations of a recording, for assertions."""

from __future__ import annotations

from render import Recording, Registration


def by_urn(recording: Recording, urn: str) -> Registration:
    """The registration with this URN."""
    (found,) = [item for item in recording if item.urn == urn]
    return found


def of_type(recording: Recording, token: str) -> list[Registration]:
    """Registrations whose token is, or ends with, `token`."""
    return [item for item in recording if f":{item.type}".endswith(f":{token}")]
