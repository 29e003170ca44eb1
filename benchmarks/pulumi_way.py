"""The mesh made by the program: `pulumi` as it is run in a pipeline, with a state of its own."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from benchmarks.commands import Commands, Measured
from cli.engine.engine import Engine

STACK = "local"

EMPTY_PREVIEW = "pulumi preview, from nothing"
UP = "pulumi up, from nothing"
CLEAN_PREVIEW = "pulumi preview --expect-no-changes"
DESTROY = "pulumi destroy"


class PulumiWay:
    """A stack in a folder; nothing is written into the checkout.

    `root` is the checkout, `environment` has the variables that reach the clusters.
    """

    def __init__(
        self, engine: Engine, root: Path, folder: Path, environment: Mapping[str, str]
    ) -> None:
        self._folder = folder
        for part in ("state", "project/stacks"):
            (folder / part).mkdir(parents=True)
        # The engine writes a salt into the stack file that it uses, so it gets a copy.
        name = f"Pulumi.{STACK}.yaml"
        self._stack_file = folder / "project/stacks" / name
        shutil.copy(root / "stacks" / name, self._stack_file)
        shutil.copy(root / "Pulumi.yaml", folder / "project/Pulumi.yaml")
        own = {
            key: value
            for key, value in environment.items()
            if key not in ("PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_STACK", "PULUMI_ACCESS_TOKEN")
        } | {
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(32),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PATH": engine.environment["PATH"],
        }
        self._command = engine.command
        self._project = Commands(own, folder / "project")
        self._checkout = Commands(own, root)

    def prepare(self) -> None:
        """Make the stack, unmeasured. Raises BenchmarkError."""
        secret = ("--secrets-provider", "passphrase")
        self._project.output([self._command, "stack", "init", STACK, "--no-select", *secret])

    def preview_from_nothing(self) -> Measured:
        """Say what would be made. Raises BenchmarkError."""
        return self._run(EMPTY_PREVIEW, "preview")

    def up(self) -> Measured:
        """Make everything, without asking and without a preview before. Raises BenchmarkError."""
        return self._run(UP, "up", "--yes", "--skip-preview")

    def preview(self) -> Measured:
        """See that nothing would change. Raises BenchmarkError where something would."""
        return self._run(CLEAN_PREVIEW, "preview", "--expect-no-changes")

    def destroy(self) -> Measured:
        """Remove everything, without asking. Raises BenchmarkError."""
        return self._run(DESTROY, "destroy", "--yes", "--skip-preview")

    def _run(self, title: str, verb: str, *flags: str) -> Measured:
        where = ["--stack", STACK, "--config-file", str(self._stack_file)]
        quiet = ["--non-interactive", "--color", "never", "--suppress-outputs"]
        return self._checkout.run(title, [self._command, verb, *where, *quiet, *flags])
