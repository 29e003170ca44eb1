"""The Pulumi CLI as the Automation API runs it, in a process group of its own."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from pulumi.automation import CommandResult, InvalidVersionError, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error

from cli import paths
from cli.engine import process
from cli.errors import VerbError

PLUGINS = {"kubernetes": "pulumi-kubernetes", "tls": "pulumi-tls"}
"""Providers that the program needs, and the packages whose versions they have."""
INSTALL = "install Pulumi: https://www.pulumi.com/docs/install/"


class EngineUnavailableError(VerbError):
    """Pulumi, or one of its providers, is neither installed nor can be installed."""


class Engine(PulumiCommand):
    """A Pulumi CLI, with environment variables of its own.

    `root` is the folder whose ``bin/pulumi`` it is; None for the one on PATH. `plugins` are folders
    in which it looks for plugins before PATH. Raises EngineUnavailableError where it cannot be run,
    or is older than the Automation API requires.
    """

    origin: str
    """What it is, for messages: ``Pulumi 3.260.0 from PATH``."""
    folders: Sequence[Path]
    """Folders to have before PATH, so that a shell uses the same programs."""

    def __init__(self, root: Path | None = None, plugins: Sequence[Path] = ()) -> None:
        try:
            super().__init__(root=str(root) if root is not None else None)
        except (OSError, subprocess.CalledProcessError) as error:
            raise EngineUnavailableError(
                f"the Pulumi CLI cannot be run ({type(error).__name__})", INSTALL
            ) from None
        except InvalidVersionError as error:
            raise EngineUnavailableError(str(error), INSTALL) from None
        where = f"in {root}" if root is not None else "from PATH"
        self.origin = f"Pulumi {self.version} {where}"
        self._settings: dict[str, str | None] = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
        # The CLI looks for its language host beside itself, or on PATH.
        self.folders = (*plugins, *([root / "bin"] if root is not None else []))
        if self.folders:
            path = os.pathsep.join([*map(str, self.folders), os.environ.get("PATH", "")])
            self._settings["PATH"] = path

    @property
    def environment(self) -> dict[str, str]:
        """The environment that it runs with."""
        merged = {**os.environ, **self._settings}
        return {key: value for key, value in merged.items() if value is not None}

    def providers(self) -> dict[str, Path]:
        """The providers of the program, by package, as the engine finds them.

        Fact: pulumi, ``sdk/go/common/workspace/plugins.go``: on PATH, or else in PULUMI_HOME.
        Raises EngineUnavailableError.
        """
        found = {}
        home = Path(self.environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
        for name, package in PLUGINS.items():
            program = f"pulumi-resource-{name}"
            installed = home / "plugins" / f"resource-{name}-v{version(package)}" / program
            path = shutil.which(program, path=self.environment["PATH"]) or str(installed)
            if not Path(path).is_file():
                raise EngineUnavailableError(f"Pulumi's provider {name} is not installed", INSTALL)
            found[name] = Path(path)
        return found

    def having(self, settings: Mapping[str, str | None]) -> Engine:
        """The same CLI with more environment variables; None removes one."""
        engine = copy.copy(self)
        engine._settings = {**self._settings, **settings}
        return engine

    def execute(
        self,
        arguments: Sequence[str],
        on_output: process.OnLine,
        on_error: process.OnLine | None = None,
        *,
        folder: Path = paths.ROOT,
        limit: float | None = None,
    ) -> int:
        """Run a command of the CLI and return its exit code; see `process.run`.

        It has a private folder for temporary files, which is deleted: providers leave credentials
        there (`kube.left_kubeconfigs`).
        """
        command = [self.command, *arguments, "--non-interactive", "--color", "never"]
        with TemporaryDirectory(prefix="mesh-pulumi-", ignore_cleanup_errors=True) as temporary:
            environment = {**self.environment, "TMPDIR": temporary}
            return process.run(
                command, environment, on_output, on_error, folder=folder, limit=limit
            )

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run a command as the Automation API asks for it. Raises CommandError."""
        output: list[str] = []
        errors: list[str] = []

        def keep(lines: list[str], heard: OnOutput | None) -> process.OnLine:
            def on_line(line: str) -> None:
                lines.append(line)
                if heard is not None:
                    heard(line)

            return on_line

        code = self.having({**additional_env, "PULUMI_AUTOMATION_API": "true"}).execute(
            args, keep(output, on_output), keep(errors, on_error), folder=Path(cwd)
        )
        result = CommandResult("\n".join(output), "\n".join(errors), code)
        if code != 0:
            raise create_command_error(result)
        return result
