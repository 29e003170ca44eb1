"""The record of the demo: in which clusters it is, and how it was made."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cli import paths


class DemoRecord(BaseModel):
    """The record of a demo that exists, or that was being made."""

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    """Version of this record's schema."""
    source: str | None = None
    """Context of the user's own source cluster; None for a local one."""
    target: str | None = None
    """Context of the user's own target cluster; None for a local one."""
    engine: bool = True
    """Whether the Pulumi engine deployed it."""
    second_export: bool = False
    """Whether `--change` exported its second Service."""
    uids: dict[str, str] = {}
    """UIDs of its clusters, by name."""

    @property
    def local(self) -> bool:
        """Whether it is in local clusters."""
        return self.source is None


def folder() -> Path:
    """Folder (mode 0700) of the demo's files."""
    from machine.files import make_private_directory

    return make_private_directory(paths.state() / "demo")


def read() -> DemoRecord | None:
    """The record, or None where there is no demo."""
    try:
        return DemoRecord.model_validate_json(_file().read_bytes())
    except (OSError, ValidationError):
        return None


def write(record: DemoRecord) -> None:
    """Write the record."""
    from machine.files import write_private

    folder()
    write_private(_file(), record.model_dump_json(indent=2))


def forget() -> None:
    """Delete the demo's files."""
    shutil.rmtree(paths.state() / "demo", ignore_errors=True)


def _file() -> Path:
    return paths.state() / "demo" / "demo.json"
