"""The demo's Pulumi stack: its settings, its state, and the commands that change it.

All of it is kept in the demo's folder. Pulumi writes a salt into the stack file that it uses, so
it gets a copy, and the checkout stays as it is.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cli import paths
from cli.engine.engine import Engine
from cli.errors import VerbError

if TYPE_CHECKING:
    from cli.progress import Step

STACK = "local"

_ACTION = re.compile(
    r"^ *[-+~><=]+ +(?P<type>\S+) (?P<name>\S+) (?P<verb>[a-z]+) (?P<rest>\(\d.*)$"
)
_DONE = {"created", "updated", "deleted", "replaced", "read", "discarded"}


@dataclass(frozen=True)
class DemoStack:
    """The stack `local` of the demo, with state and passphrase in a folder."""

    folder: Path
    """Where it keeps things."""

    @property
    def project(self) -> Path:
        """A project folder that has the copy of the stack file."""
        return self.folder / "project"

    @property
    def stack_file(self) -> Path:
        """The copy of the stack file."""
        return self.project / "stacks" / f"Pulumi.{STACK}.yaml"

    @property
    def log(self) -> Path:
        """Everything that the engine said."""
        return self.folder / "pulumi.log"

    def settings(self) -> dict[str, str]:
        """Environment variables by which any `pulumi` command finds the stack; none is secret."""
        return {
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.folder / "passphrase"),
        }

    def forget_state(self) -> None:
        """Forget everything, for clusters that are not those of before."""
        for part in (self.project, self.folder / "state"):
            shutil.rmtree(part, ignore_errors=True)

    def prepare(self, engine: Engine, content: dict[str, Any]) -> Engine:
        """Make the stack where it is not there, with `content` as its stack file.

        Returns the engine with the environment that it needs. Raises VerbError.
        """
        from local_clusters.files import make_private_directory, write_private

        for private in (self.folder, self.folder / "state", self.project, self.stack_file.parent):
            make_private_directory(private)
        passphrase = self.folder / "passphrase"
        if not passphrase.is_file():
            write_private(passphrase, secrets.token_urlsafe(32))
        shutil.copy(paths.ROOT / "Pulumi.yaml", self.project / "Pulumi.yaml")
        salt = self._salt()
        write_private(self.stack_file, yaml.safe_dump({**content, **salt}, sort_keys=False))
        # These would win over the settings of our own.
        others = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK", "PULUMI_ACCESS_TOKEN")
        engine = engine.having({**dict.fromkeys(others), **self.settings()})
        if not salt:
            self._run(
                engine,
                [
                    *("stack", "init", "--stack", STACK, "--no-select"),
                    *("--secrets-provider", "passphrase"),
                ],
                "the stack cannot be made",
                folder=self.project,
            )
        return engine

    def up(self, engine: Engine, step: Step) -> None:
        """Deploy the program. Raises VerbError with the engine's diagnostics."""
        command = ["up", "--yes", "--skip-preview", "--suppress-outputs", *self._selected()]
        self._run(engine, command, "pulumi up failed", step=step)

    def destroy(self, engine: Engine, step: Step) -> None:
        """Remove what was deployed, and the stack. Raises VerbError."""
        command = ["destroy", "--yes", "--skip-preview", "--suppress-outputs", *self._selected()]
        self._run(engine, command, "pulumi destroy failed", step=step)

    def _selected(self) -> list[str]:
        return ["--stack", STACK, "--config-file", str(self.stack_file)]

    def _salt(self) -> dict[str, str]:
        """What the engine once wrote into the copy, which its state cannot be read without."""
        try:
            content = yaml.safe_load(self.stack_file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError):
            return {}
        key = "encryptionsalt"
        return {key: str(content[key])} if isinstance(content, dict) and content.get(key) else {}

    def _run(
        self,
        engine: Engine,
        command: Sequence[str],
        failure: str,
        *,
        folder: Path = paths.ROOT,
        step: Step | None = None,
    ) -> None:
        self.log.touch(mode=0o600)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"\n$ pulumi {' '.join(command)}\n")
            follower = _Follower(step.update if step is not None else None)

            def on_line(line: str) -> None:
                log.write(f"{line}\n")
                log.flush()
                follower.hear(line)

            code = engine.run(command, on_line, folder=folder)
        if code != 0:
            raise VerbError(f"{failure}:\n{follower.diagnostics()}", f"The log is {self.log}")


class _Follower:
    """Makes progress out of what the engine prints, and keeps what it complains of."""

    def __init__(self, say: Callable[[str], None] | None) -> None:
        self._say = say
        self._done = 0
        self._complaints: list[str] = []
        self._complaining = False
        self._last: deque[str] = deque(maxlen=15)

    def hear(self, line: str) -> None:
        """Take one line."""
        self._last.append(line)
        if line.startswith("Diagnostics:"):
            self._complaining = True
        elif line.startswith(("Resources:", "Outputs:", "Duration:")):
            self._complaining = False
        elif self._complaining:
            self._complaints.append(line)
        match = _ACTION.match(line)
        if match and match["verb"] in _DONE and self._say is not None:
            self._done += 1
            kind = match["type"].rpartition(":")[2]
            self._say(f"{self._done} {match['verb']} {kind} {match['name']}")

    def diagnostics(self) -> str:
        """What the engine complained of, or else the last that it said."""
        said = self._complaints or list(self._last)
        return "\n".join(line for line in said if line.strip())
