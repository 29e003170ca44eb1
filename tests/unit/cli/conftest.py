"""Programs, addresses and folders for tests of verbs."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[[str, str], Path]

VERSION = "if sys.argv[1:2] == ['version']: print('v3.260.0'); sys.exit()"


@pytest.fixture
def nowhere() -> str:
    """An address that refuses connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cache, state and PATH with nothing of this machine."""
    monkeypatch.setenv("MESH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MESH_STATE", str(tmp_path / "state"))
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return tmp_path


@pytest.fixture
def program(private: Path) -> Program:
    """Writes programs in Python onto PATH; as `pulumi`, they also print their version."""

    def write(name: str, text: str) -> Path:
        file = private / "bin" / name
        lines = [f"#!{sys.executable}", "import os, signal, sys, time", VERSION, text]
        file.write_text("\n".join(lines) + "\n")
        file.chmod(0o755)
        return file

    return write
