"""Finds Pulumi and its providers, installs them, or builds them."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from charts.internet import unreachable
from cli import paths
from cli.engine import process
from cli.engine.built import built
from cli.engine.engine import INSTALL, PLUGINS, Engine, EngineUnavailableError
from machine.errors import BuildError
from machine.files import locked
from machine.progress import Report, silent

SITE = "https://get.pulumi.com/install.sh"
"""What the Automation API's installer downloads first."""
ENGINE_VARIABLE = "MESH_ENGINE"
"""The environment variable that asks for the engine which is built from Go modules."""

_BUILT = "built"
_INSTALL_SECONDS = 900.0
_ANSWER_SECONDS = 30.0

_INSTALLER = """
import sys
from pulumi.automation import PulumiCommand
PulumiCommand.install(root=sys.argv[1])
"""


def find(say: Callable[[str], None], report: Report = silent) -> Engine:
    """The engine: from PATH, else installed into the cache, else built, with its providers.

    Where the environment has ``MESH_ENGINE=built``, it is always built. `say` is called with a line
    for each installation, `report` with the progress of a build. A missing internet connection is
    noticed within 15 seconds. Raises EngineUnavailableError.
    """
    asked = os.environ.get(ENGINE_VARIABLE, "")
    if asked not in ("", _BUILT):
        raise EngineUnavailableError(
            f"{ENGINE_VARIABLE} is {asked!r}, which is no way to have an engine",
            f"unset it, or set it to {_BUILT!r}",
        )
    try:
        if asked:
            raise EngineUnavailableError(f"{ENGINE_VARIABLE} is {asked}", INSTALL)
        engine = Engine() if shutil.which("pulumi") else _installed(say)
        _require_plugins(engine, say)
    except EngineUnavailableError as error:
        try:
            return built(report)
        except BuildError as failure:
            raise EngineUnavailableError(
                f"{error.message}, and it cannot be built: {failure.message}",
                f"{INSTALL}, or: {failure.remedy}",
            ) from None
    return engine


def _installed(say: Callable[[str], None]) -> Engine:
    pinned = version("pulumi")
    root = paths.cache() / f"pulumi-{pinned}"
    try:
        return Engine(root)
    except EngineUnavailableError:
        _require_internet("pulumi is not on PATH")
    say(f"installing Pulumi {pinned} into {root}")
    with locked(root.with_name(f"{root.name}.lock")):
        last = _install([sys.executable, "-c", _INSTALLER, str(root)], os.environ)
    try:
        return Engine(root)
    except EngineUnavailableError:
        raise EngineUnavailableError(
            f"Pulumi {pinned} cannot be installed ({last})", INSTALL
        ) from None


def _require_plugins(engine: Engine, say: Callable[[str], None]) -> None:
    missing = {
        name: version(package) for name, package in PLUGINS.items() if not _has(engine, name)
    }
    if not missing:
        return
    _require_internet(f"its providers ({', '.join(missing)}) are not installed")
    for name, wanted in missing.items():
        say(f"installing the provider {name} {wanted}")
        command = [engine.command, "plugin", "install", "resource", name, wanted]
        last = _install([*command, "--non-interactive"], engine.environment)
        if not _has(engine, name):
            raise EngineUnavailableError(
                f"Pulumi's provider {name} cannot be installed ({last})", INSTALL
            )


def _has(engine: Engine, name: str) -> bool:
    if shutil.which(f"pulumi-resource-{name}", path=engine.environment["PATH"]):
        return True
    lines: list[str] = []
    try:
        command = ["plugin", "ls", "--json"]
        engine.execute(command, lines.append, lambda _: None, limit=_ANSWER_SECONDS)
        listed = json.loads("\n".join(lines))
    except (OSError, ValueError):
        return False
    wanted = version(PLUGINS[name])
    return any(item.get("name") == name and item.get("version") == wanted for item in listed)


def _require_internet(situation: str) -> None:
    for reason in unreachable([SITE]).values():
        raise EngineUnavailableError(
            f"{situation} and get.pulumi.com cannot be reached ({reason})", INSTALL
        )


def _install(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run an installer; returns the last line that it printed."""
    lines: list[str] = []
    try:
        process.run(command, environment, lines.append, limit=_INSTALL_SECONDS)
    except TimeoutError:
        return f"it took more than {_INSTALL_SECONDS / 60:.0f} minutes"
    except OSError as error:
        return str(error)
    spoken = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in lines]
    return next((line for line in reversed(spoken) if line), "no output")
