"""A stack in a temporary folder, with the secrets provider of a stack file.

What it exports, the stack itself can import: secrets are encrypted by the same provider. Facts:
pulumi, ``pkg/cmd/pulumi/stack/stack_import.go``: an import decrypts with the provider that the
deployment names; the next update encrypts with that of the stack.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cli import paths
from cli.engine.engine import Engine
from cli.engine.process import OnLine
from cli.errors import VerbError
from machine.files import make_private_directory, write_private
from vocabulary.errors import BAD_INPUT

_PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
_OWN = ("secretsprovider", "encryptionsalt", "encryptedkey")
"""Keys of a stack file that say how its secrets are encrypted."""
FORCE = {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
"""The environment in which Pulumi changes fields that kubectl or Helm wrote: what differs of an
object made by hand would else be a conflict (pulumi-kubernetes, ``pkg/await``)."""
_LAST_LINES = 15


class ScratchStack:
    """A stack of the name of `file`, with its settings, in `folder`.

    Raises VerbError where it cannot be created.
    """

    def __init__(self, engine: Engine, file: Path, folder: Path) -> None:
        self.name = stack_name(file)
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        if not any(content.get(key) for key in _OWN) and not any(map(os.environ.get, _PASSPHRASES)):
            raise VerbError(
                "the file would have secrets, and neither the stack file nor the environment says "
                "how to encrypt them",
                f"set {_PASSPHRASES[0]} to a passphrase, also for `pulumi stack import`",
                BAD_INPUT,
            )
        project = make_private_directory(folder / "project" / "stacks").parent
        shutil.copy(paths.ROOT / "Pulumi.yaml", project / "Pulumi.yaml")
        self._file = write_private(
            project / "stacks" / f"Pulumi.{self.name}.yaml", file.read_bytes()
        )
        state = make_private_directory(folder / "state")
        others = dict.fromkeys(("PULUMI_STACK", "PULUMI_ACCESS_TOKEN"))
        self._engine = engine.having({**others, "PULUMI_BACKEND_URL": state.as_uri()})
        provider = content.get("secretsprovider") or "passphrase"
        self._run(["stack", "init", "--no-select", "--secrets-provider", provider], folder=project)

    def up(self, settings: Mapping[str, str], on_line: OnLine) -> None:
        """Run the program, with more environment variables. Raises VerbError."""
        command = ["up", "--yes", "--skip-preview", "--suppress-outputs", *self._config]
        self._run(command, self._engine.having(settings), on_line)

    def preview(self) -> dict[str, Any]:
        """What an update with `FORCE` would do, as Pulumi prints it in JSON. Raises VerbError."""
        text = self._run(["preview", "--json", *self._config], self._engine.having(FORCE))
        shown: dict[str, Any] = json.loads(text[text.index("{") :])
        return shown

    def export(self) -> dict[str, Any]:
        """The deployment, with its secrets encrypted. Raises VerbError."""
        found: dict[str, Any] = json.loads(self._run(["stack", "export"]))
        return found

    def load(self, file: Path) -> None:
        """Put a deployment in the place of the stack's own. Raises VerbError."""
        self._run(["stack", "import", "--file", str(file)])

    @property
    def _config(self) -> list[str]:
        return ["--config-file", str(self._file)]

    def _run(
        self,
        command: list[str],
        engine: Engine | None = None,
        on_line: OnLine = lambda _: None,
        folder: Path = paths.ROOT,
    ) -> str:
        """Standard output of a command."""
        lines: list[str] = []
        errors: list[str] = []

        def heard(line: str) -> None:
            lines.append(line)
            on_line(line)

        code = (engine or self._engine).execute(
            [*command, "--stack", self.name], heard, errors.append, folder=folder
        )
        if code != 0:
            raise VerbError(f"pulumi {command[0]} failed:\n" + "\n".join(_reasons(lines, errors)))
        return "\n".join(lines)


def stack_name(file: Path) -> str:
    """Name of the stack that has this stack file."""
    return file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def _reasons(lines: list[str], errors: list[str]) -> list[str]:
    """What went wrong: all from the first error of the diagnostics on, or else the last lines."""
    said = [line for line in (*lines, *errors) if line.strip()]
    if "Diagnostics:" in said:
        said = said[said.index("Diagnostics:") + 1 :]
        said = said[: next((n for n, line in enumerate(said) if line == "Resources:"), None)]
        return [line for line in said if " warning: " not in line][-3 * _LAST_LINES :]
    return said[-_LAST_LINES:]
