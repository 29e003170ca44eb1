"""Builds the programs of `machine/tools.py` with the Go client, once for each pin.

Built programs stay in a cache folder for each module, whose name is a digest of everything that
decides what they are (``go.mod``, ``go.sum``, its Go files, the flags, the machine's architecture),
so another pin is another folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from machine.errors import GoUnavailableError, ToolBuildError, tail
from machine.files import cache_directory, locked
from machine.progress import Progress, Report, silent
from machine.tools import TOOLS, Module, Tool

_PARTIAL = ".partial"
_DAY_SECONDS = 86_400


def ensure(names: Sequence[str], report: Report = silent) -> dict[str, Path]:
    """Return the path of each named program, building those that are not in the cache yet.

    Programs are built one after the other; a second process that needs the same one waits. A
    program appears in the cache whole or not at all. The first build takes minutes, and needs the
    Go module proxy; nothing else is ever fetched.

    Raises:
        GoUnavailableError: something has to be built and `go` is missing or too old.
        ToolBuildError: a build failed.
    """
    wanted = {name: _path(TOOLS[name]) for name in names}
    missing = [name for name, path in wanted.items() if not _is_whole(path)]
    for number, name in enumerate(missing, start=1):

        def notify(text: str, seconds: float, name: str = name, number: int = number) -> None:
            report(Progress(name, text, number, len(missing), seconds))

        _build_once(TOOLS[name], wanted[name], notify)
    return wanted


def cached(names: Sequence[str]) -> bool:
    """Return whether every named program is built, so that `ensure` needs no `go`."""
    return all(_is_whole(_path(TOOLS[name])) for name in names)


def directory(module: Module) -> Path:
    """The cache folder of a module's programs, which are below its ``bin``."""
    return cache_directory() / f"{module.name}-{_digest(module)}"


@cache
def _digest(module: Module) -> str:
    digest = hashlib.sha256()
    for pattern in ("go.mod", "go.sum", "*.go", "*.json"):
        for file in sorted(module.folder.glob(pattern)):
            digest.update(file.read_bytes())
    for tool in TOOLS.values():
        if tool.module == module:
            digest.update(" ".join(tool.flags).encode())
    digest.update(f"{platform.system()} {platform.machine()}".encode())
    return digest.hexdigest()[:16]


def find_go(module: Module) -> str:
    """Return the path of a `go` that is able to build the programs of a module.

    Raises:
        GoUnavailableError: there is none on PATH, or it is too old and not allowed to fetch the
            toolchain that ``go.mod`` asks for.
    """
    needed = module.go
    remedy = f"Install Go {needed} or newer and have it on PATH (https://go.dev/doc/install)"
    go = shutil.which("go")
    if go is None:
        raise GoUnavailableError(
            f"The programs of {module.name} are built with Go, and there is no `go` on PATH.",
            remedy,
        )
    # Run inside the module, so that a `go` that may switch toolchains answers for the one it
    # switches to; older ones answer for themselves or refuse.
    answer = subprocess.run(
        [go, "version"],
        cwd=module.folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
    if answer.returncode != 0 or found is None:
        output = answer.stderr.strip() or answer.stdout.strip() or f"exit {answer.returncode}"
        raise GoUnavailableError(f"`{go} version` failed: {output}", remedy)
    if tuple(int(part or 0) for part in found.groups()) < _numbers(needed):
        raise GoUnavailableError(
            f"The programs of {module.name} need Go {needed} or newer; {go} is {found.group(0)}.",
            remedy,
        )
    return go


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _path(tool: Tool) -> Path:
    return directory(tool.module) / "bin" / tool.name


def _is_whole(program: Path) -> bool:
    # A disk that was full, or a copy of a cache, leaves files that cannot be run.
    return os.access(program, os.X_OK) and program.stat().st_size > 0


def _build_once(tool: Tool, target: Path, notify: Callable[[str, float], None]) -> None:
    """Build a program, unless another process does so meanwhile."""
    folder = target.parent
    # A lock for each program: two processes that need several share the work.
    with locked(
        folder.parent / f"{tool.name}.lock",
        lambda seconds: notify("another process is building", seconds),
    ):
        if _is_whole(target):
            return
        go = find_go(tool.module)
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(f".{tool.name}.*{_PARTIAL}"):
            # The cache may be shared with other machines, whose builds these may be.
            if _own(leftover) or time.time() - leftover.stat().st_mtime > _DAY_SECONDS:
                leftover.unlink(missing_ok=True)
        _build(go, tool, target, notify)


def _own(partial: Path) -> bool:
    return f".{platform.node()}." in partial.name


def _build(go: str, tool: Tool, target: Path, notify: Callable[[str, float], None]) -> None:
    # When this process is killed the compiler goes on: a later build must not share its file.
    partial = target.with_name(f".{target.name}.{platform.node()}.{os.getpid()}{_PARTIAL}")
    log = target.with_name(f"{target.name}.build.log")
    command = [go, "build", "-mod=readonly", "-trimpath", *tool.flags]
    command += ["-o", str(partial), tool.package]
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=tool.module.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            notify("building", time.monotonic() - began)
            while True:
                try:
                    status = process.wait(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    notify("building", time.monotonic() - began)
        except BaseException:
            process.terminate()
            process.wait()
            partial.unlink(missing_ok=True)
            raise
    if status != 0:
        partial.unlink(missing_ok=True)
        raise ToolBuildError(
            f"Building {tool.name} failed (exit {status}). The end of {log}:\n{tail(log)}",
            "The first build fetches Go modules: check the network, or set GOPROXY to a module "
            "proxy that can be reached, and try again.",
        )
    # Renaming before the content has reached the disk could leave an empty program after a crash.
    with partial.open("rb") as program:
        os.fsync(program.fileno())
    partial.replace(target)
    log.unlink()
    notify("built", time.monotonic() - began)


def _environment() -> dict[str, str]:
    """The user's environment, less what would build for another machine, or with more memory."""
    others = ("GOOS", "GOARCH", "GOGC")
    own = {key: value for key, value in os.environ.items() if key not in others}
    return own | {"CGO_ENABLED": "0", "GOWORK": "off"}
