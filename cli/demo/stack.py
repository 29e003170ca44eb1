"""The demo's Pulumi stack: its settings, its state, and the operations on it.

All of it is kept in the demo's folder. Pulumi writes a salt into the stack file that it uses, so
it gets a copy, and the checkout is not changed.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi.automation import CommandError, LocalWorkspace, OpType, Stack

from cli import paths
from cli.engine.engine import Engine
from cli.engine.events import Events, Shown
from cli.errors import VerbError
from local_clusters.processes import MARK, end, marked

STACK = "local"
_LAST_LINES = 15


class _Workspace(LocalWorkspace):
    """The checkout, in which the user's selected stack stays selected."""

    def select_stack(self, stack_name: str) -> None:
        """Do nothing: every operation names the stack."""


@dataclass(frozen=True)
class DemoStack:
    """The stack `local` of the demo, with state and passphrase in a folder."""

    folder: Path
    """The folder of its files."""

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
        """The output of all operations."""
        return self.folder / "pulumi.log"

    def settings(self) -> dict[str, str]:
        """Environment variables by which `pulumi` finds the stack; they hold no secret."""
        return {
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.folder / "passphrase"),
        }

    def killed(self) -> bool:
        """Whether an operation was killed: its lock is left, and Helm may know more than the state.

        Ends what is left of it. Only for the one demo that may run (`cli/verbs/demo.py`).
        """
        from lifecycle.recovery import torn

        locks = [path for path in (self.folder / "state").rglob("locks/**/*") if path.is_file()]
        if locks:
            end(marked(str(self.folder)))
            for file in torn(self.settings()["PULUMI_BACKEND_URL"], STACK):
                file.unlink(missing_ok=True)
        return bool(locks)

    def cancel(self, engine: Engine) -> None:
        """Remove the lock of an operation that was killed. Raises VerbError."""
        command = ["cancel", "--yes", "--stack", STACK]
        self._run(
            "pulumi cancel failed",
            lambda log: engine.run(command, str(self.project), {}, log, log),
        )

    def forget_state(self) -> None:
        """Delete the state, where the clusters are new ones."""
        for part in (self.project, self.folder / "state"):
            shutil.rmtree(part, ignore_errors=True)

    def prepare(self, engine: Engine, content: dict[str, Any]) -> Engine:
        """Create the stack where it is missing, with `content` as its stack file.

        Returns the engine with the stack's environment. Raises VerbError.
        """
        from machine.files import make_private_directory, write_private

        for private in (self.folder, self.folder / "state", self.project, self.stack_file.parent):
            make_private_directory(private)
        passphrase = self.folder / "passphrase"
        if not passphrase.is_file():
            write_private(passphrase, secrets.token_urlsafe(32))
        shutil.copy(paths.ROOT / "Pulumi.yaml", self.project / "Pulumi.yaml")
        salt = self._salt()
        write_private(self.stack_file, yaml.safe_dump({**content, **salt}, sort_keys=False))
        # These would override the stack's own settings.
        others = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK", "PULUMI_ACCESS_TOKEN")
        mark = {MARK: str(self.folder)}
        engine = engine.having({**dict.fromkeys(others), **self.settings(), **mark})
        if not salt:
            command = ["stack", "init", "--stack", STACK, "--no-select"]
            command += ["--secrets-provider", "passphrase"]
            self._run(
                "the stack cannot be created",
                lambda log: engine.run(command, str(self.project), {}, log, log),
            )
        return engine

    def preview(self, engine: Engine, shown: Shown) -> tuple[dict[str, OpType], str]:
        """What an update would change, by URN, and the engine's account of it.

        Raises VerbError with the engine's errors.
        """
        events = Events(shown, preview=True)
        lines: list[str] = []
        self._operate("preview", engine, events, lines.append, diff=True)
        return events.planned, "\n".join(lines)

    def outputs(self, engine: Engine) -> dict[str, Any]:
        """The stack's outputs by name; secret ones as ``[secret]``. Raises VerbError."""
        command = ["stack", "output", "--json", "--stack", STACK]
        shown: list[str] = []

        def run(log: Callable[[str], None]) -> None:
            shown.append(engine.run(command, str(self.project), {}, on_error=log).stdout)

        self._run("the outputs cannot be read", run)
        outputs: dict[str, Any] = json.loads(shown[0])
        return outputs

    def up(self, engine: Engine, shown: Shown) -> list[str]:
        """Deploy the checkout's program, and return the URNs of its resources.

        Raises VerbError with the engine's errors.
        """
        events = Events(shown)
        self._operate("up", engine, events, show_secrets=False)
        return events.urns

    def destroy(self, engine: Engine, shown: Shown) -> None:
        """Delete everything that was deployed. Raises VerbError with the engine's errors."""
        self._operate("destroy", engine, Events(shown), show_secrets=False)

    def _operate(
        self,
        verb: str,
        engine: Engine,
        events: Events,
        on_output: Callable[[str], object] = lambda _: None,
        **more: bool,
    ) -> None:
        """Run an operation of the Automation API on the stack, its output in the log."""
        stack = Stack.select(STACK, _Workspace(work_dir=str(paths.ROOT), pulumi_command=engine))

        def run(log: Callable[[str], None]) -> None:
            def hear(line: str) -> None:
                on_output(line)
                log(line)

            getattr(stack, verb)(
                on_output=hear,
                on_error=log,
                on_event=events.hear,
                suppress_outputs=True,
                config_file=str(self.stack_file),
                **more,
            )

        self._run(f"pulumi {verb} failed", run, events)

    def _salt(self) -> dict[str, str]:
        """What the engine wrote into the copy; its state cannot be decrypted without it."""
        try:
            content = yaml.safe_load(self.stack_file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError):
            return {}
        key = "encryptionsalt"
        return {key: str(content[key])} if isinstance(content, dict) and content.get(key) else {}

    def _run(
        self,
        failure: str,
        do: Callable[[Callable[[str], None]], object],
        events: Events | None = None,
    ) -> None:
        """Run an operation with its output in the log. Raises VerbError that begins `failure`."""
        last: deque[str] = deque(maxlen=_LAST_LINES)
        self.log.touch(mode=0o600)
        with self.log.open("a", encoding="utf-8", buffering=1) as log:

            def write(line: str) -> None:
                log.write(f"{line}\n")
                last.append(line)

            try:
                do(write)
            except CommandError:
                reason = "\n".join(
                    (events.errors if events else None) or [line for line in last if line.strip()]
                )
                raise VerbError(f"{failure}:\n{reason}", f"The log is {self.log}") from None
